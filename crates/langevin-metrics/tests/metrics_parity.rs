//! Every metric against the programs that people report it with.
//!
//! The vectors are made by `tests/parity/metrics/generate.py`, which says what each array is.

use langevin_math::rng::{Purpose, Stream};
use langevin_metrics::{
    Features, Pca, Statistics, StatisticsBuilder, frechet_distance, inception_score, polynomial_mmd, prdc,
};
use safetensors::{Dtype, SafeTensors};
use std::ops::ControlFlow;

const SEED: u64 = 6161;

struct Vectors(Vec<u8>);

impl Vectors {
    fn open() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity/metrics/vectors.safetensors");
        Self(std::fs::read(folder).unwrap())
    }

    fn words(&self, name: &str, dtype: Dtype) -> Vec<[u8; 8]> {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        let view = tensors.tensor(name).unwrap_or_else(|_| panic!("the vectors have no {name}"));
        assert_eq!(view.dtype(), dtype, "{name}");
        view.data().as_chunks().0.to_vec()
    }

    fn doubles(&self, name: &str) -> Vec<f64> {
        self.words(name, Dtype::F64).into_iter().map(f64::from_le_bytes).collect()
    }

    fn indices(&self, name: &str) -> Vec<usize> {
        self.words(name, Dtype::I64).into_iter().map(|bytes| i64::from_le_bytes(bytes) as usize).collect()
    }
}

/// Stream `index` as the generator draws it, `scale` (2u − 1) + `offset`.
fn drawn(index: u64, count: usize, scale: f64, offset: f64) -> Vec<f32> {
    let mut uniform = vec![0.0; count];
    Stream::new(SEED, Purpose::Data, index).uniform(0, &mut uniform);
    uniform.into_iter().map(|u| (offset + scale * (2.0 * f64::from(u) - 1.0)) as f32).collect()
}

/// |a − b| ≤ atol + rtol |b| for every element; the worst is reported.
fn assert_close(what: &str, ours: &[f64], theirs: &[f64], atol: f64, rtol: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let excess = |(a, b): (&f64, &f64)| (a - b).abs() - (atol + rtol * b.abs());
    let worst = ours.iter().zip(theirs).enumerate().max_by(|a, b| excess(a.1).total_cmp(&excess(b.1)));
    let Some((index, (a, b))) = worst else { return };
    assert!(excess((a, b)) <= 0.0, "{what}: element {index} is {a}, expected {b} (atol {atol}, rtol {rtol})");
}

fn statistics(rows: &[f32], d: usize) -> Statistics {
    let mut builder = StatisticsBuilder::new(d).unwrap();
    builder.push(Features::new(rows, d).unwrap()).unwrap();
    builder.finish().unwrap()
}

/// A mean of 10⁴ beside a deviation of 0.9: NumPy's mean has an error of 10⁻¹² of it, and the covariance hardly any.
#[test]
fn moments_are_those_of_numpy() {
    let vectors = Vectors::open();
    let found = statistics(&drawn(0, 617 * 23, 1.5, 1e4), 23);
    assert_eq!(found.count(), Some(617));
    assert_close("mean", found.mean(), &vectors.doubles("statistics.mean"), 0.0, 1e-14);
    assert_close("covariance", found.covariance(), &vectors.doubles("statistics.covariance"), 1e-13, 1e-13);
}

#[test]
fn principal_components_are_those_of_scikit_learn() {
    let (vectors, d, k) = (Vectors::open(), 29, 5);
    let mut rows = drawn(1, 211 * d, 1.0, 0.0);
    for (place, value) in rows.iter_mut().enumerate() {
        *value = (f64::from(*value) * (1 + place % d) as f64 / 8.0) as f32;
    }
    let pca = Pca::new(&statistics(&rows, d), k).unwrap();
    assert_close("variances", pca.variances(), &vectors.doubles("pca.variances"), 0.0, 1e-13);
    let (mut components, mut projected) =
        (vectors.doubles("pca.components"), vectors.doubles("pca.projected"));
    // Its signs are chosen otherwise.
    for component in 0..k {
        let (ours, theirs) = (&pca.components()[component * d..][..d], &mut components[component * d..][..d]);
        if ours.iter().zip(&*theirs).map(|(a, b)| a * b).sum::<f64>() < 0.0 {
            theirs.iter_mut().for_each(|entry| *entry = -*entry);
            projected.iter_mut().skip(component).step_by(k).for_each(|value| *value = -*value);
        }
    }
    assert_close("components", pca.components(), &components, 1e-12, 0.0);
    let found = pca.project(Features::new(&rows[..31 * d], d).unwrap()).unwrap();
    let found: Vec<f64> = found.into_iter().map(f64::from).collect();
    // Ours are rounded to f32.
    assert_close("projected", &found, &projected, 1e-12, 6e-8);
}

/// The exact value to 2 · 10⁻¹⁴ of Tr(Σ_a + Σ_b). pytorch-fid's, by SciPy's root of the product, is as near where the
/// covariances are regular, and off by 1 to 1.5 · 10⁻⁸ of the trace where they are singular: rounding makes
/// eigenvalues of 10⁻¹⁶ there, whose roots are 10⁻⁸.
#[test]
fn frechet_distances_are_exact() {
    let vectors = Vectors::open();
    for (case, theirs) in
        [("full", 1e-13), ("graded", 1e-13), ("singular", 3e-8), ("subspace", 3e-8), ("one-sided", 3e-8)]
    {
        let get = |name: &str| vectors.doubles(&format!("frechet.{case}.{name}"));
        let side = |side: &str| {
            let (mean, covariance) = (get(&format!("mean_{side}")), get(&format!("covariance_{side}")));
            Statistics::from_moments(mean, covariance, None).unwrap()
        };
        let (a, b) = (side("a"), side("b"));
        let trace = a.total_variance() + b.total_variance();
        let found = frechet_distance(&a, &b).unwrap();
        let (exact, scipy) = (get("exact")[0], get("scipy")[0]);
        println!(
            "{case}: {:.1e} of the trace, SciPy {:.1e}",
            (found - exact).abs() / trace,
            (scipy - exact).abs() / trace
        );
        assert_close(case, &[found], &[exact], 2e-14 * trace, 0.0);
        assert_close(&format!("{case}, SciPy"), &[found], &[scipy], theirs * trace, 0.0);
    }
}

#[test]
fn kernel_distances_are_those_of_torch_fidelity() {
    let (vectors, d) = (Vectors::open(), 19);
    let (x, y) = (drawn(10, 57 * d, 1.7, 0.25), drawn(11, 71 * d, 2.0, 0.0));
    let [x, y] = [&x, &y].map(|rows| Features::new(rows, d).unwrap());
    let (from_x, from_y) = (vectors.indices("kernel.from_x"), vectors.indices("kernel.from_y"));
    let subsets = from_x.chunks_exact(33).zip(from_y.chunks_exact(33));
    let found: Vec<f64> =
        subsets.map(|(from_x, from_y)| polynomial_mmd(x, from_x, y, from_y).unwrap()).collect();
    assert_close("mmd", &found, &vectors.doubles("kernel.mmd"), 1e-13, 0.0);
}

#[test]
fn inception_scores_are_those_of_torch_fidelity() {
    let (vectors, logits) = (Vectors::open(), drawn(12, 103 * 17, 6.0, 0.0));
    for splits in [1, 3, 10] {
        let found = inception_score(Features::new(&logits, 17).unwrap(), splits).unwrap();
        let expected = vectors.doubles(&format!("inception.{splits}"));
        assert_close("inception score", &[found.mean, found.std], &expected, 1e-13, 1e-13);
    }
}

/// Counts, so equal but for the last division; among points of a grid too, where most distances are ties.
#[test]
fn neighbours_are_those_of_prdc() {
    let vectors = Vectors::open();
    let whole = |rows: Vec<f32>| rows.into_iter().map(f32::trunc).collect::<Vec<_>>();
    let cases = [
        ("plain", 9, drawn(13, 313 * 9, 1.0, 0.0), drawn(14, 297 * 9, 1.1, 0.1)),
        ("wide", 200, drawn(15, 90 * 200, 1.0, 30.0), drawn(16, 77 * 200, 1.0, 30.0)),
        ("ties", 3, whole(drawn(17, 151 * 3, 3.0, 0.0)), whole(drawn(18, 140 * 3, 3.0, 0.0))),
    ];
    for (case, d, real, fake) in cases {
        let [real, fake] = [&real, &fake].map(|rows| Features::new(rows, d).unwrap());
        for k in [1, 3, 5] {
            let found = prdc(real, fake, k, &mut |_, _| ControlFlow::Continue(())).unwrap().unwrap();
            let found = [found.precision, found.recall, found.density, found.coverage];
            let name = format!("prdc.{case}.{k}");
            assert_close(&name, &found, &vectors.doubles(&name), 1e-15, 1e-15);
        }
    }
}

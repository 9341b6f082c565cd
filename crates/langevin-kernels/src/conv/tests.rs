//! Every path against the definition in f64, and bit for bit against itself.

use super::*;
use crate::simd::{Isa, with_isa};
use crate::testing::{cases, error};
use proptest::prelude::*;

/// Numbers in [−1, 1] that look random.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Calls `pair(x index, weight index, y index)` for every product in the definition.
fn for_each_product(shape: &ConvShape, mut pair: impl FnMut(usize, usize, usize)) {
    let ConvShape { height, width, inputs, outputs, kernel, stride, before, upsample, .. } = *shape;
    let [batch, rows, columns, _] = shape.output();
    let [seen_height, seen_width] = shape.seen();
    let factor = if upsample { 2 } else { 1 };
    for (b, r, c) in
        (0..batch).flat_map(|b| (0..rows).flat_map(move |r| (0..columns).map(move |c| (b, r, c))))
    {
        for (i, j) in (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j))) {
            let (y, x) = ((r * stride + i).wrapping_sub(before), (c * stride + j).wrapping_sub(before));
            if y >= seen_height || x >= seen_width {
                continue;
            }
            let from = ((b * height + y / factor) * width + x / factor) * inputs;
            let to = ((b * rows + r) * columns + c) * outputs;
            for (o, k) in (0..outputs).flat_map(|o| (0..inputs).map(move |k| (o, k))) {
                pair(from + k, ((o * inputs + k) * kernel + i) * kernel + j, to + o);
            }
        }
    }
}

struct Reference {
    y: Vec<f64>,
    dx: Vec<f64>,
    dw: Vec<f64>,
}

fn reference(shape: &ConvShape, x: &[f32], w: &[f32], dy: &[f32]) -> Reference {
    let mut out = Reference { y: vec![0.0; dy.len()], dx: vec![0.0; x.len()], dw: vec![0.0; w.len()] };
    for_each_product(shape, |i, k, o| {
        out.y[o] += f64::from(x[i]) * f64::from(w[k]);
        out.dx[i] += f64::from(dy[o]) * f64::from(w[k]);
        out.dw[k] += f64::from(dy[o]) * f64::from(x[i]);
    });
    out
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |greatest, value| value.abs().max(greatest))
}

struct Case {
    shape: ConvShape,
    x: Vec<f32>,
    w: Vec<f32>,
    dy: Vec<f32>,
}

impl Case {
    fn new(shape: ConvShape, seed: u32) -> Self {
        let x = numbers(shape.input().iter().product(), seed);
        let w = numbers(shape.outputs * shape.inputs * shape.kernel * shape.kernel, seed + 1);
        let dy = numbers(shape.output().iter().product(), seed + 2);
        Self { shape, x, w, dy }
    }

    /// y, dx and dw by the kernels, in memory that holds no numbers before.
    fn compute(&self) -> [Vec<f32>; 3] {
        let empty = |like: &[f32]| vec![f32::NAN; like.len()];
        let (mut y, mut dx, mut dw) = (empty(&self.dy), empty(&self.x), empty(&self.w));
        conv2d(&self.shape, &self.x, &self.w, Addends::default(), &mut y);
        conv2d_input_gradient(&self.shape, &self.dy, &self.w, &mut dx);
        conv2d_weight_gradient(&self.shape, &self.x, &self.dy, &mut dw);
        [y, dx, dw]
    }

    fn check(&self, tolerance: f64) {
        let expected = reference(&self.shape, &self.x, &self.w, &self.dy);
        let (taps, positions) = (self.shape.kernel.pow(2), self.dy.len() / self.shape.outputs);
        for isa in Isa::available() {
            let [y, dx, dw] = with_isa(isa, || self.compute());
            for (name, found, expected, terms) in [
                ("y", &y, &expected.y, taps * self.shape.inputs),
                ("dx", &dx, &expected.dx, taps * self.shape.outputs),
                ("dw", &dw, &expected.dw, positions),
            ] {
                // All of a few sums may cancel by chance: then the size counts that such sums have.
                let (typical, largest) = ((terms as f64).sqrt() / 3.0, greatest(expected));
                let error =
                    error(found, expected) * if largest > 0.0 { (largest / typical).min(1.0) } else { 1.0 };
                assert!(error <= tolerance, "{isa}, {name}: error {error:.2e} for {:?}", self.shape);
            }
        }
    }
}

fn shapes() -> impl Strategy<Value = ConvShape> {
    let sizes = (1usize..4, 1usize..14, 1usize..14);
    let channels = (1usize..40, 1usize..40);
    let kind =
        (prop_oneof![Just(1usize), Just(3)], 1usize..3, 0usize..3, 0usize..3, any::<bool>(), any::<bool>());
    (sizes, channels, kind).prop_filter_map(
        "the kernel fits",
        |((batch, height, width), (inputs, outputs), kind)| {
            let (kernel, stride, before, after, upsample, exact) = kind;
            let upsample = upsample && stride == 1;
            let (before, after) = (before.min(kernel - 1), after.min(kernel - 1));
            let shape = ConvShape {
                batch,
                height,
                width,
                inputs,
                outputs,
                kernel,
                stride,
                before,
                after,
                upsample,
                exact,
            };
            (kernel <= shape.seen()[0].min(shape.seen()[1]) + before + after).then_some(shape)
        },
    )
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn agrees_with_the_definition(shape in shapes(), seed in 0u32..1000) {
        let tolerance = if shape.algorithm() == Algorithm::Direct { 2e-6 } else { 2e-5 };
        Case::new(shape, seed).check(tolerance);
    }
}

/// A 3×3 convolution that keeps the size.
fn same(batch: usize, side: usize, inputs: usize, outputs: usize) -> ConvShape {
    ConvShape {
        batch,
        height: side,
        width: side,
        inputs,
        outputs,
        kernel: 3,
        stride: 1,
        before: 1,
        after: 1,
        upsample: false,
        exact: false,
    }
}

#[test]
fn the_layers_of_real_networks_stay_within_1e_4() {
    for shape in [
        same(2, 16, 256, 256),
        same(1, 32, 128, 128),
        same(1, 4, 256, 512),
        same(3, 28, 96, 96),
        same(3, 8, 64, 32),
        same(2, 28, 1, 32),
        same(2, 28, 32, 1),
        ConvShape { upsample: true, ..same(2, 8, 64, 64) },
        ConvShape { stride: 2, before: 0, ..same(2, 16, 128, 128) },
    ] {
        for exact in [false, true] {
            Case::new(ConvShape { exact, ..shape }, 7).check(if exact { 1e-5 } else { 1e-4 });
        }
    }
}

#[test]
fn addends_are_added_once_at_their_places() {
    for shape in [same(3, 6, 20, 19), ConvShape { exact: true, ..same(3, 6, 20, 19) }, same(3, 5, 3, 19)] {
        let case = Case::new(shape, 3);
        let expected = reference(&shape, &case.x, &case.w, &case.dy).y;
        let (bias, residual) = (numbers(19, 9), numbers(case.dy.len(), 10));
        let per_sample = numbers(3 * 19, 11);
        let limits = Some([-1.5, 2.0]);
        let addends = Addends {
            bias: Some(&bias),
            per_sample: Some(&per_sample),
            residual: Some(&residual),
            limits: None,
        };
        let positions = expected.len() / 3 / 19;
        let expected: Vec<f64> = expected
            .iter()
            .enumerate()
            .map(|(i, y)| {
                let sample = i / 19 / positions * 19 + i % 19;
                y + f64::from(bias[i % 19]) + f64::from(per_sample[sample]) + f64::from(residual[i])
            })
            .collect();
        for isa in Isa::available() {
            let mut y = vec![f32::NAN; case.dy.len()];
            with_isa(isa, || conv2d(&shape, &case.x, &case.w, addends, &mut y));
            let error = error(&y, &expected);
            assert!(error < 2e-5, "{isa}: {error:.2e} for {shape:?}");
            let cut: Vec<f32> = y.iter().map(|y| y.clamp(-1.5, 2.0)).collect();
            assert!(cut != y, "the limits should be reached");
            with_isa(isa, || conv2d(&shape, &case.x, &case.w, Addends { limits, ..addends }, &mut y));
            assert!(cut == y, "{isa}: limits for {shape:?}");
        }
    }
}

#[test]
fn a_prepared_weight_changes_no_bit() {
    for isa in Isa::available() {
        for shape in layers() {
            let case = Case::new(shape, 4);
            with_isa(isa, || {
                let mut y = vec![f32::NAN; case.dy.len()];
                let weight = PreparedWeight::new(&shape, &case.w);
                conv2d_prepared(&shape, &case.x, &weight, Addends::default(), &mut y);
                assert!(y == case.compute()[0], "{isa}, {shape:?}");
                let fewer = ConvShape { batch: 1, ..shape };
                assert!(weight.fits(&fewer) && !weight.fits(&ConvShape { outputs: 1, ..shape }));
            });
        }
    }
}

#[test]
fn nothing_in_gives_nothing_out() {
    for shape in layers() {
        let [y, dx, dw] = Case::new(ConvShape { batch: 0, ..shape }, 1).compute();
        assert!(y.is_empty() && dx.is_empty() && dw.iter().all(|&v| v == 0.0), "{shape:?}");
    }
}

#[test]
fn sums_of_gradients_are_exact() {
    let (batch, positions, channels) = (5, 150, 21);
    let dy = numbers(batch * positions * channels, 5);
    for isa in Isa::available() {
        let (mut per_sample, mut bias) = (vec![f32::NAN; batch * channels], vec![f32::NAN; channels]);
        with_isa(isa, || channel_sums(&dy, batch, positions, Some(&mut per_sample), &mut bias));
        let mut alone = vec![f32::NAN; channels];
        with_isa(isa, || channel_sums(&dy, batch, positions, None, &mut alone));
        assert_eq!(alone, bias);
        let mut expected = vec![0.0f64; batch * channels];
        for (i, v) in dy.iter().enumerate() {
            expected[i / channels / positions * channels + i % channels] += f64::from(*v);
        }
        assert!(error(&per_sample, &expected) < 1e-6);
        let total: Vec<f64> =
            (0..channels).map(|c| expected.iter().skip(c).step_by(channels).sum()).collect();
        assert!(error(&bias, &total) < 1e-6);
    }
}

fn layers() -> [ConvShape; 8] {
    [
        same(5, 9, 24, 40),
        ConvShape { exact: true, ..same(5, 9, 24, 40) },
        ConvShape { upsample: true, ..same(5, 6, 16, 24) },
        ConvShape { stride: 2, before: 0, ..same(5, 10, 16, 24) },
        ConvShape { kernel: 1, before: 0, after: 0, ..same(5, 7, 40, 56) },
        same(5, 8, 3, 16),
        same(5, 8, 16, 3),
        // More tiles than the weight's gradient takes at once, for more sums than each thread keeps.
        same(5, 24, 96, 96),
    ]
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for isa in Isa::available() {
        for shape in layers() {
            let case = Case::new(shape, 1);
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| with_isa(isa, || case.compute()))
            };
            let one = with(1);
            assert!(with(2) == one && with(3) == one, "{isa}, {shape:?}");
        }
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    for isa in Isa::available() {
        for shape in layers() {
            let whole = Case::new(shape, 1);
            let [y, dx, _] = with_isa(isa, || whole.compute());
            let (x_len, y_len) = (dx.len() / 5, y.len() / 5);
            for (first, batch) in [(3, 1), (1, 2)] {
                let part = Case {
                    shape: ConvShape { batch, ..shape },
                    x: whole.x[first * x_len..(first + batch) * x_len].to_vec(),
                    w: whole.w.clone(),
                    dy: whole.dy[first * y_len..(first + batch) * y_len].to_vec(),
                };
                let [part_y, part_dx, _] = with_isa(isa, || part.compute());
                assert!(part_y == y[first * y_len..(first + batch) * y_len], "{isa}, {shape:?}: y");
                assert!(part_dx == dx[first * x_len..(first + batch) * x_len], "{isa}, {shape:?}: dx");
            }
        }
    }
}

//! Against the definition in f64, and bit for bit against itself.

use super::*;
use crate::simd::{Isa, with_isa};
use crate::testing::{cases, error, same_on_all_pools, values, wide};
use proptest::prelude::*;

/// Attention by the definition: the output, the logarithm of the sum of exponentials, and the probabilities
/// `[batch, heads, query, key]`.
fn reference(shape: &AttentionShape, q: &[f64], k: &[f64], v: &[f64]) -> [Vec<f64>; 3] {
    let AttentionShape { batch, positions, heads, head_size } = *shape;
    let at = |head, position| shape.start(head) + position * shape.channels();
    let [mut out, mut log_sum, mut all] = [vec![0.0; q.len()], vec![], vec![]];
    for (head, query) in (0..batch * heads).flat_map(|head| (0..positions).map(move |query| (head, query))) {
        let (from, scale) = (at(head, query), (head_size as f64).sqrt().recip());
        let score = |key| (0..head_size).map(|c| q[from + c] * k[at(head, key) + c]).sum::<f64>() * scale;
        let scores: Vec<f64> = (0..positions).map(score).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        for (key, score) in scores.iter().enumerate() {
            let p = (score - most).exp() / total;
            (0..head_size).for_each(|c| out[from + c] += p * v[at(head, key) + c]);
            all.push(p);
        }
        log_sum.push(most + total.ln());
    }
    [out, log_sum, all]
}

/// dq, dk and dv by the chain rule, with the softmax's Jacobian term by term: ∂p_j/∂s_i = p_j (δ_ij − p_i).
fn reference_gradients(
    shape: &AttentionShape,
    q: &[f64],
    k: &[f64],
    v: &[f64],
    dout: &[f64],
) -> [Vec<f64>; 3] {
    let AttentionShape { batch, positions, heads, head_size } = *shape;
    let [_, _, p] = reference(shape, q, k, v);
    let at = |head, position| shape.start(head) + position * shape.channels();
    let mut gradients = [(); 3].map(|()| vec![0.0; q.len()]);
    let [dq, dk, dv] = &mut gradients;
    let scale = (head_size as f64).sqrt().recip();
    for (head, query) in (0..batch * heads).flat_map(|head| (0..positions).map(move |query| (head, query))) {
        let (from, p) = (at(head, query), &p[(head * positions + query) * positions..][..positions]);
        let dp = |key| (0..head_size).map(|c| dout[from + c] * v[at(head, key) + c]).sum::<f64>();
        let dp: Vec<f64> = (0..positions).map(dp).collect();
        for i in 0..positions {
            let jacobian = |j: usize| p[j] * (f64::from(u8::from(i == j)) - p[i]);
            let ds: f64 = (0..positions).map(|j| dp[j] * jacobian(j)).sum::<f64>() * scale;
            for c in 0..head_size {
                let to = at(head, i) + c;
                dq[from + c] += ds * k[to];
                dk[to] += ds * q[from + c];
                dv[to] += p[i] * dout[from + c];
            }
        }
    }
    gradients
}

struct Case {
    shape: AttentionShape,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    dout: Vec<f32>,
}

impl Case {
    /// Random numbers; the scores' standard deviation is `spread`.
    fn new(shape: AttentionShape, seed: u64, spread: f32) -> Self {
        let len = shape.batch * shape.positions * shape.channels();
        let [q, k, v, dout] = [0, 1, 2, 3].map(|i| values(seed.wrapping_mul(4).wrapping_add(i), len));
        Self { shape, q: q.iter().map(|x| x * spread).collect(), k, v, dout }
    }

    /// out, log_sum, dq, dk and dv by the kernels, in memory that holds no numbers before.
    fn compute(&self) -> [Vec<f32>; 5] {
        let Self { shape, q, k, v, dout } = self;
        let log_sums = shape.batch * shape.heads * shape.positions;
        let [mut out, mut dq, mut dk, mut dv] = [(); 4].map(|()| vec![f32::NAN; q.len()]);
        let mut log_sum = vec![f32::NAN; log_sums];
        attention(shape, q, k, v, &mut out, &mut log_sum);
        attention_backward(shape, q, k, v, &out, &log_sum, dout, &mut dq, &mut dk, &mut dv);
        [out, log_sum, dq, dk, dv]
    }

    /// The same in f64.
    fn expected(&self) -> [Vec<f64>; 5] {
        let [q, k, v, dout] = [&self.q, &self.k, &self.v, &self.dout].map(|x| wide(x));
        let [out, log_sum, _] = reference(&self.shape, &q, &k, &v);
        let [dq, dk, dv] = reference_gradients(&self.shape, &q, &k, &v, &dout);
        [out, log_sum, dq, dk, dv]
    }

    fn check(&self, tolerance: f64) {
        let expected = self.expected();
        for isa in Isa::available() {
            let found = with_isa(isa, || self.compute());
            for (name, (found, expected)) in NAMES.iter().zip(found.iter().zip(&expected)) {
                let error = error_of_numbers_about_1(found, expected);
                assert!(error <= tolerance, "{isa}, {name}: error {error:.2e} for {:?}", self.shape);
            }
        }
    }
}

/// What [`Case::compute`] gives.
const NAMES: [&str; 5] = ["out", "log_sum", "dq", "dk", "dv"];

/// max |error| / max |reference|, but where that is small, as the gradients of q and k are where one key takes all,
/// against what numbers with standard deviation 1 give.
fn error_of_numbers_about_1(found: &[f32], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0f64, |m, e| m.max(e.abs()));
    let worst = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs());
    // Not f64::max, which passes over NaN.
    worst.fold(0.0, |m, e| if e <= m { m } else { e }) / largest.max(0.3)
}

fn shape(batch: usize, positions: usize, heads: usize, head_size: usize) -> AttentionShape {
    AttentionShape { batch, positions, heads, head_size }
}

proptest! {
    #![proptest_config(cases(100))]
    #[test]
    fn agrees_with_the_definition(
        batch in 1usize..3, positions in 1usize..70, heads in 1usize..4, head_size in 1usize..40,
        seed: u64, spread in 0.1f32..3.0
    ) {
        // With one position the gradients of q and k are differences of equal sums, times numbers up to 10.
        Case::new(shape(batch, positions, heads, head_size), seed, spread).check(2e-5);
    }
}

#[test]
fn several_blocks_of_keys_and_queries_agree_with_the_definition() {
    for shape in [shape(1, 196, 1, 64), shape(1, 257, 2, 20), shape(1, 300, 1, 8), shape(1, 521, 1, 3)] {
        Case::new(shape, 5, 1.5).check(1e-5);
    }
}

/// d/dx of Σ dout ∘ out, for one element of q, k or v, by central differences of the f64 definition.
#[test]
fn the_gradients_are_the_slopes_of_the_output() {
    let case = Case::new(shape(2, 7, 2, 5), 11, 1.0);
    let [_, _, dq, dk, dv] = case.compute();
    let inputs = [&case.q, &case.k, &case.v].map(|x| wide(x));
    let loss = |[q, k, v]: &[Vec<f64>; 3]| -> f64 {
        let [out, ..] = reference(&case.shape, q, k, v);
        out.iter().zip(&case.dout).map(|(out, dout)| out * f64::from(*dout)).sum()
    };
    for (which, gradient) in [dq, dk, dv].iter().enumerate() {
        let slope = |i: usize| {
            let moved = |by: f64| {
                let mut inputs = inputs.clone();
                inputs[which][i] += by;
                loss(&inputs)
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        };
        let slopes: Vec<f64> = (0..gradient.len()).map(slope).collect();
        assert!(error(gradient, &slopes) < 5e-6, "{}: {:.2e}", NAMES[which + 2], error(gradient, &slopes));
    }
}

/// Queries along axes, and keys too, but for channels that the scores do not see: query i scores 10⁴ with each key of
/// its own direction, −10⁴ with one opposite to it, and 0 with the others.
#[test]
fn scores_of_ten_thousand_pick_out_their_keys() {
    let mut case = Case::new(shape(1, 300, 1, 16), 3, 1.0);
    for (i, (q, k)) in case.q.chunks_exact_mut(16).zip(case.k.chunks_exact_mut(16)).enumerate() {
        let sign = if i % 8 < 4 { 1.0 } else { -1.0 };
        q.fill(0.0);
        k[..4].fill(0.0);
        (q[i % 4], k[i % 4]) = (400.0 * sign, 100.0 * sign);
    }
    let expected = case.expected();
    for isa in Isa::available() {
        let found = with_isa(isa, || case.compute());
        // In f32, log_sum = 10⁴ + ln 38 is within 5e-4, and no better are the probabilities computed from it.
        for ((name, tolerance), (found, expected)) in
            NAMES.iter().zip([2e-6, 1e-7, 2e-3, 2e-3, 2e-3]).zip(found.iter().zip(&expected))
        {
            let error = error(found, expected);
            assert!(error < tolerance, "{isa}, {name}: error {error:.2e}");
        }
    }
}

/// Positions in one block and in several, heads that fill no vector.
fn shapes() -> [AttentionShape; 5] {
    [
        shape(5, 16, 1, 64),
        shape(5, 49, 2, 24),
        shape(3, 196, 1, 32),
        shape(3, 300, 2, 5),
        shape(3, 1030, 1, 8),
    ]
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for isa in Isa::available() {
        for shape in shapes() {
            let case = Case::new(shape, 1, 1.0);
            same_on_all_pools(|| with_isa(isa, || case.compute()).to_vec());
        }
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    for isa in Isa::available() {
        for shape in shapes() {
            let all = Case::new(shape, 1, 1.0);
            let whole = with_isa(isa, || all.compute());
            for (first, batch) in [(2, 1), (1, 2)] {
                let of = |x: &[f32]| {
                    let sample = x.len() / shape.batch;
                    x[first * sample..(first + batch) * sample].to_vec()
                };
                let [q, k, v, dout] = [&all.q, &all.k, &all.v, &all.dout].map(|x| of(x));
                let part = Case { shape: AttentionShape { batch, ..shape }, q, k, v, dout };
                let part = with_isa(isa, || part.compute());
                for ((name, part), whole) in NAMES.iter().zip(&part).zip(&whole) {
                    assert!(*part == of(whole), "{isa}, {shape:?}: {name}");
                }
            }
        }
    }
}

#[test]
fn an_empty_batch_is_nothing() {
    let case = Case::new(shape(0, 5, 2, 3), 1, 1.0);
    assert!(case.compute().iter().all(Vec::is_empty));
}

//! LayerNorm, forward.

use crate::columns::{Cells, Place, Plain, TASK, read, row_sums, walk, write};
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// LayerNorm over the last axis: y = γ (x − μ) / √(σ² + ε) + β with each row's own μ and σ² (Ba et al. 2016).
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// Length of a row.
    pub channels: usize,
    /// γ, `[channels]`.
    pub weight: &'a [f32],
    /// β, `[channels]`.
    pub bias: &'a [f32],
    /// ε.
    pub epsilon: f32,
}

impl LayerNorm<'_> {
    pub(super) fn check(&self, activations: &[&[f32]], stats: &[f32]) {
        assert!(self.channels > 0, "LayerNorm of nothing");
        assert_eq!(self.weight.len(), self.channels, "length of the weight");
        assert_eq!(self.bias.len(), self.channels, "length of the bias");
        for activation in activations {
            assert_eq!(activation.len(), stats.len() / 2 * self.channels, "length of an activation");
        }
    }

    /// Rows that a task takes, and whose sums are added up in f32.
    pub(super) fn run(&self) -> usize {
        (TASK / self.channels).next_multiple_of(4).max(4)
    }
}

/// Writes y and the statistics that the gradient needs: `stats` is `[rows, 2]`, μ and 1 / √(σ² + ε).
///
/// # Shapes
/// `x`, `y`: `[rows, channels]`.
pub fn layer_norm(layer: &LayerNorm, x: &[f32], y: &mut [f32], stats: &mut [f32]) {
    layer.check(&[x, y], stats);
    let run = layer.run();
    dispatch!(|s, _MR| {
        let inputs = x.par_chunks(run * layer.channels);
        let outputs = y.par_chunks_mut(run * layer.channels).zip(stats.par_chunks_mut(2 * run));
        inputs.zip(outputs).for_each(|(x, (y, stats))| s.vectorize(Forward { layer, x, y, stats }));
    });
}

struct Forward<'a> {
    layer: &'a LayerNorm<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
    stats: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { layer, x, y, stats } = self;
        let width = layer.channels;
        let n = width as f64;
        for (row, of_row) in stats.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            // SAFETY: x has as many rows as the statistics.
            let moments = unsafe {
                let [sum] = row_sums(s, Plain(x.as_ptr()), row, width);
                let near = (f64::from(sum) / n) as f32;
                let [first, second] = row_sums(s, Centred { x: x.as_ptr(), mean: near }, row, width);
                [near, first, second].map(f64::from)
            };
            let distance = moments[1] / n;
            let variance = (moments[2] / n - distance * distance).max(0.0);
            let inverse = 1.0 / (variance + f64::from(layer.epsilon)).sqrt();
            *of_row = [(moments[0] + distance) as f32, inverse as f32];
        }
        let (stats, y) = (stats.as_ptr(), y.as_mut_ptr());
        let output = Output { x: x.as_ptr(), layer: [layer.weight.as_ptr(), layer.bias.as_ptr()], stats, y };
        // SAFETY: x and y are of one length, weight and bias rows of theirs.
        unsafe { walk(s, output, x.len(), width, &mut []) };
    }
}

#[derive(Clone, Copy)]
struct Centred {
    x: *const f32,
    mean: f32,
}

impl Cells<2> for Centred {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { at, count, .. }: Place) -> [S::V; 2] {
        const ONES: [f32; 16] = [1.0; 16];
        // SAFETY: the caller's promise; no vector is longer than `ONES`.
        unsafe {
            // Lanes that are not there must give 0, so nothing is taken from them.
            let one = read(s, ONES.as_ptr(), count);
            let d = s.sub(read(s, self.x.add(at), count), s.mul(one, s.splat(self.mean)));
            [d, s.mul(d, d)]
        }
    }
}

#[derive(Clone, Copy)]
struct Output {
    x: *const f32,
    layer: [*const f32; 2],
    stats: *const f32,
    y: *mut f32,
}

impl Cells<0> for Output {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { row, column, at, count }: Place) -> [S::V; 0] {
        // SAFETY: the caller's promise, and each row has its two statistics.
        unsafe {
            let (mean, inverse) = (s.splat(*self.stats.add(2 * row)), s.splat(*self.stats.add(2 * row + 1)));
            let weight = read(s, self.layer[0].add(column), count);
            let bias = read(s, self.layer[1].add(column), count);
            let normal = s.mul(s.sub(read(s, self.x.add(at), count), mean), inverse);
            write(s, self.y.add(at), s.mul_add(normal, weight, bias), count);
        }
        []
    }
}

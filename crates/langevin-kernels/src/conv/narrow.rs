//! Convolutions to very few channels, as at the end of a network.
//!
//! A register tile would be empty but for a few columns. Here the vectors run along the contiguous
//! (kernel column, input) of a kernel row instead, and each output is the sum of a vector at the end.

use super::{Addends, ConvShape};
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Output channels, at most.
const MOST: usize = 4;

/// Output positions side by side.
const POSITIONS: usize = 4;

/// Vectors of the gradient side by side.
const VECTORS: usize = 3;

/// Parts into which the samples are split for the weight's gradient, at most: they are added in their order.
const PARTS: usize = 8;

impl ConvShape {
    /// Whether a direct convolution takes this way.
    pub(super) fn is_narrow(&self) -> bool {
        self.outputs <= MOST && self.inputs >= 8
    }
}

/// Runs `$body` with the constant `$n` the number of outputs.
macro_rules! with_outputs {
    ($outputs:expr, $n:ident => $body:expr) => {
        match $outputs {
            1 => {
                const $n: usize = 1;
                $body
            }
            2 => {
                const $n: usize = 2;
                $body
            }
            3 => {
                const $n: usize = 3;
                $body
            }
            _ => {
                const $n: usize = 4;
                $body
            }
        }
    };
}

/// The weight as [`forward`] reads it: `[output, kernel row, kernel column, input]`.
pub(super) fn prepare(shape: &ConvShape, weight: &[f32], allocate: fn(usize) -> Scratch) -> Scratch {
    let taps = shape.kernel * shape.kernel;
    let mut arranged = allocate(weight.len());
    for (i, to) in arranged.iter_mut().enumerate() {
        let (o, tap, k) = (i / (taps * shape.inputs), i / shape.inputs % taps, i % shape.inputs);
        *to = weight[(o * shape.inputs + k) * taps + tap];
    }
    arranged
}

/// The convolution with a prepared weight.
pub(super) fn forward<S: Simd>(
    s: S,
    shape: &ConvShape,
    x: &[f32],
    prepared: &[f32],
    addends: Addends,
    y: &mut [f32],
) {
    let [_, rows, columns, outputs] = shape.output();
    let sample: usize = shape.input()[1..].iter().product();
    y.par_chunks_exact_mut(rows * columns * outputs).enumerate().for_each(|(index, y)| {
        let padded = shape.padded(0, rows);
        let mut input = Scratch::new(padded.len(shape.inputs));
        let from = &x[index * sample..(index + 1) * sample];
        padded.copy(from, [shape.height, shape.width], shape.inputs, shape.upsample, &mut input);
        let walk = Walk { shape, input: &input, line: padded.columns * shape.inputs, columns };
        with_outputs!(outputs, N => s.vectorize(Sample::<N> { walk, weight: prepared, y }));
        add(addends, index, outputs, y);
    });
}

/// Adds what is to be added to one sample's output, and cuts it off at the limits.
fn add(addends: Addends, index: usize, outputs: usize, y: &mut [f32]) {
    let residual = addends.residual.map(|residual| &residual[index * y.len()..]);
    for (i, y) in y.iter_mut().enumerate() {
        let o = i % outputs;
        *y += addends.bias.map_or(0.0, |bias| bias[o]);
        *y += addends.per_sample.map_or(0.0, |t| t[index * outputs + o]);
        *y += residual.map_or(0.0, |residual| residual[i]);
        *y = addends.limits.map_or(*y, |[least, largest]| y.max(least).min(largest));
    }
}

/// A padded sample, and how output positions lie in it.
#[derive(Clone, Copy)]
struct Walk<'a> {
    shape: &'a ConvShape,
    input: &'a [f32],
    /// Elements of a row of the input.
    line: usize,
    /// Output columns.
    columns: usize,
}

impl Walk<'_> {
    /// Where the input of a position begins.
    #[inline(always)]
    fn offset(&self, position: usize) -> usize {
        let (row, column) = (position / self.columns, position % self.columns);
        self.shape.stride * (row * self.line + column * self.shape.inputs)
    }
}

/// The output of one sample, without addends.
struct Sample<'a, const N: usize> {
    walk: Walk<'a>,
    weight: &'a [f32],
    y: &'a mut [f32],
}

impl<const N: usize> Kernel for Sample<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Walk { shape, input, line, .. } = self.walk;
        let (kernel, depth) = (shape.kernel, shape.kernel * shape.inputs);
        let positions = self.y.len() / N;
        for first in (0..positions).step_by(POSITIONS) {
            let count = POSITIONS.min(positions - first);
            let offsets: [usize; POSITIONS] =
                std::array::from_fn(|p| self.walk.offset(first + p.min(count - 1)));
            let mut sums = [[s.zero(); N]; POSITIONS];
            for row in 0..kernel {
                for j in (0..depth).step_by(S::LANES) {
                    let lanes = S::LANES.min(depth - j);
                    // SAFETY: `lanes` elements of a kernel row exist from here, in the weight and at each position.
                    let load = |from: &[f32], at: usize| unsafe {
                        let from = from.as_ptr().add(at);
                        if lanes == S::LANES { s.load(from) } else { s.load_partial(from, lanes) }
                    };
                    let w: [S::V; N] =
                        std::array::from_fn(|o| load(self.weight, (o * kernel + row) * depth + j));
                    for (sums, offset) in sums.iter_mut().zip(offsets) {
                        let x = load(input, offset + row * line + j);
                        for (sum, w) in sums.iter_mut().zip(w) {
                            *sum = s.mul_add(x, w, *sum);
                        }
                    }
                }
            }
            for (p, sums) in sums.iter().enumerate().take(count) {
                for (o, sum) in sums.iter().enumerate() {
                    self.y[(first + p) * N + o] = s.reduce_add(*sum);
                }
            }
        }
    }
}

pub(super) fn weight_gradient<S: Simd>(s: S, shape: &ConvShape, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let [batch, rows, columns, outputs] = shape.output();
    let (taps, inputs) = (shape.kernel * shape.kernel, shape.inputs);
    let part = batch.div_ceil(PARTS);
    let parts = batch.div_ceil(part);
    let mut sums = Scratch::new(parts * dw.len());
    sums.fill(0.0);
    let sample = shape.height * shape.width * inputs;
    sums.par_chunks_exact_mut(dw.len()).enumerate().for_each(|(index, sums)| {
        let padded = shape.padded(0, rows);
        let mut input = Scratch::new(padded.len(inputs));
        for b in index * part..batch.min((index + 1) * part) {
            let from = &x[b * sample..(b + 1) * sample];
            padded.copy(from, [shape.height, shape.width], inputs, shape.upsample, &mut input);
            let walk = Walk { shape, input: &input, line: padded.columns * inputs, columns };
            let dy = &dy[b * rows * columns * outputs..][..rows * columns * outputs];
            let sums = Shared::new(sums);
            with_outputs!(outputs, N => s.vectorize(SampleGradient::<N> { walk, dy, sums }));
        }
    });
    for (i, to) in dw.iter_mut().enumerate() {
        let (o, k, tap) = (i / (inputs * taps), i / taps % inputs, i % taps);
        let at = (o * taps + tap) * inputs + k;
        *to = sums.iter().skip(at).step_by(outputs * taps * inputs).sum();
    }
}

/// What one sample adds to dw, `[output, kernel row, kernel column, input]`.
struct SampleGradient<'a, const N: usize> {
    walk: Walk<'a>,
    dy: &'a [f32],
    sums: Shared,
}

impl<const N: usize> Kernel for SampleGradient<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let kernel = self.walk.shape.kernel;
        let depth = kernel * self.walk.shape.inputs;
        for row in 0..kernel {
            let whole = depth / (VECTORS * S::LANES) * VECTORS * S::LANES;
            // SAFETY: the elements from j on exist in each kernel row.
            unsafe {
                for j in (0..whole).step_by(VECTORS * S::LANES) {
                    self.add::<S, VECTORS>(s, row, j, S::LANES);
                }
                for j in (whole..depth).step_by(S::LANES) {
                    self.add::<S, 1>(s, row, j, S::LANES.min(depth - j));
                }
            }
        }
    }
}

impl<const N: usize> SampleGradient<'_, N> {
    /// Adds to `V` vectors of a kernel row from element j on, of which `lanes` lanes exist.
    ///
    /// # Safety
    /// The row must have `V` vectors of `lanes` elements from j on; the sums must be no other task's.
    #[inline(always)]
    unsafe fn add<S: Simd, const V: usize>(&self, s: S, row: usize, j: usize, lanes: usize) {
        let Walk { shape, input, line, .. } = self.walk;
        let depth = shape.kernel * shape.inputs;
        let at = |o: usize, v: usize| (o * shape.kernel + row) * depth + j + v * S::LANES;
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums: [[S::V; V]; N] = std::array::from_fn(|o| {
                std::array::from_fn(|v| s.load_partial(self.sums.at(at(o, v)), lanes))
            });
            for (position, dy) in self.dy.chunks_exact(N).enumerate() {
                let from = input.as_ptr().add(self.walk.offset(position) + row * line + j);
                let x: [S::V; V] = std::array::from_fn(|v| {
                    let from = from.add(v * S::LANES);
                    if lanes == S::LANES { s.load(from) } else { s.load_partial(from, lanes) }
                });
                for (sums, dy) in sums.iter_mut().zip(dy) {
                    let dy = s.splat(*dy);
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = s.mul_add(dy, x, *sum);
                    }
                }
            }
            for (o, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    s.store_partial(self.sums.at(at(o, v)), *sum, lanes);
                }
            }
        }
    }
}

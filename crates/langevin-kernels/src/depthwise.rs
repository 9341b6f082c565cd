//! Depthwise convolution: each channel with a kernel of its own, channels last, forward only.
//!
//! Vectors run along the channels. A few output positions of a row are computed side by side, so that a row of the kernel's
//! weights is read once for all of them; positions at the border skip what lies outside.

#[cfg(test)]
mod tests;

use crate::columns::{TASK, read, write};
use crate::conv::limited;
use crate::scratch::Scratch;
use crate::share::{Shared, run_length};
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;
use std::ops::Range;

/// Output positions side by side.
const TOGETHER: usize = 4;

/// The sizes of a depthwise convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthwiseShape {
    /// Samples.
    pub batch: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of input and output.
    pub channels: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Step, in rows and columns.
    pub stride: usize,
    /// Zeros above and to the left.
    pub before: usize,
    /// Zeros below and to the right.
    pub after: usize,
}

impl DepthwiseShape {
    /// `[batch, height, width, channels]`.
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.channels]
    }

    /// `[batch, height', width', channels]`, height' = (height + before + after − kernel) / stride + 1.
    pub const fn output(&self) -> [usize; 4] {
        let border = self.before + self.after;
        let rows = (self.height + border - self.kernel) / self.stride + 1;
        let columns = (self.width + border - self.kernel) / self.stride + 1;
        [self.batch, rows, columns, self.channels]
    }

    fn check(&self, x: usize, weight: usize, bias: usize, y: usize) {
        assert!(self.kernel > 0 && self.stride > 0, "kernel and stride should be at least 1: {self:?}");
        let smallest = self.height.min(self.width) + self.before + self.after;
        assert!(self.kernel <= smallest, "the kernel is larger than the padded input: {self:?}");
        let border = self.before.max(self.after);
        assert!(border < self.kernel, "the padding should be below the kernel's size: {self:?}");
        let expected = self.input().iter().product::<usize>();
        assert_eq!(x, expected, "the input should have {expected} elements: {self:?}");
        let expected = self.channels * self.kernel * self.kernel;
        assert_eq!(weight, expected, "the weight should have {expected} elements: {self:?}");
        assert_eq!(bias, self.channels, "the bias should have {} elements: {self:?}", self.channels);
        let expected = self.output().iter().product::<usize>();
        assert_eq!(y, expected, "the output should have {expected} elements: {self:?}");
    }

    /// The kernel's rows (or columns) that meet the input of `size` at output row (or column) `at`.
    #[inline(always)]
    fn taps(&self, at: usize, size: usize) -> Range<usize> {
        let start = at * self.stride;
        let first = self.before.saturating_sub(start);
        first..self.kernel.min((size + self.before).saturating_sub(start)).max(first)
    }
}

/// y = x ⋆ w + bias, channel by channel, between the limits if there are any.
///
/// # Shapes
/// `x`: [`DepthwiseShape::input`]; `weight`: `[channels, 1, kernel, kernel]`; `bias`: `[channels]`; `y`:
/// [`DepthwiseShape::output`].
pub fn depthwise(
    shape: &DepthwiseShape,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    limits: Option<[f32; 2]>,
    y: &mut [f32],
) {
    shape.check(x.len(), weight.len(), bias.len(), y.len());
    if y.is_empty() {
        return;
    }
    let [batch, rows, columns, channels] = shape.output();
    let mut taps = Scratch::new(weight.len());
    for (channel, kernel) in weight.chunks_exact(shape.kernel * shape.kernel).enumerate() {
        for (tap, value) in kernel.iter().enumerate() {
            taps[tap * channels + channel] = *value;
        }
    }
    let band = run_length(rows, TASK.div_ceil(columns * channels), 1).min(rows);
    let bands = rows.div_ceil(band);
    let sample: usize = shape.input()[1..].iter().product();
    let y = Shared::new(y);
    dispatch!(|s, _MR| {
        (0..batch * bands).into_par_iter().for_each(|task| {
            let (index, first) = (task / bands, task % bands * band);
            let rows = first..rows.min(first + band);
            let x = &x[index * sample..(index + 1) * sample];
            s.vectorize(Band { shape, x, weight: &taps, bias, limits, index, rows, y });
        });
    });
}

/// Some output rows of one sample.
struct Band<'a> {
    shape: &'a DepthwiseShape,
    x: &'a [f32],
    /// `[kernel row, kernel column, channel]`.
    weight: &'a [f32],
    bias: &'a [f32],
    limits: Option<[f32; 2]>,
    /// Which sample.
    index: usize,
    rows: Range<usize>,
    y: Shared,
}

/// Some channels of some output positions in a row.
#[derive(Clone, Copy)]
struct Spot {
    row: usize,
    column: usize,
    channel: usize,
    /// Channels of the vector.
    count: usize,
}

impl Kernel for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let [_, _, columns, channels] = self.shape.output();
        let DepthwiseShape { width, kernel, .. } = *self.shape;
        for row in self.rows.clone() {
            for channel in (0..channels).step_by(S::LANES) {
                let count = S::LANES.min(channels - channel);
                let mut column = 0;
                while column < columns {
                    let spot = Spot { row, column, channel, count };
                    let whole = |column| self.shape.taps(column, width) == (0..kernel);
                    // SAFETY: the columns are of this row, which is this task's alone.
                    unsafe {
                        if column + TOGETHER <= columns && whole(column) && whole(column + TOGETHER - 1) {
                            self.sums::<S, TOGETHER>(s, spot);
                            column += TOGETHER;
                        } else {
                            self.sums::<S, 1>(s, spot);
                            column += 1;
                        }
                    }
                }
            }
        }
    }
}

impl Band<'_> {
    /// The outputs of `N` positions side by side, each the sum over the kernel's elements in their order, those outside of the
    /// input left out.
    ///
    /// # Safety
    /// The positions must exist and be no other task's; the kernel must meet the same columns of the input at all of them.
    #[inline(always)]
    unsafe fn sums<S: Simd, const N: usize>(&self, s: S, spot: Spot) {
        let Spot { row, column, channel, count } = spot;
        let DepthwiseShape { height, width, channels, kernel, stride, before, .. } = *self.shape;
        let [_, rows, columns, _] = self.shape.output();
        // SAFETY: `taps` gives rows and columns that lie in the input; the channels exist.
        unsafe {
            let mut sums = [read(s, self.bias.as_ptr().add(channel), count); N];
            for i in self.shape.taps(row, height) {
                let line = (row * stride + i - before) * width;
                for j in self.shape.taps(column, width) {
                    let weight = self.weight.as_ptr().add((i * kernel + j) * channels + channel);
                    let weight = read(s, weight, count);
                    let from = (line + column * stride + j - before) * channels + channel;
                    for (n, sum) in sums.iter_mut().enumerate() {
                        let x = self.x.as_ptr().add(from + n * stride * channels);
                        *sum = s.mul_add(read(s, x, count), weight, *sum);
                    }
                }
            }
            let to = ((self.index * rows + row) * columns + column) * channels + channel;
            for (n, sum) in sums.into_iter().enumerate() {
                write(s, self.y.at(to + n * channels), limited(s, sum, self.limits), count);
            }
        }
    }
}

//! Convolutions whose kernels may have more columns than rows, or the other way round: forward only.

#[cfg(test)]
mod tests;

use super::pad::Padded;
use super::{Addends, ConvShape, PreparedWeight, direct};
use crate::simd::dispatch;

/// The sizes of a convolution with a kernel of any height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RectangularShape {
    /// Samples.
    pub batch: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Step, in rows and columns.
    pub stride: usize,
    /// Zeros above and below, and to the left and right.
    pub padding: [[usize; 2]; 2],
}

impl RectangularShape {
    /// `[batch, height, width, inputs]`.
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.inputs]
    }

    /// `[batch, height', width', outputs]`, height' = (height + zeros − kernel height) / stride + 1.
    pub const fn output(&self) -> [usize; 4] {
        let [vertical, horizontal] = self.padding;
        let rows = (self.height + vertical[0] + vertical[1] - self.kernel[0]) / self.stride + 1;
        let columns = (self.width + horizontal[0] + horizontal[1] - self.kernel[1]) / self.stride + 1;
        [self.batch, rows, columns, self.outputs]
    }

    /// Elements of the weight.
    pub(super) const fn weight_len(&self) -> usize {
        self.outputs * self.inputs * self.kernel[0] * self.kernel[1]
    }

    fn check(&self, x: usize, weight: usize, y: usize) {
        assert!(self.stride > 0 && self.kernel[0] * self.kernel[1] > 0, "nothing to step over: {self:?}");
        assert!(self.inputs > 0 && self.outputs > 0, "there should be channels: {self:?}");
        for (size, kernel, [before, after]) in
            [(self.height, self.kernel[0], self.padding[0]), (self.width, self.kernel[1], self.padding[1])]
        {
            assert!(kernel <= size + before + after, "the kernel is larger than the padded input: {self:?}");
            assert!(before.max(after) < kernel, "the padding should be below the kernel's size: {self:?}");
        }
        let expected = self.input().iter().product::<usize>();
        assert_eq!(x, expected, "the input should have {expected} elements: {self:?}");
        let expected = self.weight_len();
        assert_eq!(weight, expected, "the weight should have {expected} elements: {self:?}");
        let expected = self.output().iter().product::<usize>();
        assert_eq!(y, expected, "the output should have {expected} elements: {self:?}");
    }
}

/// y = x ⋆ w + addends.
///
/// # Shapes
/// `x`: [`RectangularShape::input`]; `weight`: `[out, in, kernel height, kernel width]`; `y`:
/// [`RectangularShape::output`].
pub fn conv2d_rectangular(
    shape: &RectangularShape,
    x: &[f32],
    weight: &[f32],
    addends: Addends,
    y: &mut [f32],
) {
    shape.check(x.len(), weight.len(), y.len());
    let weight = PreparedWeight::rectangular_for_once(shape, weight);
    conv2d_rectangular_prepared(shape, x, &weight, addends, y);
}

/// [`conv2d_rectangular`] with a weight that is prepared already.
///
/// # Shapes
/// As there; `weight` should fit: [`PreparedWeight::fits_rectangular`].
pub fn conv2d_rectangular_prepared(
    shape: &RectangularShape,
    x: &[f32],
    weight: &PreparedWeight,
    addends: Addends,
    y: &mut [f32],
) {
    assert!(weight.fits_rectangular(shape), "the weight is prepared for another convolution than {shape:?}");
    shape.check(x.len(), shape.weight_len(), y.len());
    addends.check(shape.output());
    if y.is_empty() {
        return;
    }
    let window = Window { shape: *shape, upsample: false };
    dispatch!(|s, MR| direct::convolve_bands::<_, MR>(s, &window, x, weight.values(), addends, y));
}

/// What every direct convolution walks with: a rectangle, over positions that may be doubled first.
pub(super) struct Window {
    pub(super) shape: RectangularShape,
    pub(super) upsample: bool,
}

impl Window {
    pub(super) fn of(shape: &ConvShape) -> Self {
        let ConvShape {
            batch, height, width, inputs, outputs, kernel, stride, before, after, upsample, ..
        } = *shape;
        let (kernel, padding) = ([kernel; 2], [[before, after]; 2]);
        Self {
            shape: RectangularShape { batch, height, width, inputs, outputs, kernel, stride, padding },
            upsample,
        }
    }

    /// Rows and columns of the input as the kernel sees it.
    fn seen(&self) -> [usize; 2] {
        let factor = if self.upsample { 2 } else { 1 };
        [factor * self.shape.height, factor * self.shape.width]
    }

    /// `[batch, height', width', outputs]`.
    pub(super) fn output(&self) -> [usize; 4] {
        let [height, width] = self.seen();
        RectangularShape { height, width, ..self.shape }.output()
    }

    /// The padded copy that `count` output rows from `first` need.
    pub(super) fn padded(&self, first: usize, count: usize) -> Padded {
        let RectangularShape { kernel, stride, padding: [vertical, horizontal], .. } = self.shape;
        Padded {
            top: (first * stride) as isize - vertical[0] as isize,
            rows: (count - 1) * stride + kernel[0],
            left: horizontal[0],
            columns: self.seen()[1] + horizontal[0] + horizontal[1],
        }
    }
}

//! Convolutions whose kernels may have more columns than rows, or the other way round: forward only.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, with_isa};
    use crate::testing::{error, same_on_all_pools, values};
    use proptest::prelude::*;

    /// The definition, in f64.
    fn reference(shape: &RectangularShape, x: &[f32], w: &[f32], bias: &[f32]) -> Vec<f64> {
        let RectangularShape { height, width, inputs, kernel: [kernel_rows, kernel_columns], stride, .. } =
            *shape;
        let [batch, rows, columns, outputs] = shape.output();
        let [[above, _], [left, _]] = shape.padding;
        let mut y = Vec::new();
        for at in 0..batch * rows * columns * outputs {
            let (o, c, r) = (at % outputs, at / outputs % columns, at / outputs / columns % rows);
            let sample = at / outputs / columns / rows;
            let mut sum = f64::from(bias[o]);
            for (i, j) in (0..kernel_rows).flat_map(|i| (0..kernel_columns).map(move |j| (i, j))) {
                let (row, column) =
                    ((r * stride + i).wrapping_sub(above), (c * stride + j).wrapping_sub(left));
                if row < height && column < width {
                    for k in 0..inputs {
                        let x = x[((sample * height + row) * width + column) * inputs + k];
                        let w = w[((o * inputs + k) * kernel_rows + i) * kernel_columns + j];
                        sum += f64::from(x) * f64::from(w);
                    }
                }
            }
            y.push(sum);
        }
        y
    }

    fn inputs(shape: &RectangularShape, seed: u64) -> [Vec<f32>; 3] {
        let lengths = [shape.input().iter().product(), shape.weight_len(), shape.outputs];
        [0, 1, 2].map(|k| values(seed + k as u64, lengths[k]))
    }

    fn convolved(shape: &RectangularShape, [x, w, bias]: &[Vec<f32>; 3]) -> Vec<f32> {
        let mut y = vec![f32::NAN; shape.output().iter().product()];
        let addends = Addends { bias: Some(bias), ..Addends::default() };
        conv2d_rectangular(shape, x, w, addends, &mut y);
        y
    }

    /// A kernel of 1×7 that keeps the size, as wide as an Inception block's.
    fn wide(batch: usize) -> RectangularShape {
        let (kernel, padding) = ([1, 7], [[0, 0], [3, 3]]);
        RectangularShape { batch, height: 17, width: 17, inputs: 40, outputs: 36, kernel, stride: 1, padding }
    }

    fn shapes() -> impl Strategy<Value = RectangularShape> {
        let sizes = (1usize..3, 1usize..12, 1usize..12, 1usize..40, 1usize..40);
        let walk = (1usize..8, 1usize..8, 1usize..3, [[0usize..4, 0usize..4], [0usize..4, 0usize..4]]);
        (sizes, walk).prop_filter_map("the kernel fits", |(sizes, (rows, columns, stride, padding))| {
            let (batch, height, width, inputs, outputs) = sizes;
            let kernel = [rows, columns];
            let padding = [0, 1].map(|axis| padding[axis].map(|size: usize| size.min(kernel[axis] - 1)));
            let fits = |axis: usize, size: usize| kernel[axis] <= size + padding[axis].iter().sum::<usize>();
            let shape = RectangularShape { batch, height, width, inputs, outputs, kernel, stride, padding };
            (fits(0, height) && fits(1, width)).then_some(shape)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn agrees_with_the_definition(shape in shapes(), seed in 0u64..1000) {
            let inputs = inputs(&shape, seed);
            let expected = reference(&shape, &inputs[0], &inputs[1], &inputs[2]);
            let typical = ((shape.kernel[0] * shape.kernel[1] * shape.inputs) as f64).sqrt();
            let largest = expected.iter().fold(0.0f64, |m, e| m.max(e.abs()));
            for isa in Isa::available() {
                let y = with_isa(isa, || convolved(&shape, &inputs));
                // All of a few sums may cancel by chance: then the size counts that such sums have.
                let error = error(&y, &expected) * (largest / typical).min(1.0);
                prop_assert!(error < 2e-6, "{}: {:.2e} for {:?}", isa, error, shape);
            }
        }
    }

    #[test]
    fn neither_threads_nor_the_batch_change_a_bit() {
        for isa in Isa::available() {
            let shape = wide(5);
            let whole = inputs(&shape, 3);
            same_on_all_pools(|| vec![with_isa(isa, || convolved(&shape, &whole))]);
            let y = with_isa(isa, || convolved(&shape, &whole));
            let (x_len, y_len) = (whole[0].len() / 5, y.len() / 5);
            for (first, batch) in [(3, 1), (1, 2)] {
                let x = whole[0][first * x_len..(first + batch) * x_len].to_vec();
                let part = [x, whole[1].clone(), whole[2].clone()];
                let part = with_isa(isa, || convolved(&wide(batch), &part));
                assert!(part == y[first * y_len..(first + batch) * y_len], "{isa}");
            }
        }
    }

    #[test]
    fn a_prepared_weight_changes_no_bit() {
        let shape = wide(2);
        let [x, w, bias] = inputs(&shape, 5);
        let weight = PreparedWeight::rectangular(&shape, &w);
        assert!(weight.fits_rectangular(&wide(1)));
        assert!(!weight.fits_rectangular(&RectangularShape { kernel: [7, 1], ..shape }));
        let mut y = vec![f32::NAN; shape.output().iter().product()];
        let addends = Addends { bias: Some(&bias), ..Addends::default() };
        conv2d_rectangular_prepared(&shape, &x, &weight, addends, &mut y);
        assert!(y == convolved(&shape, &[x, w, bias]));
    }
}

//! Pooling: the largest or the mean of the positions under a square window, channels last, forward only.

use crate::columns::{TASK, read, write};
use crate::share::{Shared, run_length};
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;
use std::ops::Range;

/// What is made of the positions under a window; those outside of the input do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The largest.
    Max,
    /// Their mean.
    Mean,
}

/// The sizes of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Samples.
    pub batch: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Rows and columns of the window.
    pub window: usize,
    /// Step, in rows and columns.
    pub stride: usize,
    /// How far the window may reach out on each side.
    pub border: usize,
}

impl PoolShape {
    /// `[batch, height, width, channels]`.
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.channels]
    }

    /// `[batch, height', width', channels]`, height' = (height + 2 border − window) / stride + 1.
    pub const fn output(&self) -> [usize; 4] {
        let rows = (self.height + 2 * self.border - self.window) / self.stride + 1;
        let columns = (self.width + 2 * self.border - self.window) / self.stride + 1;
        [self.batch, rows, columns, self.channels]
    }

    /// The input's rows (or columns, of `size`) under the window at output row (or column) `at`.
    #[inline(always)]
    fn under(&self, at: usize, size: usize) -> Range<usize> {
        let start = at * self.stride;
        start.saturating_sub(self.border)..(start + self.window - self.border).min(size)
    }
}

/// Pools each channel.
///
/// # Shapes
/// `x`: [`PoolShape::input`]; `y`: [`PoolShape::output`].
pub fn pool(shape: &PoolShape, what: Pool, x: &[f32], y: &mut [f32]) {
    assert!(shape.stride > 0 && shape.window > shape.border, "a window should meet positions: {shape:?}");
    let smallest = shape.height.min(shape.width) + 2 * shape.border;
    assert!(shape.window <= smallest, "the window is larger than the input: {shape:?}");
    let expected = [shape.input().iter().product::<usize>(), shape.output().iter().product()];
    assert_eq!([x.len(), y.len()], expected, "lengths of input and output: {shape:?}");
    if y.is_empty() {
        return;
    }
    let [batch, rows, columns, channels] = shape.output();
    let band = run_length(rows, TASK.div_ceil(columns * channels), 1).min(rows);
    let bands = rows.div_ceil(band);
    let sample: usize = shape.input()[1..].iter().product();
    let y = Shared::new(y);
    dispatch!(|s, _MR| {
        (0..batch * bands).into_par_iter().for_each(|task| {
            let (index, first) = (task / bands, task % bands * band);
            let rows = first..rows.min(first + band);
            let x = &x[index * sample..(index + 1) * sample];
            s.vectorize(Band { shape, what, x, index, rows, y });
        });
    });
}

/// Some output rows of one sample.
struct Band<'a> {
    shape: &'a PoolShape,
    what: Pool,
    x: &'a [f32],
    /// Which sample.
    index: usize,
    rows: Range<usize>,
    y: Shared,
}

impl Kernel for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let PoolShape { height, width, channels, .. } = *self.shape;
        let [_, rows, columns, _] = self.shape.output();
        for (row, column) in self.rows.clone().flat_map(|r| (0..columns).map(move |c| (r, c))) {
            let (lines, positions) = (self.shape.under(row, height), self.shape.under(column, width));
            let share = s.splat(1.0 / (lines.len() * positions.len()) as f32);
            let to = ((self.index * rows + row) * columns + column) * channels;
            for channel in (0..channels).step_by(S::LANES) {
                let count = S::LANES.min(channels - channel);
                let start = s.splat(if self.what == Pool::Max { f32::NEG_INFINITY } else { 0.0 });
                let mut result = start;
                // SAFETY: `under` gives rows and columns of the input; the output row is this task's alone.
                unsafe {
                    for at in lines.clone().flat_map(|l| positions.clone().map(move |p| l * width + p)) {
                        let x = read(s, self.x.as_ptr().add(at * channels + channel), count);
                        result = if self.what == Pool::Max { s.max(result, x) } else { s.add(result, x) };
                    }
                    let result = if self.what == Pool::Max { result } else { s.mul(result, share) };
                    write(s, self.y.at(to + channel), result, count);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, with_isa};
    use crate::testing::{cases, error, same_on_all_pools, values};
    use proptest::prelude::*;

    /// The definition, in f64.
    fn reference(shape: &PoolShape, what: Pool, x: &[f32]) -> Vec<f64> {
        let PoolShape { height, width, window, stride, border, .. } = *shape;
        let [_, rows, columns, channels] = shape.output();
        let mut y = Vec::new();
        for at in 0..shape.output().iter().product() {
            let (k, c, r) = (at % channels, at / channels % columns, at / channels / columns % rows);
            let sample = at / channels / columns / rows;
            let mut seen = Vec::new();
            for (i, j) in (0..window).flat_map(|i| (0..window).map(move |j| (i, j))) {
                let (row, column) =
                    ((r * stride + i).wrapping_sub(border), (c * stride + j).wrapping_sub(border));
                if row < height && column < width {
                    seen.push(f64::from(x[((sample * height + row) * width + column) * channels + k]));
                }
            }
            y.push(match what {
                Pool::Max => seen.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v)),
                Pool::Mean => seen.iter().sum::<f64>() / seen.len() as f64,
            });
        }
        y
    }

    fn pooled(shape: &PoolShape, what: Pool, x: &[f32]) -> Vec<f32> {
        let mut y = vec![f32::NAN; shape.output().iter().product()];
        pool(shape, what, x, &mut y);
        y
    }

    fn shapes() -> impl Strategy<Value = PoolShape> {
        let sizes = (1usize..4, 1usize..12, 1usize..12, 1usize..40);
        let walk = (1usize..5, 1usize..3, 0usize..3);
        (sizes, walk).prop_filter_map("the window fits", |(sizes, (window, stride, border))| {
            let ((batch, height, width, channels), border) = (sizes, border.min(window - 1));
            let shape = PoolShape { batch, height, width, channels, window, stride, border };
            (window <= height.min(width) + 2 * border).then_some(shape)
        })
    }

    proptest! {
        #![proptest_config(cases(200))]
        #[test]
        fn agrees_with_the_definition(shape in shapes(), seed in 0u64..1000) {
            let x = values(seed, shape.input().iter().product());
            for isa in Isa::available() {
                for what in [Pool::Max, Pool::Mean] {
                    let y = with_isa(isa, || pooled(&shape, what, &x));
                    let expected = reference(&shape, what, &x);
                    let scale = expected.iter().fold(0.0f64, |m, e| m.max(e.abs())).min(1.0);
                    let error = error(&y, &expected) * scale;
                    prop_assert!(error < 1e-6, "{}, {:?}: {:.2e} for {:?}", isa, what, error, shape);
                }
            }
        }
    }

    #[test]
    fn neither_threads_nor_the_batch_change_a_bit() {
        let (window, stride, border) = (3, 1, 1);
        let shape = |batch| PoolShape { batch, height: 18, width: 21, channels: 53, window, stride, border };
        let x = values(1, shape(5).input().iter().product());
        for isa in Isa::available() {
            for what in [Pool::Max, Pool::Mean] {
                same_on_all_pools(|| vec![with_isa(isa, || pooled(&shape(5), what, &x))]);
                let y = with_isa(isa, || pooled(&shape(5), what, &x));
                let part = &x[3 * x.len() / 5..4 * x.len() / 5];
                let part = with_isa(isa, || pooled(&shape(1), what, part));
                assert!(part == y[3 * y.len() / 5..4 * y.len() / 5], "{isa}");
            }
        }
    }
}

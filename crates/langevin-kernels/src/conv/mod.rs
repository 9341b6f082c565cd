//! Two-dimensional convolution (cross-correlation), channels last, with its gradients.
//!
//! Weights are `[out, in, kernel, kernel]`, as PyTorch stores them.

mod direct;
mod direct_input;
mod direct_weight;
mod narrow;
mod pack;
mod pad;
mod prepared;
mod rectangular;
mod shape;
mod sums;
#[cfg(test)]
mod tests;
mod winograd;
mod working;

pub use prepared::PreparedWeight;
pub use rectangular::{RectangularShape, conv2d_rectangular, conv2d_rectangular_prepared};
pub use shape::{Algorithm, ConvShape};
pub use working::WorkingMemory;

use crate::simd::{Simd, dispatch};

/// What is added to a convolution's output as it is written, and where the sum is cut off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addends<'a> {
    /// `[out]`: to every position.
    pub bias: Option<&'a [f32]>,
    /// `[batch, out]`: to every position of a sample.
    pub per_sample: Option<&'a [f32]>,
    /// The output's shape: element by element.
    pub residual: Option<&'a [f32]>,
    /// The least and the largest value of the output; what lies beyond becomes them.
    pub limits: Option<[f32; 2]>,
}

/// The elements, none below the first or above the second of the limits.
#[inline(always)]
pub(crate) fn limited<S: Simd>(s: S, v: S::V, limits: Option<[f32; 2]>) -> S::V {
    limits.map_or(v, |[least, largest]| s.min(s.max(v, s.splat(least)), s.splat(largest)))
}

impl Addends<'_> {
    /// Checks the lengths for an output `[batch, height, width, outputs]`.
    fn check(&self, [batch, height, width, outputs]: [usize; 4]) {
        let lengths = [
            ("bias", self.bias, outputs),
            ("per-sample addend", self.per_sample, batch * outputs),
            ("residual", self.residual, batch * height * width * outputs),
        ];
        for (name, addend, length) in lengths {
            assert!(addend.is_none_or(|a| a.len() == length), "the {name} should have {length} elements");
        }
    }
}

/// y = x ⋆ w + addends.
///
/// # Shapes
/// `x`: [`ConvShape::input`]; `weight`: `[out, in, kernel, kernel]`; `y`: [`ConvShape::output`].
pub fn conv2d(shape: &ConvShape, x: &[f32], weight: &[f32], addends: Addends, y: &mut [f32]) {
    shape.check(x.len(), weight.len(), y.len());
    conv2d_prepared(shape, x, &PreparedWeight::for_once(shape, weight), addends, y);
}

/// [`conv2d`] with a weight that is prepared already.
///
/// # Shapes
/// As [`conv2d`]; `weight` should fit: [`PreparedWeight::fits`].
pub fn conv2d_prepared(
    shape: &ConvShape,
    x: &[f32],
    weight: &PreparedWeight,
    addends: Addends,
    y: &mut [f32],
) {
    assert!(weight.fits(shape), "the weight is prepared for another convolution than {shape:?}");
    shape.check(x.len(), shape.weight_len(), y.len());
    addends.check(shape.output());
    if y.is_empty() {
        return;
    }
    dispatch!(|s, MR| match shape.algorithm() {
        Algorithm::Direct if shape.is_narrow() => narrow::forward(s, shape, x, weight.values(), addends, y),
        Algorithm::Direct => direct::convolve::<_, MR>(s, shape, x, weight.values(), addends, y),
        Algorithm::Winograd => winograd::forward::<_, MR>(s, shape, x, weight.values(), addends, y),
    });
}

/// The gradient with respect to the input, from that with respect to the output.
///
/// # Shapes
/// `dy`: [`ConvShape::output`]; `dx`: [`ConvShape::input`], overwritten.
pub fn conv2d_input_gradient(shape: &ConvShape, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    shape.check(dx.len(), weight.len(), dy.len());
    if dx.is_empty() {
        return;
    }
    dispatch!(|s, MR| match shape.algorithm() {
        Algorithm::Direct => direct_input::gradient::<_, MR>(s, shape, dy, weight, dx),
        Algorithm::Winograd => winograd::input_gradient::<_, MR>(s, shape, dy, weight, dx),
    });
}

/// The gradient with respect to the weight.
///
/// # Shapes
/// `dw`: `[out, in, kernel, kernel]`, overwritten.
pub fn conv2d_weight_gradient(shape: &ConvShape, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    shape.check(x.len(), dw.len(), dy.len());
    if dy.is_empty() {
        return dw.fill(0.0);
    }
    dispatch!(|s, MR| match shape.algorithm() {
        Algorithm::Direct if shape.is_narrow() => narrow::weight_gradient(s, shape, x, dy, dw),
        Algorithm::Direct => direct_weight::gradient::<_, MR>(s, shape, x, dy, dw),
        Algorithm::Winograd => winograd::weight_gradient::<_, MR>(s, shape, x, dy, dw),
    });
}

/// The gradients with respect to the bias and to the per-sample addend: sums of `dy` over positions.
///
/// # Shapes
/// `dy`: `[batch, positions, channels]`; `per_sample`, where it is wanted: `[batch, channels]`; `bias`: `[channels]`;
/// both overwritten.
pub fn channel_sums(
    dy: &[f32],
    batch: usize,
    positions: usize,
    per_sample: Option<&mut [f32]>,
    bias: &mut [f32],
) {
    let channels = bias.len();
    assert_eq!(dy.len(), batch * positions * channels, "dy should be [{batch}, {positions}, {channels}]");
    if let Some(per_sample) = &per_sample {
        assert_eq!(per_sample.len(), batch * channels, "the sums should be [{batch}, {channels}]");
    }
    dispatch!(|s, _MR| sums::channel_sums(s, dy, positions, per_sample, bias));
}

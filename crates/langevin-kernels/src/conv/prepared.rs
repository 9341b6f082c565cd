//! Weights in the order in which the forward pass reads them.

use super::{Algorithm, ConvShape, direct, narrow, winograd};
use crate::scratch::Scratch;
use crate::simd::{Isa, dispatch, isa};

/// A weight made ready for [`conv2d_prepared`](super::conv2d_prepared): packed, or transformed where Winograd's algorithm
/// computes, and then four times as large.
///
/// [`conv2d`](super::conv2d) does this at each call. Where a weight meets few positions that is a good part of its time, so what
/// calls it often with the same weight prepares it once.
pub struct PreparedWeight {
    values: Scratch,
    made_for: Layout,
}

/// What decides how a prepared weight lies in memory.
#[derive(PartialEq, Eq)]
struct Layout {
    isa: Isa,
    algorithm: Algorithm,
    inputs: usize,
    outputs: usize,
    kernel: usize,
}

impl Layout {
    fn of(shape: &ConvShape) -> Self {
        let ConvShape { inputs, outputs, kernel, .. } = *shape;
        Self { isa: isa(), algorithm: shape.algorithm(), inputs, outputs, kernel }
    }
}

impl PreparedWeight {
    /// Prepares `weight`, `[out, in, kernel, kernel]`, for this convolution with any batch, on the present instruction set.
    pub fn new(shape: &ConvShape, weight: &[f32]) -> Self {
        Self::allocated(shape, weight, Scratch::freed)
    }

    /// In a buffer that serves other work after it.
    pub(super) fn for_once(shape: &ConvShape, weight: &[f32]) -> Self {
        Self::allocated(shape, weight, Scratch::new)
    }

    fn allocated(shape: &ConvShape, weight: &[f32], allocate: fn(usize) -> Scratch) -> Self {
        let expected = shape.weight_len();
        assert_eq!(weight.len(), expected, "the weight should have {expected} elements: {shape:?}");
        let values = dispatch!(|s, _MR| match shape.algorithm() {
            Algorithm::Direct if shape.is_narrow() => narrow::prepare(shape, weight, allocate),
            Algorithm::Direct => direct::prepare(s, shape, weight, allocate),
            Algorithm::Winograd => winograd::prepare(s, shape, weight, allocate),
        });
        Self { values, made_for: Layout::of(shape) }
    }

    /// Whether it serves this convolution on the present instruction set.
    pub fn fits(&self, shape: &ConvShape) -> bool {
        self.made_for == Layout::of(shape)
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }
}

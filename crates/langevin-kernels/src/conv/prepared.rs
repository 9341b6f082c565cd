//! Weights in the order in which the forward pass reads them.

use super::rectangular::Window;
use super::{Algorithm, ConvShape, RectangularShape, direct, narrow, winograd};
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
    narrow: bool,
    inputs: usize,
    outputs: usize,
    kernel: [usize; 2],
}

impl Layout {
    fn of(shape: &ConvShape) -> Self {
        let ConvShape { inputs, outputs, kernel, .. } = *shape;
        let algorithm = shape.algorithm();
        let narrow = algorithm == Algorithm::Direct && shape.is_narrow();
        Self { isa: isa(), algorithm, narrow, inputs, outputs, kernel: [kernel; 2] }
    }

    fn of_rectangular(shape: &RectangularShape) -> Self {
        let RectangularShape { inputs, outputs, kernel, .. } = *shape;
        Self { isa: isa(), algorithm: Algorithm::Direct, narrow: false, inputs, outputs, kernel }
    }
}

impl PreparedWeight {
    /// Prepares `weight`, `[out, in, kernel, kernel]`, for this convolution with any batch, on the present instruction set.
    pub fn new(shape: &ConvShape, weight: &[f32]) -> Self {
        Self::allocated(shape, weight, Scratch::freed)
    }

    /// Prepares `weight`, `[out, in, kernel height, kernel width]`, for this convolution with any batch.
    pub fn rectangular(shape: &RectangularShape, weight: &[f32]) -> Self {
        Self::rectangular_allocated(shape, weight, Scratch::freed)
    }

    pub(super) fn rectangular_for_once(shape: &RectangularShape, weight: &[f32]) -> Self {
        Self::rectangular_allocated(shape, weight, Scratch::new)
    }

    fn rectangular_allocated(
        shape: &RectangularShape,
        weight: &[f32],
        allocate: fn(usize) -> Scratch,
    ) -> Self {
        let expected = shape.weight_len();
        assert_eq!(weight.len(), expected, "the weight should have {expected} elements: {shape:?}");
        let values = dispatch!(|s, _MR| direct::prepare(s, shape, weight, allocate));
        Self { values, made_for: Layout::of_rectangular(shape) }
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
            Algorithm::Direct => direct::prepare(s, &Window::of(shape).shape, weight, allocate),
            Algorithm::Winograd => winograd::prepare(s, shape, weight, allocate),
        });
        Self { values, made_for: Layout::of(shape) }
    }

    /// Whether it serves this convolution on the present instruction set.
    pub fn fits(&self, shape: &ConvShape) -> bool {
        self.made_for == Layout::of(shape)
    }

    /// Whether it serves this convolution on the present instruction set.
    pub fn fits_rectangular(&self, shape: &RectangularShape) -> bool {
        self.made_for == Layout::of_rectangular(shape)
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }
}

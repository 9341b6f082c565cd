//! Winograd's minimal filtering F(4×4, 3×3): 36 multiplications for 16 outputs instead of 144.
//!
//! Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A  (Lavin & Gray 2016, Eq. 8), with the points 0, ±1, ±2, ∞, for each tile d of
//! 6×6 inputs that gives 4×4 outputs. Over the channels the ⊙ is 36 matrix products. The gradient with respect to the
//! input is the same convolution with the turned kernel; that with respect to the weight is
//! Gᵀ [Σ (Bᵀ d B) ⊗ (A dy Aᵀ)] G, the sum over all tiles.

mod forward;
mod kernel;
mod tiles;
mod transform;
mod weight;

use super::{Addends, ConvShape};
use crate::scratch::Scratch;
use crate::simd::Simd;
use tiles::Tiling;

/// Elements of a transformed tile.
const ELEMENTS: usize = 36;

/// The weight as [`forward`] reads it.
pub(super) fn prepare<S: Simd>(
    s: S,
    shape: &ConvShape,
    weight: &[f32],
    allocate: fn(usize) -> Scratch,
) -> Scratch {
    kernel::transform(s, shape, weight, false, allocate)
}

/// Elements of what [`prepare`] gives.
pub(super) fn prepared_len<S: Simd>(_: S, shape: &ConvShape) -> usize {
    ELEMENTS * kernel::element_len::<S>(shape.inputs, shape.outputs)
}

/// Elements of working memory: of weights or sums, of a chunk of tiles, and of each thread.
pub(super) fn working<S: Simd, const MR: usize>(_: S, shape: &ConvShape) -> [usize; 3] {
    let (forward, task) = forward::working::<S, MR>(shape);
    let (turned, turned_task) = forward::working::<S, MR>(&shape.turned());
    let (sums, chunk) = weight::working::<S>(shape);
    [forward.max(turned).max(sums), chunk, task.max(turned_task)]
}

/// The convolution with a prepared weight.
pub(super) fn forward<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    x: &[f32],
    prepared: &[f32],
    addends: Addends,
    y: &mut [f32],
) {
    forward::convolve::<S, MR>(s, &Tiling::of(shape), x, prepared, addends, false, y);
}

pub(super) fn input_gradient<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) {
    let transformed = kernel::transform(s, shape, weight, true, Scratch::new);
    let tiling = Tiling::of(&shape.turned());
    forward::convolve::<S, MR>(s, &tiling, dy, &transformed, Addends::default(), shape.upsample, dx);
}

pub(super) use weight::gradient as weight_gradient;

//! Joining activations along their channels.

use burn::tensor::Tensor;

/// Concatenates `a` and `b` along the channel axis, `a` first.
///
/// # Shapes
/// `[batch, height, width, a]` and `[batch, height, width, b]`; returns `[batch, height, width, a + b]`.
pub fn concat_channels(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    Tensor::cat(vec![a, b], 3)
}

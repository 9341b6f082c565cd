//! Two-dimensional convolution.

use burn::tensor::{Tensor, module, ops::ConvOptions};

/// Zeros around an activation before a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Rows above and columns to the left.
    pub before: usize,
    /// Rows below and columns to the right.
    pub after: usize,
}

impl Padding {
    /// The same on every side.
    pub const fn symmetric(size: usize) -> Self {
        Self { before: size, after: size }
    }
}

/// Cross-correlation of `x` with `weight`, with `stride` in both directions, plus `bias`.
///
/// # Shapes
/// `x`: `[batch, height, width, in]`, `weight`: `[out, in, kernel height, kernel width]`, `bias`: `[out]`;
/// returns `[batch, height', width', out]`, height' = (height + before + after − kernel height) / stride + 1.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: Padding,
) -> Tensor<4> {
    let [out_channels, in_channels, kernel_height, kernel_width] = weight.dims();
    if (kernel_height, kernel_width, stride) == (1, 1, 1) && padding == Padding::symmetric(0) {
        let [batch, height, width, _] = x.dims();
        let rows = x.reshape([batch * height * width, in_channels]);
        let y = crate::linear(rows, weight.reshape([out_channels, in_channels]), bias);
        return y.reshape([batch, height, width, out_channels]);
    }
    let sides = (padding.before, padding.after);
    let options = ConvOptions::new_with_padding([stride; 2], [sides; 2], [1, 1], 1);
    let y = module::conv2d(x.permute([0, 3, 1, 2]), weight, Some(bias), options).permute([0, 2, 3, 1]);
    // A permuted view would slow every operation after it; reshaping puts it in order.
    let [batch, height, width, channels] = y.dims();
    y.reshape([batch * height * width, channels]).reshape([batch, height, width, channels])
}

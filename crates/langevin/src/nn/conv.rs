//! The convolution layer.

use super::{Init, Padding};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use langevin_ops::{Addend, ConvOptions};

/// A square two-dimensional convolution with bias.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[out, in, kernel, kernel]`.
    pub weight: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    stride: usize,
    #[module(skip)]
    padding: Padding,
}

impl Conv2d {
    /// A 3×3 convolution that keeps the size: fan-average weights, zero bias.
    pub fn same(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        Self::new(init, inputs, outputs, 3, 1, Padding::symmetric(1))
    }

    /// As [`Conv2d::same`], all parameters zero: its output is zero until it has learned.
    pub fn same_zero(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        let weight = init.constant([outputs, inputs, 3, 3], 0.0);
        let bias = init.constant([outputs], 0.0);
        Self { weight, bias, stride: 1, padding: Padding::symmetric(1) }
    }

    /// A 1×1 convolution: a linear map of the channels at each position.
    pub fn pointwise(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        Self::new(init, inputs, outputs, 1, 1, Padding::symmetric(0))
    }

    /// A convolution of any kernel size, stride and padding.
    pub fn new(
        init: &mut Init,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Self {
        let weight = init.fan_average([outputs, inputs, kernel, kernel]);
        let bias = init.constant([outputs], 0.0);
        Self { weight, bias, stride, padding }
    }

    /// # Shapes
    /// `[batch, height, width, in]`; returns `[batch, height', width', out]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, false, Addend::None)
    }

    /// As [`Conv2d::forward`], plus `t` at every position of a sample.
    ///
    /// # Shapes
    /// `t`: `[batch, out]`.
    pub fn forward_plus_per_sample(&self, x: Tensor<4>, t: Tensor<2>) -> Tensor<4> {
        self.apply(x, false, Addend::PerSample(t))
    }

    /// As [`Conv2d::forward`], plus `residual`, which has the output's shape.
    pub fn forward_plus_residual(&self, x: Tensor<4>, residual: Tensor<4>) -> Tensor<4> {
        self.apply(x, false, Addend::Residual(residual))
    }

    /// As [`Conv2d::forward`], over the input with height and width doubled by nearest neighbour; with stride 1.
    pub fn forward_upsampled(&self, x: Tensor<4>) -> Tensor<4> {
        self.apply(x, true, Addend::None)
    }

    /// As [`Conv2d::forward_upsampled`], plus `t` at every position of a sample.
    ///
    /// # Shapes
    /// `t`: `[batch, out]`.
    pub fn forward_upsampled_plus_per_sample(&self, x: Tensor<4>, t: Tensor<2>) -> Tensor<4> {
        self.apply(x, true, Addend::PerSample(t))
    }

    fn apply(&self, x: Tensor<4>, upsample: bool, addend: Addend) -> Tensor<4> {
        let options = ConvOptions { stride: self.stride, padding: self.padding, upsample };
        langevin_ops::conv2d(x, self.weight.val(), self.bias.val(), options, addend)
    }
}

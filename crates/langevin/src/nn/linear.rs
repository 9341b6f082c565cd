//! The fully connected layer.

use super::Init;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// y = x Wᵀ + b.
#[derive(Module, Debug)]
pub struct Linear {
    /// W: `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// b: `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer from `inputs` to `outputs` features: fan-average weights, zero bias.
    pub fn new(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        Self { weight: init.fan_average([outputs, inputs]), bias: init.constant([outputs], 0.0) }
    }

    /// A layer whose output is zero until it has learned: all parameters zero.
    pub fn zero(init: &mut Init, inputs: usize, outputs: usize) -> Self {
        Self { weight: init.constant([outputs, inputs], 0.0), bias: init.constant([outputs], 0.0) }
    }

    /// # Shapes
    /// `[rows, in]`; returns `[rows, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        langevin_ops::linear(x, self.weight.val(), self.bias.val(), None)
    }

    /// As [`Linear::forward`], plus `residual`, which has the output's shape.
    pub fn forward_plus_residual(&self, x: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        langevin_ops::linear(x, self.weight.val(), self.bias.val(), Some(residual))
    }
}

//! Group normalisation and the activation that follows it.

use super::Init;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// Group normalisation over positions and the channels of a group.
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// γ: `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// β: `[channels]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    groups: usize,
    #[module(skip)]
    epsilon: f64,
}

impl GroupNorm {
    /// γ = 1, β = 0. `groups` must divide `channels`.
    pub fn new(init: &mut Init, groups: usize, channels: usize, epsilon: f64) -> Self {
        Self { weight: init.constant([channels], 1.0), bias: init.constant([channels], 0.0), groups, epsilon }
    }

    /// # Shapes
    /// `[batch, height, width, channels]`, kept.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        langevin_ops::group_norm(x, self.groups, self.weight.val(), self.bias.val(), self.epsilon)
    }

    /// Normalises, then applies SiLU.
    pub fn forward_silu(&self, x: Tensor<4>) -> Tensor<4> {
        langevin_ops::group_norm_silu(x, self.groups, self.weight.val(), self.bias.val(), self.epsilon)
    }

    /// Normalises, multiplies by 1 + `scale` and adds `shift`, then applies SiLU.
    ///
    /// # Shapes
    /// `scale`, `shift`: `[batch, channels]`.
    pub fn forward_scale_shift_silu(&self, x: Tensor<4>, scale: Tensor<2>, shift: Tensor<2>) -> Tensor<4> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        langevin_ops::group_norm_scale_shift_silu(x, self.groups, weight, bias, self.epsilon, scale, shift)
    }
}

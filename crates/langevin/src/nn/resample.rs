//! Halving and doubling of height and width between the levels of a U-Net.

use super::{Conv2d, Init, Padding};
use burn::module::Module;
use burn::tensor::Tensor;

/// Halves height and width by a 3×3 convolution of stride 2.
#[derive(Module, Debug)]
pub struct Downsample {
    /// The convolution.
    pub conv: Conv2d,
}

impl Downsample {
    /// `padding` is one-sided (0 before, 1 after) in Ho et al.'s code, symmetric in later networks.
    pub fn new(init: &mut Init, channels: usize, padding: Padding) -> Self {
        Self { conv: Conv2d::new(init, channels, channels, 3, 2, padding) }
    }

    /// # Shapes
    /// `[batch, height, width, channels]`, both even; returns `[batch, height/2, width/2, channels]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv.forward(x)
    }
}

/// Doubles height and width by nearest neighbour, then a 3×3 convolution.
#[derive(Module, Debug)]
pub struct Upsample {
    /// The convolution.
    pub conv: Conv2d,
}

impl Upsample {
    /// The number of channels is kept.
    pub fn new(init: &mut Init, channels: usize) -> Self {
        Self { conv: Conv2d::same(init, channels, channels) }
    }

    /// # Shapes
    /// `[batch, height, width, channels]`; returns `[batch, 2·height, 2·width, channels]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv.forward_upsampled(x)
    }
}

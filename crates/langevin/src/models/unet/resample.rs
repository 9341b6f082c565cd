//! From one level of the U-Net to the next.

use super::ResBlock;
use crate::nn::{Downsample, DropoutKey, Upsample};
use burn::module::Module;
use burn::tensor::Tensor;

/// Halves height and width at the end of a level on the way down.
// A network has a handful of them.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Downsampler {
    /// By a convolution of stride 2.
    Conv(Downsample),
    /// By a residual block that averages inside.
    Residual(ResBlock),
}

impl Downsampler {
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, both even; `time`: `[batch, embedding]`; returns
    /// `[batch, height/2, width/2, channels]`.
    pub fn forward(&self, x: Tensor<4>, time: &Tensor<2>, dropout: Option<DropoutKey>) -> Tensor<4> {
        match self {
            Self::Conv(layer) => layer.forward(x),
            Self::Residual(block) => block.forward(x, time.clone(), dropout),
        }
    }
}

/// Doubles height and width at the end of a level on the way up.
// As many as there are downsamplers.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Upsampler {
    /// By repeating each position, then a convolution.
    Conv(Upsample),
    /// By a residual block that repeats positions inside.
    Residual(ResBlock),
}

impl Upsampler {
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`; `time`: `[batch, embedding]`; returns
    /// `[batch, 2·height, 2·width, channels]`.
    pub fn forward(&self, x: Tensor<4>, time: &Tensor<2>, dropout: Option<DropoutKey>) -> Tensor<4> {
        match self {
            Self::Conv(layer) => layer.forward(x),
            Self::Residual(block) => block.forward(x, time.clone(), dropout),
        }
    }
}

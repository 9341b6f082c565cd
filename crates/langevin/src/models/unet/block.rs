//! The residual block.

use super::{TimeConditioning, UNetConfig};
use crate::nn::{Activation, Conv2d, DropoutKey, GroupNorm, Init, Linear, dropout};
use burn::module::Module;
use burn::tensor::Tensor;

/// What a residual block does to height and width, between its first activation and its first convolution, and in its
/// shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resampling {
    /// Keeps them.
    Keep,
    /// Halves them: the mean of each square of 2×2.
    Halve,
    /// Doubles them: each position is repeated.
    Double,
}

impl Resampling {
    /// The level, counted from 0, that a block leads to from `level`.
    pub(super) fn level_after(self, level: usize) -> usize {
        match self {
            Self::Keep => level,
            Self::Halve => level + 1,
            Self::Double => level - 1,
        }
    }
}

/// What tells one residual block of a network from another.
#[derive(Clone, Copy, Debug)]
pub struct BlockShape {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// What it does to height and width.
    pub resampling: Resampling,
    /// What the output is divided by.
    pub scale: f64,
    /// Number of its dropout masks.
    pub dropout_layer: u32,
}

/// x + conv(dropout(act(norm(conv(act(norm(x))) with the timestep)))), the shortcut a 1×1 convolution
/// where the number of channels changes (Ho et al. 2020, appendix B), act SiLU.
#[derive(Module, Debug)]
pub struct ResBlock {
    /// First normalisation.
    pub norm1: GroupNorm,
    /// First convolution.
    pub conv1: Conv2d,
    /// From the timestep's embedding to a shift, or to a scale and a shift, of each channel.
    pub time_projection: Linear,
    /// Second normalisation.
    pub norm2: GroupNorm,
    /// Second convolution, zero at the start.
    pub conv2: Conv2d,
    /// The shortcut, where the number of channels changes.
    pub shortcut: Option<Conv2d>,
    #[module(skip)]
    conditioning: TimeConditioning,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    dropout: f64,
    #[module(skip)]
    shape: BlockShape,
}

impl ResBlock {
    /// A block of `shape` in a network of `config`.
    pub fn new(init: &mut Init, config: &UNetConfig, shape: BlockShape) -> Self {
        let (groups, epsilon) = (config.groups, config.epsilon);
        let BlockShape { inputs, outputs, .. } = shape;
        let projected = config.time_conditioning.features(outputs);
        Self {
            norm1: GroupNorm::new(init, groups, inputs, epsilon),
            conv1: Conv2d::same(init, inputs, outputs),
            time_projection: Linear::new(init, config.embedding(), projected),
            norm2: GroupNorm::new(init, groups, outputs, epsilon),
            conv2: Conv2d::same_zero(init, outputs, outputs),
            shortcut: (inputs != outputs).then(|| Conv2d::pointwise(init, inputs, outputs)),
            conditioning: config.time_conditioning,
            activation: config.activation,
            dropout: config.dropout,
            shape,
        }
    }

    /// # Shapes
    /// `x`: `[batch, height, width, inputs]`; `time`: `[batch, embedding]`, already through the activation; returns
    /// `[batch, height', width', outputs]`.
    pub fn forward(&self, x: Tensor<4>, time: Tensor<2>, key: Option<DropoutKey>) -> Tensor<4> {
        let hidden = self.activation.after_norm(&self.norm1, x.clone());
        let (hidden, x) = match self.shape.resampling {
            Resampling::Halve => (langevin_ops::average_pool_2x(hidden), langevin_ops::average_pool_2x(x)),
            Resampling::Double => (hidden, langevin_ops::upsample_nearest_2x(x)),
            Resampling::Keep => (hidden, x),
        };
        let hidden = self.first_convolution(hidden, self.time_projection.forward(time));
        let shortcut = match &self.shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        let hidden = dropout(hidden, self.dropout, key, self.shape.dropout_layer);
        let y = self.conv2.forward_plus_residual(hidden, shortcut);
        if self.shape.scale == 1.0 { y } else { y.div_scalar(self.shape.scale) }
    }

    /// From the first convolution to the second activation. The convolution doubles the positions on its own.
    fn first_convolution(&self, hidden: Tensor<4>, time: Tensor<2>) -> Tensor<4> {
        let doubled = self.shape.resampling == Resampling::Double;
        match self.conditioning {
            TimeConditioning::Additive => {
                let hidden = match doubled {
                    true => self.conv1.forward_upsampled_plus_per_sample(hidden, time),
                    false => self.conv1.forward_plus_per_sample(hidden, time),
                };
                self.activation.after_norm(&self.norm2, hidden)
            }
            TimeConditioning::ScaleShift => {
                let hidden =
                    if doubled { self.conv1.forward_upsampled(hidden) } else { self.conv1.forward(hidden) };
                let channels = hidden.dims()[3];
                let scale = time.clone().narrow(1, 0, channels);
                let shift = time.narrow(1, channels, channels);
                self.activation.after_scaled_norm(&self.norm2, hidden, scale, shift)
            }
        }
    }
}

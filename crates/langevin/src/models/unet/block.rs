//! The residual block.

use super::{TimeConditioning, UNetConfig};
use crate::nn::{Conv2d, DropoutKey, GroupNorm, Init, Linear, dropout};
use burn::module::Module;
use burn::tensor::Tensor;

/// x + conv(dropout(silu(norm(conv(silu(norm(x))) with the timestep)))), the shortcut a 1×1 convolution
/// where the number of channels changes (Ho et al. 2020, appendix B).
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
    dropout: f64,
    #[module(skip)]
    dropout_layer: u32,
}

impl ResBlock {
    /// A block from `inputs` to `outputs` channels; `dropout_layer` numbers its dropout masks.
    pub fn new(
        init: &mut Init,
        config: &UNetConfig,
        inputs: usize,
        outputs: usize,
        dropout_layer: u32,
    ) -> Self {
        let (groups, epsilon) = (config.groups, config.epsilon);
        let embedding = 4 * config.channels[0];
        let projected = match config.time_conditioning {
            TimeConditioning::Additive => outputs,
            TimeConditioning::ScaleShift => 2 * outputs,
        };
        Self {
            norm1: GroupNorm::new(init, groups, inputs, epsilon),
            conv1: Conv2d::same(init, inputs, outputs),
            time_projection: Linear::new(init, embedding, projected),
            norm2: GroupNorm::new(init, groups, outputs, epsilon),
            conv2: Conv2d::same_zero(init, outputs, outputs),
            shortcut: (inputs != outputs).then(|| Conv2d::pointwise(init, inputs, outputs)),
            conditioning: config.time_conditioning,
            dropout: config.dropout,
            dropout_layer,
        }
    }

    /// # Shapes
    /// `x`: `[batch, height, width, inputs]`; `time`: `[batch, embedding]`, already through SiLU; returns
    /// `[batch, height, width, outputs]`.
    pub fn forward(&self, x: Tensor<4>, time: Tensor<2>, key: Option<DropoutKey>) -> Tensor<4> {
        let hidden = self.norm1.forward_silu(x.clone());
        let time = self.time_projection.forward(time);
        let hidden = match self.conditioning {
            TimeConditioning::Additive => {
                self.norm2.forward_silu(self.conv1.forward_plus_per_sample(hidden, time))
            }
            TimeConditioning::ScaleShift => {
                let hidden = self.conv1.forward(hidden);
                let channels = hidden.dims()[3];
                let scale = time.clone().narrow(1, 0, channels);
                let shift = time.narrow(1, channels, channels);
                self.norm2.forward_scale_shift_silu(hidden, scale, shift)
            }
        };
        let shortcut = match &self.shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        self.conv2.forward_plus_residual(dropout(hidden, self.dropout, key, self.dropout_layer), shortcut)
    }
}

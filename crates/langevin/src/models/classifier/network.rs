//! The classifier as a network.

use super::{AttentionPool, ClassifierConfig};
use crate::models::unet::{Builder, Descent, Encoder};
use crate::models::{Conditioning, DownLevel, Middle, Network};
use crate::nn::{Activation, Conv2d, DropoutKey, GroupNorm, TimestepEmbedding};
use crate::tensor::SampleShape;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// What of a classifier's configuration its forward pass looks at.
#[derive(Clone, Copy, Debug)]
struct Shape {
    activation: Activation,
    center_input: bool,
}

/// A U-Net's way down and middle, and attention that pools the coarsest level to one logit a class    (Dhariwal & Nichol
/// 2021, section 4)
#[derive(Module, Debug)]
pub struct Classifier {
    /// The timestep's embedding.
    pub time: TimestepEmbedding,
    /// From the sample's channels to the first level's.
    pub conv_in: Conv2d,
    /// The way down, the finest level first.
    pub down: Vec<DownLevel>,
    /// The middle, where there is one.
    pub middle: Option<Middle>,
    /// Last normalisation.
    pub norm_out: GroupNorm,
    /// From the coarsest level to the logits.
    pub pool: AttentionPool,
    #[module(skip)]
    shape: Shape,
}

impl Classifier {
    /// A network for samples of `shape`, with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`ClassifierConfig::validate_build`].
    pub fn new(config: &ClassifierConfig, shape: SampleShape, seed: u64, device: &Device) -> Self {
        let (encoder, coarsest) = (&config.encoder, config.encoder.coarsest());
        let mut builder = Builder::new(encoder, seed, device);
        let Encoder { time, conv_in, down, middle, .. } = builder.encoder(shape.channels);
        let norm_out = builder.norm_out(coarsest);
        let (heads, positions) = (coarsest / config.pool_head(), config.positions(shape));
        let pool = AttentionPool::new(&mut builder.init, coarsest, positions, heads, config.classes);
        let shape = Shape { activation: encoder.activation, center_input: encoder.center_input };
        Self { time, conv_in, down, middle, norm_out, pool, shape }
    }

    /// Classes that are told apart.
    pub fn classes(&self) -> usize {
        self.pool.output.bias.val().dims()[0]
    }

    /// As [`Network::forward`], and shows the output of every block to `observe`, by name.
    ///
    /// # Shapes
    /// Returns `[batch, 1, 1, classes]`.
    ///
    /// # Panics
    /// If classes are given, or x is not of the shape that the network was built for.
    pub fn forward_observed(
        &self,
        x: Tensor<4>,
        conditioning: Conditioning,
        dropout: Option<DropoutKey>,
        observe: &mut dyn FnMut(&str, &Tensor<4>),
    ) -> Tensor<4> {
        if let Err(error) = self.check(&conditioning, x.dims()[0]) {
            panic!("{error}");
        }
        let Shape { activation, center_input } = self.shape;
        let time = activation.apply(self.time.forward(conditioning.timesteps, &x.device()));
        let (conv_in, down, middle) = (&self.conv_in, &self.down[..], self.middle.as_ref());
        let descent = Descent { conv_in, down, middle, center_input };
        let hidden = descent.forward(x, &time, dropout, observe, &mut |_| {});
        let logits = self.pool.forward(self.norm_out.forward_silu(hidden));
        let [batch, classes] = logits.dims();
        logits.reshape([batch, 1, 1, classes])
    }
}

/// The output is a logit a class, `[batch, 1, 1, classes]`. The network is not told classes: it is asked for them.
impl Network for Classifier {
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, dropout: Option<DropoutKey>) -> Tensor<4> {
        self.forward_observed(x, conditioning, dropout, &mut |_, _| {})
    }
}

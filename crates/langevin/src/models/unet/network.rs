//! The whole U-Net.

use super::build::Builder;
use super::classes::embed;
use super::down::Descent;
use super::{ClassEmbedding, ClassLayers, DownLevel, Middle, ResBlock, UNetConfig, Upsampler};
use crate::models::{Conditioning, ConditioningError, Network};
use crate::nn::{Activation, AttentionBlock, Conv2d, DropoutKey, GroupNorm, TimestepEmbedding};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// A level on the way up.
#[derive(Module, Debug)]
pub struct UpLevel {
    /// Residual blocks, each over the activation joined with one from the way down.
    pub blocks: Vec<ResBlock>,
    /// One after each block, or none.
    pub attention: Vec<AttentionBlock>,
    /// To the next finer level; the finest has none.
    pub upsample: Option<Upsampler>,
}

/// What of a network's configuration its forward pass looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    activation: Activation,
    center_input: bool,
    class_embedding: Option<ClassEmbedding>,
    embedding: usize,
}

impl From<&UNetConfig> for Shape {
    fn from(config: &UNetConfig) -> Self {
        let UNetConfig { activation, center_input, class_embedding, .. } = *config;
        Self { activation, center_input, class_embedding, embedding: config.embedding() }
    }
}

/// The U-Net: down through the levels, through the middle, and up again with skip connections.
#[derive(Module, Debug)]
pub struct UNet {
    /// The timestep's embedding.
    pub time: TimestepEmbedding,
    /// The class's, where it is learned.
    pub classes: Option<ClassLayers>,
    /// From the sample's channels to the first level's.
    pub conv_in: Conv2d,
    /// The way down, the finest level first.
    pub down: Vec<DownLevel>,
    /// The middle, where there is one.
    pub middle: Option<Middle>,
    /// The way up, the coarsest level first.
    pub up: Vec<UpLevel>,
    /// Last normalisation.
    pub norm_out: GroupNorm,
    /// To the output's channels, zero at the start.
    pub conv_out: Conv2d,
    #[module(skip)]
    pub(super) shape: Shape,
}

impl UNet {
    /// A network from `inputs` to `outputs` channels, with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`UNetConfig::validate_build`].
    pub fn new(config: &UNetConfig, inputs: usize, outputs: usize, seed: u64, device: &Device) -> Self {
        Builder::new(config, seed, device).build(inputs, outputs)
    }

    /// What each block is told of timestep and class, the activation that it begins with already applied.
    ///
    /// # Shapes
    /// Returns `[samples, embedding]`.
    ///
    /// # Panics
    /// If the conditioning does not pass [`Network::check`].
    pub fn embed(&self, given: &Conditioning, device: &Device) -> Tensor<2> {
        if let Err(error) = self.check(given, given.timesteps.len()) {
            panic!("{error}");
        }
        let time = self.time.forward(given.timesteps, device);
        self.shape.activation.apply(match self.shape.class_embedding {
            Some(_) => time + embed(self.classes.as_ref(), given, self.shape.embedding, device),
            None => time,
        })
    }

    /// As [`Network::forward`], and shows the output of every block to `observe`, by name.
    pub fn forward_observed(
        &self,
        x: Tensor<4>,
        conditioning: Conditioning,
        dropout: Option<DropoutKey>,
        observe: &mut dyn FnMut(&str, &Tensor<4>),
    ) -> Tensor<4> {
        let time = self.embed(&conditioning, &x.device());
        let (conv_in, center_input) = (&self.conv_in, self.shape.center_input);
        let descent = Descent { conv_in, down: &self.down, middle: self.middle.as_ref(), center_input };
        let mut skips = Vec::new();
        let mut x = descent.forward(x, &time, dropout, observe, &mut |x| skips.push(x.clone()));
        for (i, level) in self.up.iter().enumerate() {
            for (j, block) in level.blocks.iter().enumerate() {
                let skip =
                    skips.pop().expect("the way down leaves one activation for each block of the way up");
                x = block.forward(langevin_ops::concat_channels(x, skip), time.clone(), dropout);
                observe(&format!("up.{i}.blocks.{j}"), &x);
                if let Some(attention) = level.attention.get(j) {
                    x = attention.forward(x);
                }
            }
            if let Some(upsample) = &level.upsample {
                x = upsample.forward(x, &time, dropout);
            }
        }
        self.conv_out.forward(self.norm_out.forward_silu(x))
    }
}

impl Network for UNet {
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, dropout: Option<DropoutKey>) -> Tensor<4> {
        self.forward_observed(x, conditioning, dropout, &mut |_, _| {})
    }

    fn check(&self, conditioning: &Conditioning, samples: usize) -> Result<(), ConditioningError> {
        let Shape { class_embedding, embedding, .. } = self.shape;
        match class_embedding {
            Some(classes) => classes.check(conditioning, samples, embedding),
            None => conditioning.without_classes(),
        }
    }

    fn null_class(&self) -> Option<usize> {
        self.shape.class_embedding.and_then(ClassEmbedding::null_class)
    }
}

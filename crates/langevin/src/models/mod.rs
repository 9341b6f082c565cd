//! Networks: (x_t, timestep and class) to a raw output. What the output means is not theirs to know.
//!
//! Adding a network is one new file and one line in [`ModelConfig`] and [`Model`].

mod classifier;
mod conditioning;
mod mlp;
mod tape;
mod unet;
pub mod weights;

pub use classifier::{AttentionPool, Classifier, ClassifierConfig};
pub use conditioning::{Conditioning, ConditioningError};
pub use mlp::{Mlp, MlpConfig, ModulatedLayer};
pub use tape::Tape;
pub use unet::{
    BlockShape, ClassEmbedding, ClassLayers, ClassTable, ConfigError, DownLevel, DownsamplePadding,
    Downsampler, Middle, MiddleConfig, ResBlock, Resampling, TimeConditioning, UNet, UNetConfig, UpLevel,
    Upsampler,
};

pub use crate::nn::Activation;
use crate::nn::DropoutKey;
use crate::tensor::SampleShape;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use langevin_kernels::ConvShape;
use serde::{Deserialize, Serialize};

/// A network that sees noisy samples: one that denoises them, or tells what they show.
pub trait Network: Send {
    /// The raw output for each sample at its own timestep, and of its own class.
    ///
    /// `dropout` names the masks in training; `None` evaluates.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`; returns `[batch, height, width, output channels]`, of a [`Classifier`]
    /// `[batch, 1, 1, classes]`.
    ///
    /// # Panics
    /// If the conditioning does not pass [`Network::check`].
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, dropout: Option<DropoutKey>) -> Tensor<4>;

    /// Checks the classes that the network is to be told with `samples` samples.
    ///
    /// # Errors
    /// If it knows classes and they are missing, too few or too many, or unknown; if it knows none and they are given.
    fn check(&self, conditioning: &Conditioning, _samples: usize) -> Result<(), ConditioningError> {
        conditioning.without_classes()
    }

    /// The number by which the network is told of no class in particular, if it has learned to be.
    fn null_class(&self) -> Option<usize> {
        None
    }
}

/// The configuration of a network.
// There are few of it in a program, as of networks.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// The U-Net of Ho et al. and its relatives.
    Unet(UNetConfig),
    /// The perceptron for points.
    Mlp(MlpConfig),
    /// What tells the class of noisy pictures.
    Classifier(ClassifierConfig),
}

impl ModelConfig {
    /// Checks the configuration against the samples that the network will see.
    ///
    /// # Errors
    /// Says which setting is wrong, and what would do.
    pub fn validate(&self, shape: SampleShape) -> Result<(), ConfigError> {
        match self {
            Self::Unet(config) => config.validate(shape.height, shape.width),
            Self::Mlp(config) => config.validate(shape),
            Self::Classifier(config) => config.validate(shape),
        }
    }

    /// As [`ModelConfig::validate`], without what speaks against training only: what a network from elsewhere must pass.
    ///
    /// # Errors
    /// Says which setting is wrong, and what would do.
    pub fn validate_build(&self, shape: SampleShape) -> Result<(), ConfigError> {
        match self {
            Self::Unet(config) => config.validate_build(shape.height, shape.width),
            Self::Mlp(config) => config.validate(shape),
            Self::Classifier(config) => config.validate_build(shape),
        }
    }

    /// A network with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`ModelConfig::validate_build`].
    pub fn init(&self, shape: SampleShape, seed: u64, device: &Device) -> Model {
        match self {
            Self::Unet(config) => Model::Unet(config.init(shape.channels, seed, device)),
            Self::Mlp(config) => Model::Mlp(config.init(shape.elements(), seed, device)),
            Self::Classifier(config) => Model::Classifier(config.init(shape, seed, device)),
        }
    }

    /// Classes that the network knows, where their number is known.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Unet(UNetConfig {
                class_embedding: Some(ClassEmbedding::Table { classes, .. }), ..
            }) => Some(*classes),
            Self::Classifier(config) => Some(config.classes),
            Self::Unet(_) | Self::Mlp(_) => None,
        }
    }

    /// The number by which the network is told of no class, if it learns that.
    pub fn null_class(&self) -> Option<usize> {
        match self {
            Self::Unet(config) => config.class_embedding.and_then(ClassEmbedding::null_class),
            Self::Mlp(_) | Self::Classifier(_) => None,
        }
    }

    /// Number of elements of all parameters, without building the network.
    pub fn parameter_count(&self, shape: SampleShape) -> u64 {
        match self {
            Self::Unet(config) => config.parameter_count(shape.channels, config.outputs(shape.channels)),
            Self::Mlp(config) => config.parameter_count(shape.elements()),
            Self::Classifier(config) => config.parameter_count(shape),
        }
    }

    /// Multiply-adds of one sample's forward pass by the direct algorithms, without building the network.
    pub fn multiply_adds(&self, shape: SampleShape) -> u64 {
        match self {
            Self::Unet(config) => config.multiply_adds(
                shape.channels,
                config.outputs(shape.channels),
                shape.height,
                shape.width,
            ),
            Self::Mlp(config) => config.multiply_adds(shape.elements()),
            Self::Classifier(config) => config.multiply_adds(shape),
        }
    }

    /// What training the network holds in memory, with the CPU kernels; Burn's own operations keep about twice as much.
    pub fn tape(&self, shape: SampleShape) -> Tape {
        match self {
            Self::Unet(config) => {
                let outputs = config.outputs(shape.channels);
                config.tape(shape.channels, outputs, shape.height, shape.width)
            }
            Self::Mlp(config) => config.tape(shape.elements()),
            Self::Classifier(config) => config.tape(shape),
        }
    }

    /// The convolutions and linear layers of the network, for `samples` samples; `exact` as
    /// [`set_exact`](crate::compute::set_exact) is told.
    pub fn convolutions(&self, shape: SampleShape, samples: usize, exact: bool) -> Vec<ConvShape> {
        match self {
            Self::Unet(config) => {
                let channels = [shape.channels, config.outputs(shape.channels)];
                config.convolutions(channels, [samples, shape.height, shape.width], exact)
            }
            Self::Mlp(config) => config.convolutions(shape.elements(), samples),
            Self::Classifier(config) => config.convolutions(shape, samples, exact),
        }
    }

    /// The configuration in a few words, for a plan.
    pub fn describe(&self) -> String {
        match self {
            Self::Unet(config) => config.describe(),
            Self::Mlp(config) => config.describe(),
            Self::Classifier(config) => config.describe(),
        }
    }
}

/// A network of any kind.
// There is one of it in a program: its size on the stack is of no account.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Model {
    /// The U-Net.
    Unet(UNet),
    /// The perceptron for points.
    Mlp(Mlp),
    /// What tells the class of noisy pictures.
    Classifier(Classifier),
}

impl Network for Model {
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, dropout: Option<DropoutKey>) -> Tensor<4> {
        match self {
            Self::Unet(network) => network.forward(x, conditioning, dropout),
            Self::Mlp(network) => network.forward(x, conditioning, dropout),
            Self::Classifier(network) => network.forward(x, conditioning, dropout),
        }
    }

    fn check(&self, conditioning: &Conditioning, samples: usize) -> Result<(), ConditioningError> {
        match self {
            Self::Unet(network) => network.check(conditioning, samples),
            Self::Mlp(network) => network.check(conditioning, samples),
            Self::Classifier(network) => network.check(conditioning, samples),
        }
    }

    fn null_class(&self) -> Option<usize> {
        match self {
            Self::Unet(network) => network.null_class(),
            Self::Mlp(network) => network.null_class(),
            Self::Classifier(network) => network.null_class(),
        }
    }
}

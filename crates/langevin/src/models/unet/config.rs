//! What a U-Net is made of.

use super::{ClassEmbedding, MiddleConfig, UNet};
use crate::nn::{Activation, Padding, TimestepEncoding};
use burn::tensor::Device;
use langevin_math::EmbeddingOrder;
use serde::{Deserialize, Serialize};

/// How a residual block is told the timestep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeConditioning {
    /// The embedding is added before the block's second normalisation (Ho et al. 2020).
    #[default]
    Additive,
    /// The embedding scales and shifts what the second normalisation gives (Nichol & Dhariwal 2021).
    ScaleShift,
}

impl TimeConditioning {
    /// Numbers that a block of `outputs` channels takes from the embedding.
    pub(super) fn features(self, outputs: usize) -> usize {
        match self {
            Self::Additive => outputs,
            Self::ScaleShift => 2 * outputs,
        }
    }
}

/// Zeros around an activation before its 3×3 convolution of stride 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DownsamplePadding {
    /// One row below and one column to the right (Ho et al. 2020).
    #[default]
    OneSided,
    /// One on every side.
    Symmetric,
}

impl DownsamplePadding {
    pub(super) fn zeros(self) -> Padding {
        match self {
            Self::OneSided => Padding { before: 0, after: 1 },
            Self::Symmetric => Padding::symmetric(1),
        }
    }
}

/// Configuration of a [`UNet`]; the defaults are the paper's flavour.
///
/// The number of input channels is the data's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UNetConfig {
    /// Channels of each level, the finest first.
    pub channels: Vec<usize>,
    /// Residual blocks a level on the way down (one more on the way up).
    pub blocks_per_level: usize,
    /// Levels with self-attention after each block, counted from 1, the finest first.
    #[serde(default)]
    pub attention_levels: Vec<usize>,
    /// Levels with self-attention after each block on the way up; `None`: as on the way down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention_levels_up: Option<Vec<usize>>,
    /// Levels that are left on the way down by a residual block that averages squares of 2×2; the others by a
    /// convolution of stride 2. The coarsest is not left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residual_levels_down: Vec<usize>,
    /// Levels that are left on the way up by a residual block that doubles its positions; the others by doubling and a
    /// convolution. The finest is not left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residual_levels_up: Vec<usize>,
    /// Channels of an attention head; without it and `heads`, one head has all channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_size: Option<usize>,
    /// Heads of every attention, in place of `head_size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Groups of every group normalisation.
    pub groups: usize,
    /// ε of every group normalisation.
    #[serde(default = "default_epsilon")]
    pub epsilon: f64,
    /// Probability of dropout before the second convolution of a block.
    #[serde(default)]
    pub dropout: f64,
    /// The function between the blocks' linear maps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activation: Activation,
    /// Features of the timestep's embedding; `None`: four times the first level's channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_size: Option<usize>,
    /// Sines or cosines first in the timestep's encoding.
    #[serde(default = "default_time_order")]
    pub time_order: EmbeddingOrder,
    /// What timesteps are multiplied by before their encoding: 1000/T for networks that see every process as one of 1,000
    /// steps.
    #[serde(default = "default_timestep_scale", skip_serializing_if = "is_one")]
    pub timestep_scale: f64,
    /// Frequency shift of the timestep's encoding.
    #[serde(default = "default_frequency_shift")]
    pub frequency_shift: f64,
    /// How blocks are told the timestep.
    #[serde(default)]
    pub time_conditioning: TimeConditioning,
    /// Padding of the downsampler.
    #[serde(default)]
    pub downsample_padding: DownsamplePadding,
    /// Whether the network sees 2x − 1 in place of x.
    #[serde(default, skip_serializing_if = "is_default")]
    pub center_input: bool,
    /// Channels of the output; `None`: as many as the samples have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_channels: Option<usize>,
    /// The coarsest level's middle.
    #[serde(default, skip_serializing_if = "is_default")]
    pub middle: MiddleConfig,
    /// How the network is told classes; `None`: it knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_embedding: Option<ClassEmbedding>,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn default_epsilon() -> f64 {
    1e-6
}

fn default_time_order() -> EmbeddingOrder {
    EmbeddingOrder::SinCos
}

fn default_timestep_scale() -> f64 {
    1.0
}

fn is_one(scale: &f64) -> bool {
    *scale == 1.0
}

fn default_frequency_shift() -> f64 {
    1.0
}

impl UNetConfig {
    /// A network for samples of `sample_channels` channels, with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`UNetConfig::validate_build`].
    pub fn init(&self, sample_channels: usize, seed: u64, device: &Device) -> UNet {
        UNet::new(self, sample_channels, self.outputs(sample_channels), seed, device)
    }

    /// Channels of the output for samples of `sample_channels`.
    pub fn outputs(&self, sample_channels: usize) -> usize {
        self.output_channels.unwrap_or(sample_channels)
    }

    /// Channels of the coarsest level.
    ///
    /// # Panics
    /// If there are no levels, which validation refuses.
    pub fn coarsest(&self) -> usize {
        *self.channels.last().expect("a network has levels")
    }

    /// Whether `level`, counted from 1, has self-attention on the way down.
    pub fn attends(&self, level: usize) -> bool {
        self.attention_levels.contains(&level)
    }

    /// Whether `level`, counted from 1, has self-attention on the way up.
    pub fn attends_up(&self, level: usize) -> bool {
        self.attention_levels_up.as_ref().unwrap_or(&self.attention_levels).contains(&level)
    }

    /// Features of the embedding of timestep and class.
    pub fn embedding(&self) -> usize {
        self.embedding_size.unwrap_or_else(|| 4 * self.channels[0])
    }

    /// Heads of an attention over `channels`.
    pub fn heads_of(&self, channels: usize) -> usize {
        self.heads.unwrap_or_else(|| self.head_size.map_or(1, |size| channels / size))
    }

    pub(super) fn encoding(&self) -> TimestepEncoding {
        TimestepEncoding {
            dimensions: self.channels[0],
            order: self.time_order,
            scale: self.timestep_scale,
            frequency_shift: self.frequency_shift,
        }
    }
}

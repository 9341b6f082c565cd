//! What a U-Net is made of, and which of it can work.

use super::UNet;
use crate::nn::{Padding, TimestepEncoding};
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
    /// Levels with self-attention after each block, counted from 1. The middle always attends.
    #[serde(default)]
    pub attention_levels: Vec<usize>,
    /// Channels of an attention head; `None` is one head of all channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_size: Option<usize>,
    /// Groups of every group normalisation.
    pub groups: usize,
    /// ε of every group normalisation.
    #[serde(default = "default_epsilon")]
    pub epsilon: f64,
    /// Probability of dropout before the second convolution of a block.
    #[serde(default)]
    pub dropout: f64,
    /// Sines or cosines first in the timestep's encoding.
    #[serde(default = "default_time_order")]
    pub time_order: EmbeddingOrder,
    /// Frequency shift of the timestep's encoding.
    #[serde(default = "default_frequency_shift")]
    pub frequency_shift: f64,
    /// How blocks are told the timestep.
    #[serde(default)]
    pub time_conditioning: TimeConditioning,
    /// Padding of the downsampler.
    #[serde(default)]
    pub downsample_padding: DownsamplePadding,
}

fn default_epsilon() -> f64 {
    1e-6
}

fn default_time_order() -> EmbeddingOrder {
    EmbeddingOrder::SinCos
}

fn default_frequency_shift() -> f64 {
    1.0
}

impl UNetConfig {
    /// A network for samples of `sample_channels` channels, with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`UNetConfig::validate`].
    pub fn init(&self, sample_channels: usize, seed: u64, device: &Device) -> UNet {
        UNet::new(self, sample_channels, sample_channels, seed, device)
    }

    /// Whether `level`, counted from 1, has self-attention.
    pub fn attends(&self, level: usize) -> bool {
        self.attention_levels.contains(&level)
    }

    pub(super) fn heads(&self, channels: usize) -> usize {
        self.head_size.map_or(1, |size| channels / size)
    }

    pub(super) fn encoding(&self) -> TimestepEncoding {
        TimestepEncoding {
            dimensions: self.channels[0],
            order: self.time_order,
            frequency_shift: self.frequency_shift,
        }
    }

    pub(crate) fn describe(&self) -> String {
        let attention: Vec<String> = self.attention_levels.iter().map(ToString::to_string).collect();
        let attention = match attention.len() {
            0 => "attention in the middle".to_owned(),
            1 => format!("attention at level {}", attention[0]),
            _ => format!("attention at levels {}", attention.join(", ")),
        };
        let blocks = match self.blocks_per_level {
            1 => "1 block".to_owned(),
            blocks => format!("{blocks} blocks"),
        };
        format!("U-Net, channels {:?}, {blocks} a level, {attention}", self.channels)
    }
}

//! The U-Net of Ho et al. 2020 and its relatives.

mod block;
mod build;
mod classes;
mod config;
mod convolutions;
mod cost;
mod describe;
mod down;
mod error;
mod kept;
mod layout;
mod middle;
mod network;
mod resample;
mod size;
mod tape;
mod validate;

pub(super) use build::{Builder, Encoder};
pub(super) use convolutions::linear;
pub(super) use cost::attention;
pub(super) use down::Descent;
pub(super) use tape::push_norm;

pub use block::{BlockShape, ResBlock, Resampling};
pub use classes::{ClassEmbedding, ClassLayers, ClassTable};
pub use config::{DownsamplePadding, TimeConditioning, UNetConfig};
pub use down::DownLevel;
pub use error::ConfigError;
pub use middle::{Middle, MiddleConfig};
pub use network::{UNet, UpLevel};
pub use resample::{Downsampler, Upsampler};

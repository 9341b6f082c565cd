//! The U-Net of Ho et al. 2020 and its relatives.

mod block;
mod build;
mod classes;
mod config;
mod convolutions;
mod cost;
mod describe;
mod error;
mod kept;
mod layout;
mod middle;
mod network;
mod resample;
mod size;
mod validate;

pub(super) use convolutions::linear;

pub use block::{BlockShape, ResBlock, Resampling};
pub use classes::{ClassEmbedding, ClassLayers, ClassTable};
pub use config::{DownsamplePadding, TimeConditioning, UNetConfig};
pub use error::ConfigError;
pub use middle::{Middle, MiddleConfig};
pub use network::{DownLevel, UNet, UpLevel};
pub use resample::{Downsampler, Upsampler};

//! The U-Net of Ho et al. 2020 and its relatives.

mod block;
mod config;
mod network;

pub use block::ResBlock;
pub use config::{ConfigError, DownsamplePadding, TimeConditioning, UNetConfig};
pub use network::{DownLevel, Middle, UNet, UpLevel};

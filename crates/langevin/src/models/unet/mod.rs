//! The U-Net of Ho et al. 2020 and its relatives.

mod block;
mod config;
mod cost;
mod kept;
mod network;
mod size;
mod validate;

pub use block::ResBlock;
pub use config::{DownsamplePadding, TimeConditioning, UNetConfig};
pub use network::{DownLevel, Middle, UNet, UpLevel};
pub use validate::ConfigError;

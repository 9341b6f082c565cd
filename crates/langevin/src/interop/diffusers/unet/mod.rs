//! A U-Net's configuration as `UNet2DModel` has it.

mod blocks;
mod fields;
mod read;
mod write;

pub use read::{ForeignUNet, read_unet_config, unet_from_config};
pub use write::unet_config;

/// The version of diffusers whose configuration is written.
pub(super) const DIFFUSERS_VERSION: &str = "0.42.1";

#[cfg(test)]
mod tests;

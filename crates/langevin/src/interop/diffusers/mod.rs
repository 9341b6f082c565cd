//! A U-Net as a pipeline folder of the Python library diffusers.
//!
//! ```text
//! model_index.json                             what the folder holds
//! unet/config.json                             the network
//! unet/diffusion_pytorch_model.safetensors     its weights
//! scheduler/scheduler_config.json              the diffusion process
//! ```

mod names;
mod pipeline;
mod scheduler;
mod unet;

pub use names::{foreign_error, foreign_name, from_diffusers, to_diffusers};
pub use pipeline::{WEIGHTS_FILE, check_network, read_unet_weights, write_pipeline};
pub use scheduler::scheduler_config;
pub use unet::{ForeignUNet, read_unet_config, unet_config, unet_from_config};

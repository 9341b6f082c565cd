//! A U-Net as a pipeline folder of the Python library diffusers.
//!
//! ```text
//! model_index.json                             what the folder holds
//! unet/config.json                             the network
//! unet/diffusion_pytorch_model.safetensors     its weights
//! scheduler/scheduler_config.json              the diffusion process
//! ```
//!
//! That is what [`PipelineModel`] writes. [`Pipeline::open`] also reads what else diffusers has saved: the three files
//! in one folder, the network's folder alone, weights in several parts, variants, pickled weights.

mod error;
mod files;
mod layout;
mod names;
mod open;
mod pipeline;
mod sampling;
mod scheduler;
mod unet;

pub use error::PipelineError;
pub use files::WeightFiles;
pub use layout::{Layout, is_pipeline, parse_json};
pub use names::{foreign_error, foreign_name, from_diffusers, to_diffusers};
pub use open::Pipeline;
pub use pipeline::{PipelineModel, WEIGHTS_FILE, check_pipeline, read_unet_weights};
pub use sampling::{CLASSES, Class, Scheduler, SchedulerError, field_for};
pub use scheduler::{SchedulerConfig, read_scheduler, scheduler_config};
pub use unet::{ForeignUNet, read_unet_config, unet_config, unet_from_config};

pub(crate) use files::read_file as read_weights;
pub(crate) use open::{check, recipe_around, settings_around};

//! Langevin: train a denoising diffusion model on pictures or points, and sample from it.
//!
//! - [`data::load`] gives a data set: a built-in one, a folder, an archive, arrays.
//! - A [`config::Recipe`] and the data make [`config::Settings`]; [`train::Trainer`] and [`train::train`] run them.
//! - [`TrainedModel`] loads what came out, and samples from it.
//!
//! Samples are `f32`, channels last, pictures scaled to [−1, 1]; a point is a picture of one position and two
//! channels. The equations are in [`math`], in f64.

#![forbid(unsafe_code)]

pub mod compute;
pub mod config;
pub mod data;
pub mod diffusion;
pub mod eval;
pub mod features;
mod files;
pub mod interop;
pub mod models;
pub mod nn;
pub mod pipeline;
pub mod render;
pub mod sampler;
pub mod tensor;
pub mod train;

pub use langevin_math as math;
pub use pipeline::{Inpainting, Renoising, SampleError, SampleOptions, SamplerChoice, TrainedModel};
pub use tensor::{SampleShape, cpu};

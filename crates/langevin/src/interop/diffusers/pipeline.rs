//! The pipeline folder: writing all of it, reading the network's weights.

use super::unet::DIFFUSERS_VERSION;
use super::{from_diffusers, scheduler_config, to_diffusers, unet_config};
use crate::config::DiffusionConfig;
use crate::diffusion::Bound;
use crate::files::{write_folder, write_whole};
use crate::interop::safetensors::{self, SafetensorsError};
use crate::models::weights::Weights;
use crate::models::{ModelConfig, UNetConfig};
use crate::tensor::SampleShape;
use langevin_math::Prediction;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// The weights within the pipeline folder.
pub const WEIGHTS_FILE: &str = "unet/diffusion_pytorch_model.safetensors";

/// A U-Net and its process, as a pipeline holds them.
#[derive(Clone, Copy, Debug)]
pub struct PipelineModel<'a> {
    /// The network.
    pub network: &'a UNetConfig,
    /// The process that it was trained for.
    pub diffusion: &'a DiffusionConfig,
    /// The shape of a sample.
    pub shape: SampleShape,
    /// What is done to x̂_0 in sampling.
    pub bound: Bound,
}

impl PipelineModel<'_> {
    /// Writes the pipeline as a new folder, whole or not at all.
    ///
    /// # Errors
    /// As [`PipelineModel::write`]; and if there is something in `folder` already.
    pub fn save(&self, folder: &Path, weights: Weights) -> Result<(), SafetensorsError> {
        let failed = |cause| SafetensorsError::Write { path: folder.to_owned(), cause };
        write_folder(folder, failed, |aside| self.write(aside, weights))
    }

    /// Writes the pipeline into `folder`, which exists.
    ///
    /// # Errors
    /// If diffusers has no such model, or a file cannot be written; the message names it.
    pub fn write(&self, folder: &Path, weights: Weights) -> Result<(), SafetensorsError> {
        let index = json!({
            "_class_name": "DDPMPipeline",
            "_diffusers_version": DIFFUSERS_VERSION,
            "scheduler": ["diffusers", "DDPMScheduler"],
            "unet": ["diffusers", "UNet2DModel"],
        });
        let foreign = |message| SafetensorsError::Foreign { path: folder.to_owned(), message };
        self.check().map_err(foreign)?;
        let unet = unet_config(self.network, self.shape).map_err(foreign)?;
        write_json(folder, "model_index.json", &index)?;
        write_json(folder, "unet/config.json", &unet)?;
        let scheduler = scheduler_config(self.diffusion, self.bound);
        write_json(folder, "scheduler/scheduler_config.json", &scheduler)?;
        safetensors::write(&folder.join(WEIGHTS_FILE), &to_diffusers(weights))
    }

    /// Whether diffusers can hold the model.
    ///
    /// # Errors
    /// Says why it cannot.
    pub fn check(&self) -> Result<(), String> {
        unet_config(self.network, self.shape)?;
        if self.diffusion.prediction == Prediction::PosteriorMean {
            return Err(
                "no scheduler of diffusers takes a network that predicts the posterior's mean".to_owned()
            );
        }
        Ok(())
    }
}

/// Whether diffusers can hold a model of any kind as a pipeline.
///
/// # Errors
/// Says why it cannot.
pub fn check_pipeline(
    model: &ModelConfig,
    diffusion: &DiffusionConfig,
    shape: SampleShape,
) -> Result<(), String> {
    match model {
        ModelConfig::Unet(network) => PipelineModel { network, diffusion, shape, bound: Bound::None }.check(),
        ModelConfig::Mlp(_) => Err("diffusers has no perceptron for points".to_owned()),
        ModelConfig::Classifier(_) => Err("diffusers has no classifier of noisy pictures".to_owned()),
    }
}

/// Reads the U-Net's weights from a pipeline folder, under our names, for a network whose parameters are
/// `names`.
///
/// # Errors
/// If the file cannot be read or is malformed.
pub fn read_unet_weights(folder: &Path, names: &[String]) -> Result<Weights, SafetensorsError> {
    Ok(from_diffusers(safetensors::read(&folder.join(WEIGHTS_FILE))?, names))
}

fn write_json(folder: &Path, name: &str, value: &Value) -> Result<(), SafetensorsError> {
    let path = folder.join(name);
    let written = write_whole(&path, |file| writeln!(file, "{value:#}"));
    written.map_err(|cause| SafetensorsError::Write { path, cause })
}

//! A network that was trained elsewhere as a checkpoint of ours.

use super::manifest::Manifest;
use super::write::{failed, write_settings, write_unet};
use super::{CheckpointError, EMA};
use crate::config::Settings;
use crate::diffusion::Bound;
use crate::files::write_folder;
use crate::interop::diffusers::PipelineModel;
use crate::interop::safetensors;
use crate::models::ModelConfig;
use crate::models::weights::Weights;
use crate::train::progress::Progress;
use std::path::Path;

/// Writes a U-Net or a classifier as a new checkpoint folder, whole or not at all: to sample from, and to start training from its weights.
/// It has no weights beside the averaged ones and no state of an optimiser, so no run goes on from it.
///
/// # Errors
/// If something is in `folder` already, a file cannot be written, or the network is one for points.
pub fn write_converted(
    folder: &Path,
    settings: &Settings,
    bound: Bound,
    weights: Weights,
) -> Result<(), CheckpointError> {
    let recipe = &settings.recipe;
    if matches!(recipe.model, ModelConfig::Mlp(_)) {
        let message = "only U-Nets and classifiers are converted".to_owned();
        return Err(CheckpointError::State { path: folder.to_owned(), message });
    }
    write_folder(
        folder,
        |cause| failed(folder)(cause),
        |aside| {
            match &recipe.model {
                ModelConfig::Unet(network) => {
                    let (diffusion, shape) = (&recipe.diffusion, settings.shape);
                    write_unet(aside, PipelineModel { network, diffusion, shape, bound }, weights)?;
                }
                ModelConfig::Mlp(_) | ModelConfig::Classifier(_) => {
                    safetensors::write(&aside.join(EMA), &weights)?;
                }
            }
            let bound = Some(bound).filter(|&bound| bound != settings.bound());
            write_settings(aside, settings, Progress::default(), bound)?;
            Manifest::write(aside)
        },
    )
}

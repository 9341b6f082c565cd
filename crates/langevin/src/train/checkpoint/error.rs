//! Why a checkpoint cannot be found, read or written.

use crate::config::RecipeError;
use crate::interop::diffusers::PipelineError;
use crate::interop::safetensors::SafetensorsError;
use crate::models::weights::WeightsError;
use std::path::PathBuf;

/// Why a checkpoint cannot be found, read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CheckpointError {
    #[error(
        "{path} is neither a run folder nor a checkpoint: give a folder that `langevin train` made, such as \
         runs/digits-001, one of its checkpoints/step-NNNNNNN, or a pipeline of one unconditional U-Net that diffusers saved"
    )]
    NotAModel { path: PathBuf },
    #[error(
        "{path} was stopped before its first checkpoint, so there is nothing to go on with: start again, with another --out"
    )]
    NoCheckpoint { path: PathBuf },
    #[error("cannot read {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("cannot write {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error("{path} is not a sound checkpoint state: {message}")]
    State { path: PathBuf, message: String },
    #[error(
        "{path} is damaged: {message}; use an earlier checkpoint of the run (if the file was changed on purpose, remove \
         the checkpoint's langevin/manifest.json)"
    )]
    Damaged { path: PathBuf, message: String },
    #[error("{array} holds numbers that are not finite, so no checkpoint {path} is written")]
    NotFinite { path: PathBuf, array: String },
    #[error("{path}: {cause}")]
    Recipe { path: PathBuf, cause: RecipeError },
    #[error(transparent)]
    Weights(#[from] SafetensorsError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error(
        "{path} is a classifier, which tells classes and draws nothing: give a model here, and this as --classifier"
    )]
    DrawsNothing { path: PathBuf },
    #[error("{path} is no classifier: give a run of `langevin train-classifier`")]
    NoClassifier { path: PathBuf },
    #[error("{path} has averaged weights only, none as trained: leave --weights raw out")]
    NoRaw { path: PathBuf },
    #[error("{path}: {cause}")]
    Misfit { path: PathBuf, cause: WeightsError },
}

//! Checkpoints: what a model needs to be sampled from, and a run to go on.
//!
//! ```text
//! step-0002000/
//!   model_index.json, unet/, scheduler/    a U-Net as a diffusers pipeline, with the averaged weights
//!   langevin/state.json                    step, shape and levels of the samples
//!   langevin/recipe.toml                   the settings
//!   langevin/ema.safetensors               the averaged weights of networks that diffusers has not
//!   langevin/raw.safetensors               the weights as trained
//!   langevin/optimizer.safetensors         both moments
//!   langevin/losses.safetensors            the last losses of each timestep, where they decide which are drawn
//! ```

mod converted;
mod find;
mod moments;
mod weights;
mod write;

pub use converted::write_converted;
pub use find::find_checkpoint;

use crate::config::{DataFacts, Recipe, RecipeError, Settings};
use crate::diffusion::Bound;
use crate::interop::diffusers::{Pipeline, PipelineError, is_pipeline};
use crate::interop::safetensors::SafetensorsError;
use crate::models::weights::{Weights, WeightsError};
use crate::tensor::SampleShape;
use crate::train::timesteps::LossHistory;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use write::{failed, write_arrays, write_settings};

const STATE: &str = "langevin/state.json";
const RECIPE: &str = "langevin/recipe.toml";
const EMA: &str = "langevin/ema.safetensors";
const RAW: &str = "langevin/raw.safetensors";
const OPTIMIZER: &str = "langevin/optimizer.safetensors";
const HISTORY: &str = "langevin/losses.safetensors";

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
    #[error("{path}: {cause}")]
    Recipe { path: PathBuf, cause: RecipeError },
    #[error(transparent)]
    Weights(#[from] SafetensorsError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error("{path} has averaged weights only, none as trained: leave --weights raw out")]
    NoRaw { path: PathBuf },
    #[error("{path}: {cause}")]
    Misfit { path: PathBuf, cause: WeightsError },
}

/// Which weights of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightsKind {
    /// The moving average: what samples are usually drawn from.
    #[default]
    Ema,
    /// As trained.
    Raw,
}

#[derive(Serialize, Deserialize)]
struct State {
    format: u32,
    step: u64,
    shape: SampleShape,
    levels: Option<u32>,
    data: DataFacts,
    /// What is done to x̂_0 in sampling, where that is not what such samples usually have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<Bound>,
}

/// A checkpoint on the disk: its settings, read; its weights, on demand.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The folder.
    pub folder: PathBuf,
    /// Optimiser steps made.
    pub step: u64,
    /// The settings of the run.
    pub settings: Settings,
    /// The pipeline of another program that it is, in place of a checkpoint of ours.
    pub pipeline: Option<Pipeline>,
    bound: Option<Bound>,
}

/// The parameters and moments of a run, in the network's order.
pub struct TrainingState<'a> {
    /// Name and shape of each parameter.
    pub parameters: &'a [(String, Vec<usize>)],
    /// The weights as trained.
    pub raw: Weights,
    /// The averaged weights.
    pub ema: &'a [Vec<f32>],
    /// First moments.
    pub first: &'a [Vec<f32>],
    /// Second moments.
    pub second: &'a [Vec<f32>],
    /// The last losses of each timestep, where they decide which are drawn.
    pub history: Option<&'a LossHistory>,
}

impl Checkpoint {
    /// Reads the settings of the checkpoint in `folder`, or of the pipeline of another program.
    ///
    /// # Errors
    /// If a file is missing or unsound; the message names it.
    pub fn open(folder: &Path) -> Result<Self, CheckpointError> {
        Self::open_sized(folder, None)
    }

    /// As [`Checkpoint::open`]; `size`, height and width of a sample, is for pipelines that do not say their own.
    ///
    /// # Errors
    /// If a file is missing or unsound; the message names it.
    pub fn open_sized(folder: &Path, size: Option<[usize; 2]>) -> Result<Self, CheckpointError> {
        if !folder.join(STATE).is_file() && is_pipeline(folder) {
            let pipeline = Pipeline::open(folder, size)?;
            let (settings, bound) = (pipeline.settings.clone(), Some(pipeline.scheduler.bound()));
            return Ok(Self {
                folder: folder.to_owned(),
                step: 0,
                settings,
                pipeline: Some(pipeline),
                bound,
            });
        }
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|cause| CheckpointError::Read { path: path.to_owned(), cause })
        };
        let path = folder.join(STATE);
        let state: State = serde_json::from_str(&read(&path)?)
            .map_err(|error| CheckpointError::State { path: path.clone(), message: error.to_string() })?;
        let unsound = |message: String| CheckpointError::State { path: path.clone(), message };
        if state.format != 1 {
            return Err(unsound(format!("format {} is not one that this version reads (1)", state.format)));
        }
        let path = folder.join(RECIPE);
        let recipe = Recipe::parse(&path.display().to_string(), &read(&path)?)
            .map_err(|cause| CheckpointError::Recipe { path: path.clone(), cause })?;
        let settings = Settings { recipe, shape: state.shape, levels: state.levels, data: state.data };
        settings.check().map_err(|error| unsound(error.to_string()))?;
        let (folder, bound) = (folder.to_owned(), state.bound);
        Ok(Self { folder, step: state.step, settings, pipeline: None, bound })
    }

    /// What is done to x̂_0 in sampling.
    pub fn bound(&self) -> Bound {
        self.bound.unwrap_or_else(|| self.settings.bound())
    }

    /// Whether training can go on from here: there is a state of the optimiser.
    pub fn is_resumable(&self) -> bool {
        self.folder.join(OPTIMIZER).is_file()
    }

    /// Writes a checkpoint: aside first, then renamed, so that a folder of the name is always whole.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(
        folder: &Path,
        settings: &Settings,
        step: u64,
        state: TrainingState,
    ) -> Result<(), CheckpointError> {
        let aside = folder.with_extension("partial");
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(failed(&aside))?;
        }
        let inner = aside.join("langevin");
        fs::create_dir_all(&inner).map_err(failed(&inner))?;
        write_arrays(&aside, settings, state)?;
        write_settings(&aside, settings, step, None)?;
        let old = folder.with_extension("old");
        if folder.exists() {
            fs::rename(folder, &old).map_err(failed(folder))?;
        }
        fs::rename(&aside, folder).map_err(failed(folder))?;
        if old.exists() {
            fs::remove_dir_all(&old).map_err(failed(&old))?;
        }
        Ok(())
    }
}

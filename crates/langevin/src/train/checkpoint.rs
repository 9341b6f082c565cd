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
//!   langevin/manifest.json                 size and SHA-256 of all of these
//! ```

mod converted;
mod error;
mod find;
mod manifest;
mod moments;
mod record;
mod weights;
mod write;

pub use converted::write_converted;
pub use error::CheckpointError;
pub use find::{Found, find_checkpoint, newest_checkpoint};
pub(super) use find::{clear_leftovers, remove_outdated};

use super::progress::Progress;
use crate::config::{DataFacts, Recipe, Settings};
use crate::diffusion::Bound;
use crate::files::sync_folders;
use crate::interop::diffusers::{Pipeline, is_pipeline};
use crate::models::weights::Weights;
use crate::tensor::SampleShape;
use crate::train::timesteps::LossHistory;
use manifest::Manifest;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use write::{failed, write_arrays, write_settings};

const STATE: &str = "langevin/state.json";
pub(super) const RECIPE: &str = "langevin/recipe.toml";
const EMA: &str = "langevin/ema.safetensors";
const RAW: &str = "langevin/raw.safetensors";
const OPTIMIZER: &str = "langevin/optimizer.safetensors";
const HISTORY: &str = "langevin/losses.safetensors";
const MANIFEST: &str = "langevin/manifest.json";

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
    #[serde(flatten)]
    progress: Progress,
    shape: SampleShape,
    levels: Option<u32>,
    data: DataFacts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    class_names: Vec<String>,
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
    /// Where the run stood.
    pub(super) progress: Progress,
    /// The settings of the run.
    pub settings: Settings,
    /// The pipeline of another program that it is, in place of a checkpoint of ours.
    pub pipeline: Option<Pipeline>,
    bound: Option<Bound>,
    manifest: Option<Manifest>,
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
    /// Where the run stands.
    pub(super) progress: &'a Progress,
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
        // One of ours that lost its state is a pipeline too, and is not taken for one.
        let ours = [STATE, MANIFEST].iter().any(|name| folder.join(name).is_file());
        if !ours && is_pipeline(folder) {
            let pipeline = Pipeline::open(folder, size)?;
            let (settings, bound) = (pipeline.settings.clone(), Some(pipeline.scheduler.bound()));
            return Ok(Self {
                folder: folder.to_owned(),
                step: 0,
                progress: Progress::default(),
                settings,
                pipeline: Some(pipeline),
                bound,
                manifest: None,
            });
        }
        let manifest = Manifest::read(folder)?;
        if let Some(manifest) = &manifest {
            manifest.check_sizes(folder)?;
            manifest.check_content(folder, |name| [STATE, RECIPE].contains(&name))?;
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
        let State { shape, levels, data, class_names, .. } = state;
        let settings = Settings { recipe, shape, levels, data, class_names };
        settings.check().map_err(|error| unsound(error.to_string()))?;
        if let Some(bound) = state.bound.filter(|bound| !bound.is_sound()) {
            return Err(unsound(format!("its bound is {bound:?}, whose numbers cannot be applied")));
        }
        let (folder, bound, progress) = (folder.to_owned(), state.bound, state.progress);
        Ok(Self { folder, step: progress.step, progress, settings, pipeline: None, bound, manifest })
    }

    /// Checks that every file has the content that was written, as far as there is a manifest.
    ///
    /// # Errors
    /// Names the first file that has not.
    pub fn check_all(&self) -> Result<(), CheckpointError> {
        self.manifest.as_ref().map_or(Ok(()), |manifest| manifest.check_content(&self.folder, |_| true))
    }

    /// As [`Checkpoint::check_all`], of one file.
    fn check_file(&self, name: &str) -> Result<(), CheckpointError> {
        self.manifest.as_ref().map_or(Ok(()), |manifest| {
            manifest.check_listed(&self.folder, name)?;
            manifest.check_content(&self.folder, |file| file == name)
        })
    }

    /// What is done to x̂_0 in sampling.
    pub fn bound(&self) -> Bound {
        self.bound.unwrap_or_else(|| self.settings.bound())
    }

    /// Whether training can go on from here: there is a state of the optimiser.
    pub fn is_resumable(&self) -> bool {
        self.folder.join(OPTIMIZER).is_file()
    }

    /// Writes a checkpoint: aside first, with a manifest, waiting until it is on the disk, and then renamed, so that a folder
    /// of the name is always whole. Of one that cannot be written nothing is left.
    ///
    /// # Errors
    /// If a file cannot be written, or an array holds a number that is not finite.
    pub fn write(folder: &Path, settings: &Settings, state: TrainingState) -> Result<(), CheckpointError> {
        state.check_finite(folder)?;
        let aside = folder.with_extension("partial");
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(failed(&aside))?;
        }
        Self::write_aside(&aside, settings, state).inspect_err(|_| {
            // The first cause is the one to tell; on a full disk, the room may be needed.
            let _ = fs::remove_dir_all(&aside);
        })?;
        let old = folder.with_extension("old");
        if folder.exists() {
            fs::rename(folder, &old).map_err(failed(folder))?;
        }
        fs::rename(&aside, folder).map_err(|cause| {
            // What was there before is better than nothing.
            let _ = fs::rename(&old, folder);
            failed(folder)(cause)
        })?;
        if old.exists() {
            fs::remove_dir_all(&old).map_err(failed(&old))?;
        }
        let parent = folder.parent().unwrap_or(folder);
        sync_folders(parent, 0).map_err(failed(parent))
    }

    fn write_aside(aside: &Path, settings: &Settings, state: TrainingState) -> Result<(), CheckpointError> {
        let inner = aside.join("langevin");
        fs::create_dir_all(&inner).map_err(failed(&inner))?;
        let progress = state.progress.clone();
        write_arrays(aside, settings, state)?;
        write_settings(aside, settings, progress, None)?;
        Manifest::write(aside)?;
        sync_folders(aside, 1).map_err(failed(aside))
    }
}

impl TrainingState<'_> {
    /// Refuses numbers that training could not go on from.
    fn check_finite(&self, path: &Path) -> Result<(), CheckpointError> {
        let raw = self.parameters.iter().filter_map(|(name, _)| Some(&self.raw.get(name)?.values));
        let kinds = [
            ("the average of", self.ema.iter().collect::<Vec<_>>()),
            ("the first moment of", self.first.iter().collect()),
            ("the second moment of", self.second.iter().collect()),
            ("the weight", raw.collect()),
        ];
        for (kind, arrays) in kinds {
            for ((name, _), values) in self.parameters.iter().zip(arrays) {
                if !values.iter().all(|value| value.is_finite()) {
                    let array = format!("{kind} {name}");
                    return Err(CheckpointError::NotFinite { path: path.to_owned(), array });
                }
            }
        }
        Ok(())
    }
}

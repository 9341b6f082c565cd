//! The text of a recipe: TOML, every key known, changeable by `key=value`.

use crate::data::Channels;
use crate::models::ModelConfig;
use langevin_math::{Prediction, Schedule, Variance};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that decides what a training run does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What it is for, in a line.
    #[serde(default)]
    pub description: String,
    /// The data.
    #[serde(default)]
    pub data: DataConfig,
    /// The diffusion process and what the network predicts.
    #[serde(default)]
    pub diffusion: DiffusionConfig,
    /// The network.
    pub model: ModelConfig,
    /// The training.
    pub train: TrainConfig,
    /// The sample grids on the way.
    #[serde(default)]
    pub sample: SampleConfig,
}

/// Where the training data comes from and how it is prepared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A built-in name, a folder, or a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Which part, where the source has several ("train" when not given).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Height and width to resize and crop to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Channels to convert to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Channels>,
    /// Where to look for a data set that the system does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Points to generate, for the generated sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Part held out of training, in [0, 1); when not given, 5 % of a set of at least 2,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holdout: Option<f64>,
    /// Flip half of the pictures horizontally.
    pub flip: bool,
}

/// The forward process, and the meaning of the network's output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiffusionConfig {
    /// T.
    pub timesteps: usize,
    /// β_t.
    pub schedule: Schedule,
    /// What the network predicts.
    pub prediction: Prediction,
    /// σ_t² of the reverse process.
    pub variance: Variance,
}

impl Default for DiffusionConfig {
    fn default() -> Self {
        Self {
            timesteps: 1000,
            schedule: Schedule::default(),
            prediction: Prediction::Epsilon,
            variance: Variance::FixedLarge,
        }
    }
}

/// The optimiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Kingma & Ba 2015.
    #[default]
    Adam,
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    Adamw,
}

/// What the learning rate does after its warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearningRateDecay {
    /// It stays.
    #[default]
    Constant,
    /// It falls to zero at the last step along half a cosine.
    Cosine,
}

/// How timesteps are drawn in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimestepSampling {
    /// Each sample's independently and uniformly.
    #[default]
    Uniform,
    /// In pairs (t, T − 1 − t), the first of each uniformly.
    Antithetic,
}

/// The training loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Optimiser steps in total.
    pub steps: u64,
    /// Samples a step.
    pub batch: usize,
    /// Samples a forward pass; fewer than `batch` accumulates gradients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_batch: Option<usize>,
    /// Seed of weights, data order, timesteps, noise and dropout.
    #[serde(default)]
    pub seed: u64,
    /// The optimiser.
    #[serde(default)]
    pub optimizer: OptimizerKind,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Steps over which the rate rises linearly from zero.
    #[serde(default)]
    pub warmup_steps: u64,
    /// What the rate does then.
    #[serde(default)]
    pub decay: LearningRateDecay,
    /// β₁ and β₂ of the optimiser.
    #[serde(default = "default_betas")]
    pub betas: [f64; 2],
    /// ε of the optimiser.
    #[serde(default = "default_epsilon")]
    pub epsilon: f64,
    /// Weight decay of AdamW.
    #[serde(default)]
    pub weight_decay: f64,
    /// Largest global norm of the gradient; 0 does not clip.
    #[serde(default = "default_clip")]
    pub clip_norm: f64,
    /// Decay of the moving average of the weights, reached by a warm-up.
    pub ema: f64,
    /// How timesteps are drawn.
    #[serde(default)]
    pub timestep_sampling: TimestepSampling,
    /// Steps between lines of `metrics.jsonl`; a line's loss is the mean over them.
    #[serde(default = "default_log_every")]
    pub log_every: u64,
    /// Steps between looks at the held-out loss.
    #[serde(default = "default_holdout_every")]
    pub holdout_every: u64,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
}

fn default_betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f64 {
    1e-8
}

fn default_clip() -> f64 {
    1.0
}

fn default_holdout_every() -> u64 {
    250
}

fn default_log_every() -> u64 {
    1
}

/// The sample grids that a run draws as it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SampleConfig {
    /// Whether to draw them.
    pub grid: bool,
    /// Training steps between them.
    pub grid_every: u64,
    /// Samples of a grid.
    pub grid_samples: usize,
    /// Respaced reverse steps of a grid.
    pub grid_steps: usize,
    /// Seed of the samples; the same in every grid, so that a sample is seen to take shape.
    pub seed: u64,
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self { grid: true, grid_every: 1000, grid_samples: 16, grid_steps: 50, seed: 0 }
    }
}

/// Why a recipe cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RecipeError {
    #[error("the recipe {name} cannot be read as TOML: {message}")]
    Parse { name: String, message: String },
    #[error("--set {assignment} is not of the form key=value, for example --set train.learning_rate=2e-4")]
    Assignment { assignment: String },
    #[error("--set {assignment} does not fit the recipe: {message}")]
    Set { assignment: String, message: String },
    #[error("there is no recipe {name:?}: it is neither a file nor one of {known}")]
    Unknown { name: String, known: String },
    #[error("cannot read the recipe {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
}

impl Recipe {
    /// Parses TOML text; `name` is for the error message.
    ///
    /// # Errors
    /// If the text is not TOML, or a key is missing, unknown or of the wrong type.
    pub fn parse(name: &str, text: &str) -> Result<Self, RecipeError> {
        toml::from_str(text)
            .map_err(|error| RecipeError::Parse { name: name.to_owned(), message: one_line(&error) })
    }

    /// The recipe as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every recipe has a TOML form")
    }

    /// The recipe with one key changed, as in `train.learning_rate=2e-4`. The value is TOML; what is not
    /// TOML is taken as a string.
    ///
    /// # Errors
    /// If there is no `=`, no such key, or the value does not fit it.
    pub fn with_assignment(&self, assignment: &str) -> Result<Self, RecipeError> {
        let malformed = || RecipeError::Assignment { assignment: assignment.to_owned() };
        let (path, text) = assignment.split_once('=').ok_or_else(malformed)?;
        let path: Vec<&str> = path.trim().split('.').collect();
        if path.iter().any(|key| key.is_empty()) {
            return Err(malformed());
        }
        let value = parse_value(text.trim());
        let mut root = toml::Table::try_from(self).expect("every recipe has a TOML form");
        let (last, parents) = path.split_last().ok_or_else(malformed)?;
        let mut table = &mut root;
        for key in parents {
            let entry = table.entry(*key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            table = entry.as_table_mut().ok_or_else(|| RecipeError::Set {
                assignment: assignment.to_owned(),
                message: format!("{key} is a single value and has no keys of its own"),
            })?;
        }
        // Another kind of schedule or network has keys of its own: the old kind's would only be unknown.
        if *last == "kind" && table.get("kind") != Some(&value) {
            table.clear();
        }
        table.insert((*last).to_owned(), value);
        root.try_into().map_err(|error: toml::de::Error| RecipeError::Set {
            assignment: assignment.to_owned(),
            message: one_line(&error),
        })
    }
}

fn parse_value(text: &str) -> toml::Value {
    let document = format!("value = {text}");
    match document.parse::<toml::Table>().ok().and_then(|mut table| table.remove("value")) {
        Some(value) => value,
        None => toml::Value::String(text.to_owned()),
    }
}

fn one_line(error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', " ");
    message.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;

    #[test]
    fn a_recipe_survives_its_own_text() {
        let recipe = builtin_recipe("digits").unwrap();
        assert_eq!(Recipe::parse("again", &recipe.to_toml()).unwrap(), recipe);
    }

    #[test]
    fn assignments_change_one_key() {
        let recipe = builtin_recipe("digits").unwrap();
        let changed = recipe.with_assignment("train.learning_rate=2e-4").unwrap();
        assert_eq!(changed.train.learning_rate, 2e-4);
        let changed = changed.with_assignment("data.size=[28, 20]").unwrap();
        assert_eq!(changed.data.size, Some([28, 20]));
        let changed = changed.with_assignment("diffusion.prediction=v").unwrap();
        assert_eq!(changed.diffusion.prediction, Prediction::V);
        let changed = changed.with_assignment("diffusion.schedule.kind=cosine").unwrap();
        assert_eq!(changed.diffusion.schedule, Schedule::Cosine {});
    }

    #[test]
    fn wrong_assignments_name_what_was_written() {
        let recipe = builtin_recipe("digits").unwrap();
        for (assignment, part) in [
            ("train.steps", "key=value"),
            ("=3", "key=value"),
            ("train.stepz=3", "stepz"),
            ("train.steps=many", "integer"),
            ("train.steps.more=3", "single value"),
        ] {
            let message = recipe.with_assignment(assignment).unwrap_err().to_string();
            assert!(message.contains(assignment) && message.contains(part), "{message}");
        }
    }
}

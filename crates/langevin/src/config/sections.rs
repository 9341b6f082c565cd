//! The sections of a recipe, each with its defaults.

use super::beginning::Beginning;
use super::keep::Keep;
use crate::data::{Channels, OnBadFile};
use langevin_math::{Prediction, Schedule, Variance};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// What is done about files that cannot be used: the run is refused, or they are left out.
    pub on_bad_file: OnBadFile,
    /// Part held out of training, in [0, 1); when not given, 5 % of a set of at least 2,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holdout: Option<f64>,
    /// Flip half of the pictures horizontally.
    pub flip: bool,
    /// Tell the network the class of each sample.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub labels: bool,
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
    /// Timestep t with a probability that grows as √(E L_t²), from the last ten losses of each, which are weighted so that
    /// their mean stays the same; uniformly until every timestep has its ten    (Nichol & Dhariwal 2021, Eq. 18)
    Importance,
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
    /// Part of the samples whose class is kept from the network, in [0, 1), so that it learns to draw without one, too; 0.1
    /// where classes are learned and nothing is said    (Ho & Salimans 2022, Algorithm 1)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_dropout: Option<f64>,
    /// Parts of the network that keep their weights: beginnings of parameters' names, by whole components, such as `down` or
    /// `up.0.attention`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
    /// The model that the run began from, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Beginning>,
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
    /// Which of them stay.
    #[serde(default, skip_serializing_if = "Keep::is_default")]
    pub keep: Keep,
    /// So many steps in a row whose loss or gradient is not a finite number stop the run; fewer are skipped.
    #[serde(default = "default_max_skipped")]
    pub max_skipped: u64,
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

fn default_max_skipped() -> u64 {
    10
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
    /// Reverse steps of a grid.
    pub grid_steps: usize,
    /// Seed of the samples; the same in every grid, so that a sample is seen to take shape.
    pub seed: u64,
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self { grid: true, grid_every: 1000, grid_samples: 16, grid_steps: 50, seed: 0 }
    }
}

/// Numbers of a sample up to which its pixels are used as features: their covariance is as many squared.
pub const LARGEST_PIXELS: usize = 3072;

/// What samples are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureChoice {
    /// Their elements, or where those are more than 64, so many principal components of them.
    #[default]
    Pixels,
    /// EfficientNet-Lite0.
    Lite0,
    /// Inception v3.
    Inception,
}

/// What a run measures of its samples as it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluateConfig {
    /// Training steps between measurements; without it, none are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Samples that are drawn.
    pub samples: usize,
    /// Steps of DDIM by which they are drawn.
    pub steps: usize,
    /// What they are compared by.
    pub features: FeatureChoice,
    /// Seed of the samples; the same in every measurement.
    pub seed: u64,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self { every: None, samples: 1000, steps: 50, features: FeatureChoice::Pixels, seed: 0 }
    }
}

impl EvaluateConfig {
    /// Whether step `step` of a run of `last` is measured: every so many, and the last.
    pub fn is_due(&self, step: u64, last: u64) -> bool {
        self.every.is_some_and(|every| step == last || step.is_multiple_of(every))
    }
}

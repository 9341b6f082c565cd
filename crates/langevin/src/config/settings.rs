//! A recipe that has met its data: complete, checked, ready to train.

use super::trainable::{check_objective, settle_classes, settle_outputs};
use super::{DataConfig, DiffusionConfig, Recipe};
use crate::data::{DataOptions, Dataset, holdout_split};
use crate::diffusion::{Bound, Classes, Process};
use crate::models::ConfigError;
use crate::tensor::SampleShape;
use langevin_math::{MathError, Weighting};
use serde::{Deserialize, Serialize};

/// A set smaller than this is not held out from unless the recipe says so.
const LARGE_SET: usize = 2000;

/// Part of a large set that is held out unless the recipe says otherwise.
const DEFAULT_HOLDOUT: f64 = 0.05;

/// The longest side of a picture.
const MAX_SIDE: usize = 32_768;

/// The largest learning rate and weight decay: far above any that learns, and far below what f32 cannot multiply with.
const LARGEST_RATE: f64 = 1000.0;

/// Everything about a run, with nothing left open.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The recipe, with every choice that depended on the data made.
    pub recipe: Recipe,
    /// The shape of one sample.
    pub shape: SampleShape,
    /// Levels of a pixel's value; `None` for points.
    pub levels: Option<u32>,
    /// The data that they were settled with.
    pub data: DataFacts,
    /// The names of the classes that the network knows, in their order; empty where it knows none, or none by name.
    pub class_names: Vec<String>,
}

/// What tells one data set from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Samples.
    pub count: usize,
    /// [`Dataset::checksum`], or where the network is told classes, [`Dataset::labelled_checksum`].
    pub checksum: u32,
}

impl DataFacts {
    /// Of a data set, whose labels count where the network is told them.
    pub fn of(data: &Dataset, labels: bool) -> Self {
        let checksum = if labels { data.labelled_checksum() } else { data.checksum() };
        Self { count: data.len(), checksum }
    }
}

/// Why a recipe and its data do not go together.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SettingsError {
    #[error(transparent)]
    Model(#[from] ConfigError),
    #[error("the diffusion settings do not work: {0}")]
    Diffusion(#[from] MathError),
    #[error(
        "diffusion.variance is \"learned\", and nothing in objective.kind = \"simple\" trains it: add --set objective.kind=hybrid (or \
         vlb), or use \"fixed-large\" or \"fixed-small\""
    )]
    UntrainedVariance,
    #[error(
        "objective.kind is \"hybrid\", whose bound trains a learned variance alone, and diffusion.variance is {variance:?}: add \
         --set diffusion.variance=learned, or use objective.kind \"simple\" or \"vlb\""
    )]
    NothingToTrain { variance: &'static str },
    #[error(
        "objective.kind is {objective:?}, which needs the probabilities of levels, but {name} is a set of points: use \"simple\""
    )]
    BoundOfPoints { objective: &'static str, name: String },
    #[error("{setting} is {value}: expected {expected}")]
    Value { setting: &'static str, value: String, expected: &'static str },
    #[error("data.holdout {holdout} of {len} samples leaves {left} to train on: hold out less")]
    Holdout { holdout: f64, len: usize, left: usize },
    #[error(
        "data.labels is true, but {name} has {classes} classes, and at least 2 are needed: put the pictures into a folder a class, or labels \
         beside the array"
    )]
    NoLabels { name: String, classes: usize },
    #[error("data.flip is for pictures, but {name} is a set of points: use --set data.flip=false")]
    FlippedPoints { name: String },
}

impl Settings {
    /// Settles what the recipe left to the data, and checks that all of it works together.
    ///
    /// # Errors
    /// Names the setting that does not work, what was expected, and what to do.
    pub fn resolve(mut recipe: Recipe, data: &Dataset) -> Result<Self, SettingsError> {
        let shape = SampleShape { height: data.height(), width: data.width(), channels: data.channels() };
        let holdout =
            recipe.data.holdout.unwrap_or(if data.len() >= LARGE_SET { DEFAULT_HOLDOUT } else { 0.0 });
        recipe.data.holdout = Some(holdout);
        settle_classes(&mut recipe, data)?;
        recipe.model.validate(shape)?;
        check_objective(&recipe, data)?;
        settle_outputs(&mut recipe, shape)?;
        recipe.diffusion.process()?;
        check_numbers(&recipe)?;
        let held_out = (holdout * data.len() as f64).round() as usize;
        if held_out >= data.len() {
            let left = data.len().saturating_sub(held_out);
            return Err(SettingsError::Holdout { holdout, len: data.len(), left });
        }
        if recipe.data.flip && matches!(data, Dataset::Points(_)) {
            return Err(SettingsError::FlippedPoints { name: data.name().to_owned() });
        }
        let (steps, timesteps) = (recipe.sample.grid_steps, recipe.diffusion.timesteps);
        recipe.sample.grid_steps = steps.min(timesteps);
        let batch = recipe.train.batch;
        recipe.train.micro_batch = Some(recipe.train.micro_batch.unwrap_or(batch).min(batch));
        let facts = DataFacts::of(data, recipe.data.labels);
        let class_names = if recipe.data.labels { data.class_names().to_vec() } else { Vec::new() };
        Ok(Self { recipe, shape, levels: data.levels(), data: facts, class_names })
    }

    /// Checks settings that were stored, as far as they can be wrong without their data.
    ///
    /// # Errors
    /// Names the setting that does not work.
    pub fn check(&self) -> Result<(), SettingsError> {
        let SampleShape { height, width, channels } = self.shape;
        let shape = format!("{height}x{width}x{channels}");
        let fits = match self.levels {
            Some(levels) => {
                let sides = 1..=MAX_SIDE;
                sides.contains(&height)
                    && sides.contains(&width)
                    && (1..=4).contains(&channels)
                    && (2..=65_536).contains(&levels)
            }
            None => (height, width, channels) == (1, 1, 2),
        };
        if !fits {
            let expected = "a picture of 1 to 4 channels and 2 to 65,536 levels, or a point (1x1x2)";
            return Err(SettingsError::Value { setting: "shape", value: shape, expected });
        }
        let (names, classes) = (self.class_names.len(), self.recipe.model.classes());
        if names > 0 && classes != Some(names) {
            let expected = "as many as the network knows";
            return Err(SettingsError::Value { setting: "class_names", value: names.to_string(), expected });
        }
        self.recipe.model.validate_build(self.shape)?;
        self.recipe.diffusion.process()?;
        check_numbers(&self.recipe)
    }

    /// Samples to train on, and held out.
    pub fn sample_counts(&self) -> (usize, usize) {
        let holdout = self.recipe.data.holdout.unwrap_or(0.0);
        let (train, held_out) = holdout_split(self.data.count, holdout, self.recipe.train.seed);
        (train.len(), held_out.len())
    }

    /// Whether x̂_0 is bounded to [−1, 1] in sampling: it is for pictures.
    pub fn clips(&self) -> bool {
        self.levels.is_some()
    }

    /// What is done to x̂_0 in sampling.
    pub fn bound(&self) -> Bound {
        if self.clips() { Bound::Clip { range: 1.0 } } else { Bound::None }
    }

    /// The classes that the network learns, one sample of each in turn.
    pub fn classes_in_turn(&self) -> Classes {
        Classes::in_turn(self.recipe.model.classes().unwrap_or(0))
    }

    /// Samples a forward pass.
    pub fn micro_batch(&self) -> usize {
        self.recipe.train.micro_batch.unwrap_or(self.recipe.train.batch)
    }
}

fn check_numbers(recipe: &Recipe) -> Result<(), SettingsError> {
    let check = |ok: bool, setting, value: &dyn ToString, expected| {
        if ok { Ok(()) } else { Err(SettingsError::Value { setting, value: value.to_string(), expected }) }
    };
    let (train, sample) = (&recipe.train, &recipe.sample);
    let lambda = recipe.objective.bound_weight().unwrap_or(0.0);
    check(lambda >= 0.0 && lambda.is_finite(), "objective.lambda", &lambda, "0 or more")?;
    let weighting = recipe.objective.weighting().unwrap_or_default();
    let numbers = match weighting {
        Weighting::Uniform => String::new(),
        Weighting::MinSnr { gamma } => format!("gamma = {gamma}"),
        Weighting::P2 { gamma, k } => format!("gamma = {gamma}, k = {k}"),
    };
    let expected = "gamma above 0 for min-snr; gamma of 0 or more and k above 0 for p2";
    check(weighting.is_sound(), "objective.weighting", &numbers, expected)?;
    let holdout = recipe.data.holdout.unwrap_or(0.0);
    check((0.0..1.0).contains(&holdout), "data.holdout", &holdout, "a part in [0, 1)")?;
    check(train.steps > 0, "train.steps (--steps)", &train.steps, "at least 1")?;
    check(train.steps < 1 << 32, "train.steps (--steps)", &train.steps, "less than 2^32")?;
    check((1..1 << 20).contains(&train.batch), "train.batch (--batch)", &train.batch, "1 to 2^20 - 1")?;
    // No more can be written as TOML, which stores a run's settings.
    check(i64::try_from(train.seed).is_ok(), "train.seed (--seed)", &train.seed, "less than 2^63")?;
    let micro = train.micro_batch.unwrap_or(1);
    check(micro > 0, "train.micro_batch (--micro-batch)", &micro, "at least 1")?;
    let rate = train.learning_rate;
    let expected = "a positive number of at most 1,000";
    check(rate > 0.0 && rate <= LARGEST_RATE, "train.learning_rate", &rate, expected)?;
    for (setting, beta) in ["train.betas[0]", "train.betas[1]"].into_iter().zip(train.betas) {
        check((0.0..1.0).contains(&beta), setting, &beta, "a number in [0, 1)")?;
    }
    check((1e-30..=1e30).contains(&train.epsilon), "train.epsilon", &train.epsilon, "1e-30 to 1e30")?;
    let decay = train.weight_decay;
    check((0.0..=LARGEST_RATE).contains(&decay), "train.weight_decay", &decay, "0 to 1,000")?;
    let label_dropout = train.label_dropout.unwrap_or(0.0);
    check((0.0..1.0).contains(&label_dropout), "train.label_dropout", &label_dropout, "a part in [0, 1)")?;
    check(train.clip_norm >= 0.0, "train.clip_norm", &train.clip_norm, "0 (no clipping) or more")?;
    check((0.0..1.0).contains(&train.ema), "train.ema", &train.ema, "a decay in [0, 1)")?;
    check(train.log_every > 0, "train.log_every", &train.log_every, "at least 1")?;
    check(train.holdout_every > 0, "train.holdout_every", &train.holdout_every, "at least 1")?;
    check(train.checkpoint_every > 0, "train.checkpoint_every", &train.checkpoint_every, "at least 1")?;
    check(train.keep.last != Some(0), "train.keep.last", &0, "at least 1, or nothing to keep all")?;
    check(train.keep.every != Some(0), "train.keep.every", &0, "at least 1, or nothing")?;
    check(train.keep.best <= 1, "train.keep.best", &train.keep.best, "0 or 1")?;
    check(train.max_skipped > 0, "train.max_skipped", &train.max_skipped, "at least 1")?;
    check(sample.grid_every > 0, "sample.grid_every", &sample.grid_every, "at least 1")?;
    check(
        (1..=10_000).contains(&sample.grid_samples),
        "sample.grid_samples",
        &sample.grid_samples,
        "1 to 10,000",
    )?;
    check(sample.grid_steps > 0, "sample.grid_steps", &sample.grid_steps, "at least 1")?;
    let evaluate = &recipe.evaluate;
    check(evaluate.every != Some(0), "evaluate.every", &0, "at least 1, or nothing")?;
    check(evaluate.samples > 1, "evaluate.samples", &evaluate.samples, "at least 2")?;
    check(evaluate.steps > 0, "evaluate.steps", &evaluate.steps, "at least 1")
}

impl DiffusionConfig {
    /// The process that the configuration describes.
    ///
    /// # Errors
    /// If the schedule does not work for so many timesteps.
    pub fn process(&self) -> Result<Process, MathError> {
        Process::new(&self.schedule, self.timesteps, self.prediction, self.variance)
    }
}

impl DataConfig {
    /// What loading the data needs to know; `seed` is that of generated points.
    pub fn options(&self, seed: u64) -> DataOptions {
        DataOptions {
            split: self.split.clone(),
            size: self.size.map(|[height, width]| (height, width)),
            channels: self.channels,
            data_dir: self.data_dir.clone(),
            seed,
            count: self.count,
            on_bad_file: self.on_bad_file,
        }
    }
}

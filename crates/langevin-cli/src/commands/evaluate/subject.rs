//! What is measured: a model, or samples that somebody drew.

use crate::args::{EvaluateArguments, ReadArguments};
use crate::commands::diffuse::options;
use crate::exit::{Failure, usage};
use crate::guidance::{Known, asked};
use crate::sampling;
use langevin::data::{self, Dataset};
use langevin::train::find_checkpoint;
use langevin::{SampleShape, TrainedModel};

/// A model, or samples.
pub enum Subject {
    /// A model, which is asked about data and draws its samples.
    Model(Box<TrainedModel>),
    /// Samples.
    Samples(Dataset),
}

impl Subject {
    /// Opens what the arguments name.
    pub fn open(arguments: &EvaluateArguments) -> Result<Self, Failure> {
        if find_checkpoint(&arguments.what).is_err() {
            return Self::samples(arguments);
        }
        let model = sampling::model(&arguments.what, None, arguments.weights.into())?;
        // A wrong class is known before anything is drawn.
        asked(&arguments.guidance, &Known::of(&model))?;
        if let Some(variance) = arguments.sampler.variance {
            sampling::check_variance(variance, model.process.variance)?;
        }
        Ok(Self::Model(Box::new(model)))
    }

    fn samples(arguments: &EvaluateArguments) -> Result<Self, Failure> {
        let path = arguments.what.display().to_string();
        if !arguments.what.exists() {
            return Err(usage(format!("{path} does not exist: give a model or samples")));
        }
        // A run that has no checkpoint is no folder of pictures either.
        if arguments.what.join("config.toml").is_file() {
            find_checkpoint(&arguments.what)?;
        }
        let read = ReadArguments { split: None, ..arguments.read.clone() };
        let samples = data::load(&path, &options(&read, 0))?;
        if arguments.metrics.iter().any(|metric| !metric.of_samples()) {
            return Err(usage(format!("{path} holds samples, and a likelihood is a model's: leave nll out")));
        }
        if arguments.samples.is_some()
            || arguments.sampler.sampler.is_some()
            || arguments.sampler.steps.is_some()
        {
            return Err(usage(format!(
                "{path} holds samples: --samples, --sampler and --steps are for a model"
            )));
        }
        Ok(Self::Samples(samples))
    }

    /// The model, if it is one.
    pub fn model(&self) -> Option<&TrainedModel> {
        match self {
            Self::Model(model) => Some(model),
            Self::Samples(_) => None,
        }
    }

    /// Whether it is a model.
    pub fn is_model(&self) -> bool {
        self.model().is_some()
    }

    /// The shape of a sample.
    pub fn shape(&self) -> SampleShape {
        match self {
            Self::Model(model) => model.shape(),
            Self::Samples(set) => {
                SampleShape { height: set.height(), width: set.width(), channels: set.channels() }
            }
        }
    }

    /// Levels of a sample's values; `None` for points.
    pub fn levels(&self) -> Option<u32> {
        match self {
            Self::Model(model) => model.settings().levels,
            Self::Samples(set) => set.levels(),
        }
    }
}

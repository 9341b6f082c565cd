//! What is known of a model before its weights are read.

use crate::error::ApiError;
use crate::runs::Stamp;
use langevin::diffusion::{Bound, Process};
use langevin::models::Network;
use langevin::models::{ClassEmbedding, ModelConfig};
use langevin::pipeline::Sampling;
use langevin::train::{Checkpoint, WeightsKind};
use langevin::{SampleShape, TrainedModel};
use serde::Serialize;
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

/// Which weights of which checkpoint; another one that took its place has another stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelKey {
    folder: PathBuf,
    stamp: Stamp,
    weights: WeightsKind,
}

/// A model without its weights: enough to check a request, and to draw once a network is there.
#[derive(Clone)]
pub struct Facts {
    /// What requests call it.
    pub id: String,
    /// Its checkpoint.
    pub checkpoint: Checkpoint,
    /// Which of its weights.
    pub weights: WeightsKind,
    /// What it was trained for.
    pub process: Process,
    stamp: Stamp,
}

/// The greatest weight of a guidance, far above any that helps.
const MOST_GUIDANCE: f64 = 100.0;

/// What a model is, for people and programs.
#[derive(Serialize, ToSchema)]
pub struct ModelFacts {
    id: String,
    /// `pictures` or `points`.
    kind: &'static str,
    height: usize,
    width: usize,
    channels: usize,
    /// Values that an element can take; none for points.
    levels: Option<u32>,
    timesteps: usize,
    schedule: String,
    prediction: String,
    variance: String,
    /// How many classes it knows; none where it knows none.
    classes: Option<usize>,
    /// Their names; none where they have none.
    class_names: Vec<String>,
    /// Whether it can draw without a class, too, so that there is something to guide away from.
    guidable: bool,
    network: String,
    parameters: u64,
    /// What it was trained on.
    data: Option<String>,
    /// Its folder, for a command line.
    path: String,
}

impl Facts {
    /// Of the checkpoint in `folder`.
    ///
    /// # Errors
    /// If it is unsound, or its network is told classes in a way that no request can.
    pub fn open(id: &str, folder: &Path, weights: WeightsKind) -> Result<Self, ApiError> {
        let unsound = |error: &dyn std::fmt::Display| {
            ApiError::failed(format!("the model {id} cannot be used: {error}"))
        };
        let stamp = Stamp::of(folder);
        let checkpoint = Checkpoint::open(folder).map_err(|error| unsound(&error))?;
        if let ModelConfig::Classifier(_) = checkpoint.settings.recipe.model {
            return Err(unsound(&"it is a classifier, which draws nothing"));
        }
        let process = checkpoint.settings.recipe.diffusion.process().map_err(|error| unsound(&error))?;
        Ok(Self { id: id.to_owned(), checkpoint, weights, process, stamp })
    }

    /// The shape of a sample.
    pub fn shape(&self) -> SampleShape {
        self.checkpoint.settings.shape
    }

    /// Values that an element can take; none for points.
    pub fn levels(&self) -> Option<u32> {
        self.checkpoint.settings.levels
    }

    /// What is done to x̂_0 on the way.
    pub fn bound(&self) -> Bound {
        self.checkpoint.bound()
    }

    fn class_embedding(&self) -> Option<ClassEmbedding> {
        match &self.checkpoint.settings.recipe.model {
            ModelConfig::Unet(config) => config.class_embedding,
            ModelConfig::Mlp(_) | ModelConfig::Classifier(_) => None,
        }
    }

    /// How many classes it knows; none where it knows none, or any number.
    pub fn classes(&self) -> Option<usize> {
        match self.class_embedding() {
            Some(ClassEmbedding::Table { classes, .. }) => Some(classes),
            _ => None,
        }
    }

    /// Checks the guidance of a request.
    ///
    /// # Errors
    /// If it is beyond what makes sense, there is no class to guide to, or the model has nothing to guide away from.
    pub fn check_guidance(&self, class: Option<usize>, guidance: Option<f64>) -> Result<(), ApiError> {
        let Some(weight) = guidance else { return Ok(()) };
        if !(-MOST_GUIDANCE..=MOST_GUIDANCE).contains(&weight) {
            let most = MOST_GUIDANCE;
            return Err(ApiError::wrong(format!(
                "guidance is {weight}: give a number from -{most} to {most}"
            )));
        }
        if class.is_none() {
            return Err(ApiError::wrong("guidance goes towards a class: give one, or leave guidance out"));
        }
        if weight != 1.0 && self.checkpoint.settings.recipe.model.null_class().is_none() {
            return Err(ApiError::wrong(
                "the model has not learned to draw without a class: leave guidance out",
            ));
        }
        Ok(())
    }

    /// Checks the class of a request.
    ///
    /// # Errors
    /// If the model knows no classes and one is given, or knows them and none or an unknown one is.
    pub fn check_class(&self, class: Option<usize>) -> Result<(), ApiError> {
        match (self.class_embedding(), class) {
            (None, None) | (Some(ClassEmbedding::Timestep {}), Some(_)) => Ok(()),
            (None, Some(_)) => Err(ApiError::wrong("the model knows no classes: leave class out")),
            (Some(ClassEmbedding::Table { classes, .. }), Some(class)) if class < classes => Ok(()),
            (Some(ClassEmbedding::Table { null_class: true, .. }), None) => Ok(()),
            (Some(ClassEmbedding::Table { classes, .. }), _) => {
                Err(ApiError::wrong(format!("give a class from 0 to {}", classes - 1)))
            }
            (Some(ClassEmbedding::Timestep {}), None) => {
                Err(ApiError::wrong("give a class: a number from 0"))
            }
            (Some(ClassEmbedding::Identity {}), _) => Err(ApiError::wrong(
                "the model takes its classes as vectors, which only a program can give it",
            )),
        }
    }

    /// Draws by `network`.
    pub fn sampling<'a>(&'a self, network: &'a dyn Network) -> Sampling<'a> {
        Sampling { network, process: &self.process, shape: self.shape(), bound: self.bound(), guide: None }
    }

    /// Reads the weights.
    ///
    /// # Errors
    /// If they are damaged, or do not fit.
    pub fn load(&self) -> Result<TrainedModel, String> {
        TrainedModel::of(self.checkpoint.clone(), self.weights).map_err(|error| error.to_string())
    }

    /// What tells one loaded model from another.
    pub fn key(&self) -> ModelKey {
        ModelKey { folder: self.checkpoint.folder.clone(), stamp: self.stamp, weights: self.weights }
    }

    /// For people and programs.
    pub fn describe(&self) -> ModelFacts {
        let (recipe, shape) = (&self.checkpoint.settings.recipe, self.shape());
        // Each is a word in a recipe.
        let word = |value: serde_json::Value| {
            value
                .as_str()
                .map_or_else(|| value["kind"].as_str().unwrap_or_default().to_owned(), str::to_owned)
        };
        let diffusion = serde_json::to_value(&recipe.diffusion).unwrap_or_default();
        ModelFacts {
            id: self.id.clone(),
            kind: if self.levels().is_some() { "pictures" } else { "points" },
            height: shape.height,
            width: shape.width,
            channels: shape.channels,
            levels: self.levels(),
            timesteps: self.process.len(),
            schedule: word(diffusion["schedule"].clone()),
            prediction: word(diffusion["prediction"].clone()),
            variance: word(diffusion["variance"].clone()),
            classes: self.classes(),
            class_names: self.checkpoint.settings.class_names.clone(),
            guidable: recipe.model.null_class().is_some(),
            network: recipe.model.describe(),
            parameters: recipe.model.parameter_count(shape),
            data: recipe.data.source.clone(),
            path: self.checkpoint.folder.display().to_string(),
        }
    }
}

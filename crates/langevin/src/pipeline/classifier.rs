//! A trained classifier, ready to guide and to judge.

use super::{TrainedModel, differentiable, load};
use crate::config::Settings;
use crate::diffusion::{ClassGradient, Process};
use crate::eval::Classification;
use crate::models::{Classifier, Model};
use crate::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use burn::tensor::Tensor;
use std::path::Path;

/// A trained classifier: its network, and the process whose noise it sees through.
pub struct TrainedClassifier {
    /// The checkpoint that it was loaded from.
    pub checkpoint: Checkpoint,
    /// The network.
    pub network: Classifier,
    /// The process that it was trained for.
    pub process: Process,
    /// The network, where it gives gradients by x.
    by_x: Classifier,
}

impl TrainedClassifier {
    /// Loads the newest checkpoint of a run folder, or a checkpoint folder.
    ///
    /// # Errors
    /// If there is none, it is unsound, or it is no classifier's.
    pub fn load(path: impl AsRef<Path>, weights: WeightsKind) -> Result<Self, CheckpointError> {
        Self::of(Checkpoint::open(&find_checkpoint(path.as_ref())?)?, weights)
    }

    /// Loads the weights of a checkpoint.
    ///
    /// # Errors
    /// If they cannot be read, do not fit the network, or it is no classifier.
    pub fn of(checkpoint: Checkpoint, weights: WeightsKind) -> Result<Self, CheckpointError> {
        let (network, process) = load(&checkpoint, weights)?;
        let by_x = differentiable(&network, &checkpoint.settings);
        match (network, by_x) {
            (Model::Classifier(network), Model::Classifier(by_x)) => {
                Ok(Self { checkpoint, network, process, by_x })
            }
            _ => Err(CheckpointError::NoClassifier { path: checkpoint.folder }),
        }
    }

    /// The settings that it was trained with.
    pub fn settings(&self) -> &Settings {
        &self.checkpoint.settings
    }

    /// What tells classes.
    pub fn classification(&self) -> Classification<'_> {
        let (network, process, shape) = (&self.network, &self.process, self.settings().shape);
        Classification { network, process, shape }
    }

    /// Whether it can guide `model`: it sees samples of the same shape, and tells the same classes, if both know any by name.
    ///
    /// # Errors
    /// Says what does not fit, in a sentence.
    pub fn check_guides(&self, model: &TrainedModel) -> Result<(), String> {
        let (ours, theirs) = (self.settings(), model.settings());
        if ours.shape != theirs.shape {
            let [a, b] =
                [ours.shape, theirs.shape].map(|s| format!("{}x{}x{}", s.height, s.width, s.channels));
            return Err(format!("the classifier sees samples of {a}, and the model draws {b}"));
        }
        let named = !ours.class_names.is_empty() && !theirs.class_names.is_empty();
        if named && ours.class_names != theirs.class_names {
            let [a, b] = [ours, theirs].map(|settings| settings.class_names.join(", "));
            return Err(format!("the classifier tells {a} apart, and the model knows {b}"));
        }
        let [a, b] = [&self.process, &model.process]
            .map(|process| (0..process.len()).map(|t| process.table.sqrt_alpha_bar(t)).collect::<Vec<f64>>());
        if a != b {
            return Err("the classifier was trained for another noise schedule than the model: train it with the model's \
                        diffusion settings"
                .to_owned());
        }
        Ok(())
    }
}

impl ClassGradient for TrainedClassifier {
    fn log_probability_gradient(&self, x: Tensor<4>, timesteps: &[f64], classes: &[usize]) -> Tensor<4> {
        self.by_x.log_probability_gradient(x, timesteps, classes)
    }

    fn classes(&self) -> usize {
        self.network.classes()
    }
}

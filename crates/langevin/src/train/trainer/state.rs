//! The state of a training: begun anew, taken up from a checkpoint, and written into one.

use super::{InitError, Trainer};
use crate::config::TimestepSampling;
use crate::models::weights::{Array, parameter_names, weights_of, with_weights};
use crate::train::checkpoint::{Checkpoint, CheckpointError, TrainingState, WeightsKind};
use crate::train::freeze::freeze;
use crate::train::progress::Progress;
use crate::train::timesteps::LossHistory;
use crate::train::{Ema, Optimizer, Transfer};
use std::path::Path;

impl Trainer {
    /// Replaces the weights, and begins with zero moments and an average of the new weights. What the network knows of classes is
    /// carried over as [`Transfer::plan`] says; the settings keep a record of the model.
    ///
    /// # Errors
    /// If the model's classes or weights do not fit the network.
    pub fn init_from(&mut self, checkpoint: &Checkpoint, kind: WeightsKind) -> Result<(), InitError> {
        let transfer = Transfer::plan(checkpoint, &self.settings)?;
        self.load_weights(checkpoint, kind, &transfer)?;
        self.restart();
        self.settings.recipe.train.init = Some(checkpoint.record());
        Ok(())
    }

    /// Takes up the state of a checkpoint: weights, average, moments and position.
    ///
    /// # Errors
    /// If the checkpoint is unsound or of another network.
    pub fn resume_from(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        self.load_weights(checkpoint, WeightsKind::Raw, &Transfer::NONE)?;
        let names: Vec<String> = self.parameters.iter().map(|(name, _)| name.clone()).collect();
        let mut ema = checkpoint.weights(WeightsKind::Ema, &names)?;
        let misfit = |name: &str| CheckpointError::State {
            path: checkpoint.folder.clone(),
            message: format!("the average of {name} is missing or of another shape"),
        };
        for ((name, shape), values) in self.parameters.iter().zip(&mut self.ema.values) {
            let array = ema.remove(name).filter(|array| array.shape == *shape);
            *values = array.ok_or_else(|| misfit(name))?.values;
        }
        (self.optimizer.first, self.optimizer.second) = checkpoint.moments(&self.parameters)?;
        self.optimizer.updates = checkpoint.progress.updates();
        if self.history.is_some() {
            self.history = Some(checkpoint.loss_history(self.process.len())?);
        }
        self.progress = checkpoint.progress.clone();
        // Until the run went on, no time passed for its metrics.
        self.progress.line.restart_clock();
        Ok(())
    }

    fn load_weights(
        &mut self,
        checkpoint: &Checkpoint,
        kind: WeightsKind,
        transfer: &Transfer,
    ) -> Result<(), CheckpointError> {
        let names = self.parameters.iter().map(|(name, _)| name.clone());
        let names: Vec<String> = names.chain(transfer.more_names().map(str::to_owned)).collect();
        let mut weights = checkpoint.weights(kind, &names)?;
        transfer.apply(&mut weights);
        let model = with_weights(self.model().clone(), weights).map_err(|cause| checkpoint.misfit(cause))?;
        self.model = Some(freeze(model, &self.frozen));
        Ok(())
    }

    /// Moments and average as they are before the first step.
    pub(super) fn restart(&mut self) {
        let names = parameter_names(self.model());
        let mut weights = weights_of(self.model());
        let arrays: Vec<Array> = names.iter().filter_map(|name| weights.remove(name)).collect();
        let lengths: Vec<usize> = arrays.iter().map(|array| array.values.len()).collect();
        self.parameters = names.into_iter().zip(arrays.iter().map(|array| array.shape.clone())).collect();
        self.optimizer = Optimizer::new(&self.settings.recipe.train, &lengths);
        self.ema = Ema::new(self.ema.decay, arrays.into_iter().map(|array| array.values).collect());
        let importance = self.settings.recipe.train.timestep_sampling == TimestepSampling::Importance;
        self.history = importance.then(|| LossHistory::new(self.process.len()));
        self.progress = Progress::default();
    }

    /// Writes a checkpoint of the present state into `folder`.
    ///
    /// # Errors
    /// If a file cannot be written, or a number is not finite.
    pub fn save(&self, folder: &Path) -> Result<(), CheckpointError> {
        let state = TrainingState {
            parameters: &self.parameters,
            raw: weights_of(self.model()),
            ema: &self.ema.values,
            first: &self.optimizer.first,
            second: &self.optimizer.second,
            history: self.history.as_ref(),
            progress: &self.progress,
        };
        Checkpoint::write(folder, &self.settings, state)
    }
}

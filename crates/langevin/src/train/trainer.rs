//! Algorithm 1 of Ho et al. 2020: draw, predict, descend.

use super::batch::Batch;
use super::checkpoint::{Checkpoint, CheckpointError, TrainingState, WeightsKind};
use super::holdout::holdout_loss;
use super::metrics::StepReport;
use super::{Ema, Gradients, Optimizer, learning_rate};
use crate::config::Settings;
use crate::data::{Dataset, Order, holdout_split};
use crate::diffusion::Process;
use crate::models::weights::{Array, Weights, weights_of, with_weights};
use crate::models::{Conditioning, Model, Network};
use crate::nn::DropoutKey;
use crate::tensor::from_samples;
use burn::module::Module;
use burn::tensor::Device;
use langevin_math::MathError;
use std::ops::Range;
use std::path::Path;

/// A network in training: everything that a step changes, and what it needs to.
pub struct Trainer {
    settings: Settings,
    process: Process,
    data: Dataset,
    train: Vec<usize>,
    held_out: Vec<usize>,
    order: Order,
    device: Device,
    /// Taken out only while a step updates it in place.
    model: Option<Model>,
    parameters: Vec<(String, Vec<usize>)>,
    optimizer: Optimizer,
    ema: Ema,
    step: u64,
}

impl Trainer {
    /// A new network on `data`, its weights drawn from the settings' seed.
    ///
    /// # Errors
    /// If the diffusion settings do not work.
    pub fn new(settings: Settings, data: Dataset, device: &Device) -> Result<Self, MathError> {
        let process = settings.recipe.diffusion.process()?;
        let seed = settings.recipe.train.seed;
        let holdout = settings.recipe.data.holdout.unwrap_or(0.0);
        let (train, held_out) = holdout_split(data.len(), holdout, seed);
        let device = device.clone().autodiff();
        let model = settings.recipe.model.init(settings.shape, seed, &device);
        let mut trainer = Self {
            order: Order::new(seed, train.len()),
            optimizer: Optimizer::new(&settings.recipe.train, &[]),
            ema: Ema::new(settings.recipe.train.ema, Vec::new()),
            parameters: Vec::new(),
            step: 0,
            settings,
            process,
            data,
            train,
            held_out,
            device,
            model: Some(model),
        };
        trainer.restart();
        Ok(trainer)
    }

    /// Replaces the weights, and begins with zero moments and an average of the new weights.
    ///
    /// # Errors
    /// If the weights do not fit the network.
    pub fn init_from(&mut self, checkpoint: &Checkpoint, kind: WeightsKind) -> Result<(), CheckpointError> {
        self.load_weights(checkpoint, kind)?;
        self.restart();
        Ok(())
    }

    /// Takes up the state of a checkpoint: weights, average, moments and position.
    ///
    /// # Errors
    /// If the checkpoint is unsound or of another network.
    pub fn resume_from(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        self.load_weights(checkpoint, WeightsKind::Raw)?;
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
        self.optimizer.updates = checkpoint.step;
        self.step = checkpoint.step;
        Ok(())
    }

    fn load_weights(&mut self, checkpoint: &Checkpoint, kind: WeightsKind) -> Result<(), CheckpointError> {
        let names: Vec<String> = self.parameters.iter().map(|(name, _)| name.clone()).collect();
        let weights = checkpoint.weights(kind, &names)?;
        let model = with_weights(self.model().clone(), weights).map_err(|cause| checkpoint.misfit(cause))?;
        self.model = Some(model);
        Ok(())
    }

    /// Moments and average as they are before the first step.
    fn restart(&mut self) {
        let names = crate::models::weights::parameter_names(self.model());
        let mut weights = weights_of(self.model());
        let arrays: Vec<Array> = names.iter().filter_map(|name| weights.remove(name)).collect();
        let lengths: Vec<usize> = arrays.iter().map(|array| array.values.len()).collect();
        self.parameters = names.into_iter().zip(arrays.iter().map(|array| array.shape.clone())).collect();
        self.optimizer = Optimizer::new(&self.settings.recipe.train, &lengths);
        self.ema = Ema::new(self.ema.decay, arrays.into_iter().map(|array| array.values).collect());
        self.step = 0;
    }

    fn model(&self) -> &Model {
        self.model.as_ref().expect("the model is only away inside of a step")
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The diffusion process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Optimiser steps made.
    pub fn steps_made(&self) -> u64 {
        self.step
    }

    /// Number of elements of all parameters.
    pub fn parameter_count(&self) -> usize {
        self.model().num_params()
    }

    /// Samples trained on, and held out.
    pub fn sample_counts(&self) -> (usize, usize) {
        (self.train.len(), self.held_out.len())
    }

    /// One optimiser step.
    pub fn step(&mut self) -> StepReport {
        let train = &self.settings.recipe.train;
        let batch = train.batch;
        let lr = learning_rate(train, self.step);
        let mut gradients = Gradients::default();
        let mut loss = 0.0;
        for start in (0..batch).step_by(self.settings.micro_batch()) {
            let rows = start..batch.min(start + self.settings.micro_batch());
            let (part, more) = self.descend(rows);
            loss += part;
            gradients.add(more);
        }
        // A loss or gradient that is no number would only spread: the weights stay as they are.
        if !loss.is_finite() {
            return StepReport { loss, grad_norm: f64::NAN, lr };
        }
        // Moved, not cloned: the update is in place.
        let model = self.model.take().expect("the model is only away inside of a step");
        let (model, grad_norm) = self.optimizer.step(model, &gradients, lr, &mut self.ema);
        self.model = Some(model);
        if !grad_norm.is_finite() {
            return StepReport { loss, grad_norm: f64::NAN, lr };
        }
        self.step += 1;
        StepReport { loss, grad_norm, lr }
    }

    /// The part that `rows` of this step's batch have in the loss, and its gradient.
    fn descend(&self, rows: Range<usize>) -> (f64, Gradients) {
        let (train, shape) = (&self.settings.recipe.train, self.settings.shape);
        let part = rows.len() as f64 / train.batch as f64;
        let drawn =
            Batch::draw(&self.settings, &self.process, &self.data, &self.train, &self.order, self.step, rows);
        let model = self.model();
        let key = DropoutKey { seed: train.seed, first_sample: drawn.first_sample };
        let output = model.forward(
            from_samples(drawn.x, shape, &self.device),
            Conditioning::at(&drawn.timesteps),
            Some(key),
        );
        let error = output - from_samples(drawn.target, shape, &self.device);
        let objective = (error.clone() * error).mean().mul_scalar(part);
        let loss = f64::from(objective.clone().into_scalar::<f32>());
        let gradients = Gradients::of(model, objective.backward());
        (loss, gradients)
    }

    /// The loss on the held-out part, if there is one, with the weights as trained.
    pub fn holdout_loss(&self) -> Option<f64> {
        let plain = self.model().valid();
        let device = crate::tensor::cpu();
        (!self.held_out.is_empty())
            .then(|| holdout_loss(&self.settings, &self.process, &self.data, &self.held_out, &plain, &device))
    }

    /// The network for sampling, without a graph.
    pub fn network(&self, kind: WeightsKind) -> Model {
        let plain = self.model().valid();
        match kind {
            WeightsKind::Raw => plain,
            WeightsKind::Ema => {
                with_weights(plain, self.ema_weights()).expect("the average has the network's own shapes")
            }
        }
    }

    fn ema_weights(&self) -> Weights {
        let arrays = self.parameters.iter().zip(&self.ema.values);
        let array =
            |shape: &Vec<usize>, values: &Vec<f32>| Array { shape: shape.clone(), values: values.clone() };
        arrays.map(|((name, shape), values)| (name.clone(), array(shape, values))).collect()
    }

    /// Writes a checkpoint of the present state into `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), CheckpointError> {
        let state = TrainingState {
            parameters: &self.parameters,
            raw: weights_of(self.model()),
            ema: &self.ema.values,
            first: &self.optimizer.first,
            second: &self.optimizer.second,
        };
        Checkpoint::write(folder, &self.settings, self.step, state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;
    use crate::data;

    #[test]
    fn nothing_shares_a_weight_when_it_is_updated() {
        let recipe = builtin_recipe("digits").unwrap().with_assignment("train.batch=4").unwrap();
        let recipe = recipe.with_assignment("train.micro_batch=2").unwrap();
        let digits = data::load("digits", &recipe.data.options(0)).unwrap();
        let settings = Settings::resolve(recipe, &digits).unwrap();
        let mut trainer = Trainer::new(settings, digits, &crate::cpu()).unwrap();
        // At the first step the initial weights may lie in memory that cannot be written to.
        trainer.step();
        for _ in 0..2 {
            trainer.step();
            assert_eq!(trainer.optimizer.copied, 0);
        }
    }
}

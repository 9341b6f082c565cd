//! Algorithm 1 of Ho et al. 2020: draw, predict, descend.

mod error;
mod state;

use super::batch::{Batch, Source};
use super::checkpoint::WeightsKind;
use super::freeze::{freeze, frozen};
use super::holdout::{Holdout, holdout};
use super::line::LineBuilder;
use super::metrics::StepReport;
use super::objective::Losses;
use super::progress::Progress;
use super::quarters::Quarters;
use super::timesteps::{LossHistory, TimestepDraw};
use super::{Ema, Gradients, Optimizer, learning_rate};
use crate::config::Settings;
use crate::data::{Dataset, Order, holdout_split};
use crate::diffusion::{Classes, Process};
use crate::models::weights::{Array, Weights, parameter_names, with_weights};
use crate::models::{Model, Network};
use crate::nn::DropoutKey;
use crate::tensor::{from_samples, to_vec};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
pub use error::{InitError, TrainerError};
use std::ops::Range;

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
    /// Which of them keep their weights.
    frozen: Vec<bool>,
    optimizer: Optimizer,
    ema: Ema,
    /// Where timesteps are drawn by their losses.
    history: Option<LossHistory>,
    progress: Progress,
}

/// What some rows of a batch came to.
struct Descent {
    /// Their part of the batch's loss.
    loss: f64,
    /// Their part of the batch's bound, where it takes part.
    bound: Option<f64>,
    /// The timestep of each, and its loss before any weight.
    drawn: Vec<(usize, f64)>,
    gradients: Gradients,
}

impl Trainer {
    /// A new network on `data`, its weights drawn from the settings' seed.
    ///
    /// # Errors
    /// If the diffusion settings do not work, or what they freeze is no part of the network, or is all of it.
    pub fn new(settings: Settings, data: Dataset, device: &Device) -> Result<Self, TrainerError> {
        let process = settings.recipe.diffusion.process()?;
        let seed = settings.recipe.train.seed;
        let holdout = settings.recipe.data.holdout.unwrap_or(0.0);
        let (train, held_out) = holdout_split(data.len(), holdout, seed);
        let device = device.clone().autodiff();
        let model = settings.recipe.model.init(settings.shape, seed, &device);
        let names = parameter_names(&model);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let frozen = frozen(&names, &settings.recipe.train.freeze)?;
        let mut trainer = Self {
            order: Order::new(seed, train.len()),
            optimizer: Optimizer::new(&settings.recipe.train, &[]),
            ema: Ema::new(settings.recipe.train.ema, Vec::new()),
            parameters: Vec::new(),
            history: None,
            progress: Progress::default(),
            settings,
            process,
            data,
            train,
            held_out,
            device,
            model: Some(freeze(model, &frozen)),
            frozen,
        };
        trainer.restart();
        Ok(trainer)
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

    /// Optimiser steps made, with those that were skipped.
    pub fn steps_made(&self) -> u64 {
        self.progress.step
    }

    /// Steps that were skipped: in all, and how many of them are the last.
    pub fn steps_skipped(&self) -> (u64, u64) {
        (self.progress.skipped, self.progress.skipped_in_a_row)
    }

    /// The metrics line that is begun.
    pub(super) fn line(&mut self) -> &mut LineBuilder {
        &mut self.progress.line
    }

    /// Number of elements of all parameters.
    pub fn parameter_count(&self) -> usize {
        self.model().num_params()
    }

    /// The data, and the numbers of the samples that are trained on and held out.
    pub fn data(&self) -> (&Dataset, &[usize], &[usize]) {
        (&self.data, &self.train, &self.held_out)
    }

    /// The classes of samples of the data, where the network is told them.
    pub fn classes_of(&self, indices: &[usize]) -> Classes {
        self.source().classes(indices).map_or(Classes::None, |classes| Classes::Each(classes.into()))
    }

    /// Samples trained on, and held out.
    pub fn sample_counts(&self) -> (usize, usize) {
        (self.train.len(), self.held_out.len())
    }

    /// One optimiser step. One whose loss or gradient is not a finite number is skipped: it changes nothing but the position.
    pub fn step(&mut self) -> StepReport {
        let train = &self.settings.recipe.train;
        let (batch, lr) = (train.batch, learning_rate(train, self.progress.step));
        let history = self.history.as_ref();
        let draw = TimestepDraw::new(
            train.timestep_sampling,
            history,
            self.process.len(),
            train.seed,
            self.progress.step,
        );
        let mut gradients = Gradients::default();
        let (mut loss, mut bound, mut drawn) = (0.0, None, Vec::with_capacity(batch));
        for start in (0..batch).step_by(self.settings.micro_batch()) {
            let rows = start..batch.min(start + self.settings.micro_batch());
            let part = self.descend(&draw, rows);
            loss += part.loss;
            bound = part.bound.map(|part| bound.unwrap_or(0.0) + part);
            drawn.extend(part.drawn);
            gradients.add(part.gradients);
        }
        let quarters = Quarters::of(&drawn, self.process.len());
        if !loss.is_finite() {
            self.progress.skip();
            return StepReport { loss, bound, quarters, grad_norm: f64::NAN, lr };
        }
        // Moved, not cloned: the update is in place.
        let model = self.model.take().expect("the model is only away inside of a step");
        let (model, grad_norm) = self.optimizer.step(model, &gradients, lr, &mut self.ema);
        self.model = Some(model);
        let report = StepReport { loss, bound, quarters, grad_norm, lr };
        if report.is_skipped() {
            self.progress.skip();
            return report;
        }
        if let Some(history) = &mut self.history {
            drawn.into_iter().for_each(|(t, loss)| history.record(t, loss));
        }
        self.progress.made();
        report
    }

    /// What `rows` of this step's batch come to.
    fn descend(&self, draw: &TimestepDraw, rows: Range<usize>) -> Descent {
        let (train, shape) = (&self.settings.recipe.train, self.settings.shape);
        let mut batch = Batch::draw(self.source(), draw, self.progress.step, rows);
        let model = self.model();
        let key = DropoutKey { seed: train.seed, first_sample: batch.first_sample };
        let x = from_samples(std::mem::take(&mut batch.x), shape, &self.device);
        let output = model.forward(x, batch.conditioning(), Some(key));
        let weights: Vec<f64> = batch.weights.iter().map(|weight| weight / train.batch as f64).collect();
        let values = to_vec(output.clone().inner());
        let losses = Losses::of(&self.settings, &self.process, &batch, &values, &weights);
        let weighted =
            |values: &[f64]| values.iter().zip(&weights).map(|(value, weight)| value * weight).sum();
        // The graph ends at the output: a sum whose derivative by it is the loss's.
        let gradient = TensorData::new(losses.gradient, output.dims());
        let gradient = Tensor::<4>::from_data(gradient, &self.device);
        let graph = (output * gradient).sum().backward();
        let timesteps = batch.timesteps.iter().map(|&t| t as usize);
        Descent {
            loss: weighted(&losses.samples),
            bound: (!losses.bound.is_empty()).then(|| weighted(&losses.bound)),
            drawn: timesteps.zip(losses.samples).collect(),
            gradients: Gradients::of(model, graph),
        }
    }

    fn source(&self) -> Source<'_> {
        let Self { settings, process, data, train, order, .. } = self;
        Source { settings, process, data, indices: train, order }
    }

    /// The objective on the held-out part, if there is one, with the weights as trained.
    pub fn holdout_loss(&self) -> Option<f64> {
        self.holdout().map(|holdout| holdout.loss)
    }

    /// What the held-out part came to, if there is one, with the weights as trained.
    pub fn holdout(&self) -> Option<Holdout> {
        let plain = self.model().valid();
        let device = crate::tensor::cpu();
        (!self.held_out.is_empty()).then(|| holdout(self.source(), &self.held_out, &plain, &device))
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

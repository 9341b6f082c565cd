//! The loss of a batch, and its gradient by what the network put out.
//!
//! Everything between the output and the loss is a formula of one element, so its derivative is written down instead of
//! recorded: it is computed in f64, and the graph begins at the output.

use super::Batch;
use super::cross_entropy::cross_entropy;
use crate::config::Settings;
use crate::diffusion::Process;
use langevin_math::{BoundTerm, Objective, Variance};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// What the outputs for some rows of a batch are worth.
pub struct Losses {
    /// Of each sample, before the weight of its draw.
    pub samples: Vec<f64>,
    /// Of each sample: T L_t, an estimate of L_0 + … + L_{T−1} in bits/dim; empty where it has no part in the objective.
    pub bound: Vec<f64>,
    /// The derivative of Σ weight · loss by each output, channels last.
    pub gradient: Vec<f32>,
    /// Of each sample: whether a classifier tells its class; empty for other networks.
    pub correct: Vec<bool>,
}

/// What a row came to.
#[derive(Clone, Copy)]
struct Row {
    loss: f64,
    bound: f64,
}

impl Losses {
    /// The losses of a network's outputs for `batch` under the settings' objective; sample k counts `weights[k]`.
    ///
    /// - L_simple: w_t · mean (target − output)², w_t the [weighting](langevin_math::Weighting)
    /// - L_vlb: T L_t / (ln 2 · elements), with x̂_0 as predicted, not clipped
    /// - L_hybrid: L_simple + λ L_vlb, the prediction's gradient from the first alone
    /// - cross-entropy: −ln softmax(output)_y of a classifier's logits and the sample's class y
    ///
    /// # Shapes
    /// `output`: one sample after another, channels last; after the prediction's channels, v's in [−1, 1] where the variance
    /// is learned.
    ///
    /// # Panics
    /// If the lengths do not fit, or the objective needs the bound of points, which have no levels.
    pub fn of(
        settings: &Settings,
        process: &Process,
        batch: &Batch,
        output: &[f32],
        weights: &[f64],
    ) -> Self {
        let objective = settings.recipe.objective;
        if let Objective::CrossEntropy { .. } = objective {
            return cross_entropy(
                batch.labels.as_deref().expect("a classifier's data have labels"),
                output,
                weights,
            );
        }
        let size = settings.shape.elements();
        let outputs = if process.variance == Variance::Learned { 2 * size } else { size };
        let samples = batch.timesteps.len();
        assert_eq!(output.len(), samples * outputs, "{samples} samples of {outputs} outputs");
        assert_eq!(weights.len(), samples, "a weight for each sample");
        let mut gradient = vec![0.0; output.len()];
        let rows: Vec<Row> = gradient
            .par_chunks_mut(outputs)
            .enumerate()
            .map(|(row, gradient)| {
                let elements = row * size..(row + 1) * size;
                let sample = Sample {
                    settings,
                    process,
                    t: batch.timesteps[row] as usize,
                    x0: &batch.x0[elements.clone()],
                    target: &batch.target[elements],
                    output: &output[row * outputs..(row + 1) * outputs],
                };
                sample.loss(weights[row], gradient)
            })
            .collect();
        let bound = objective.bound_weight().map(|_| rows.iter().map(|row| row.bound).collect());
        Self {
            samples: rows.iter().map(|row| row.loss).collect(),
            bound: bound.unwrap_or_default(),
            gradient,
            correct: Vec::new(),
        }
    }
}

/// One sample, and what the network put out for it.
struct Sample<'a> {
    settings: &'a Settings,
    process: &'a Process,
    t: usize,
    x0: &'a [f32],
    target: &'a [f32],
    output: &'a [f32],
}

impl Sample<'_> {
    /// The loss, and `weight` times its gradient into `gradient`.
    fn loss(&self, weight: f64, gradient: &mut [f32]) -> Row {
        let objective = self.settings.recipe.objective;
        let mut row = Row { loss: 0.0, bound: 0.0 };
        if let Some(weighting) = objective.weighting() {
            let Process { table, prediction, .. } = self.process;
            row.loss += self.simple(weighting.weight(*prediction, table, self.t), weight, gradient);
        }
        if let Some(part) = objective.bound_weight() {
            // Beside L_simple, the bound trains the variance alone.
            row.bound = self.bound(weight * part, objective.weighting().is_none(), gradient);
            row.loss += part * row.bound;
        }
        row
    }

    /// Adds to the gradient of L_simple, of which an error's square counts `of_t`.
    fn simple(&self, of_t: f64, weight: f64, gradient: &mut [f32]) -> f64 {
        let n = self.x0.len() as f64;
        let mut squares = 0.0;
        for (i, target) in self.target.iter().enumerate() {
            let place = self.place(i);
            let error = f64::from(self.output[place]) - f64::from(*target);
            squares += error * error;
            gradient[place] += (2.0 * weight * of_t / n * error) as f32;
        }
        of_t * squares / n
    }

    /// T L_t in bits/dim; adds to the gradient of v, and with `mean` to the prediction's.
    fn bound(&self, weight: f64, mean: bool, gradient: &mut [f32]) -> f64 {
        let Process { table, prediction, variance } = self.process;
        let levels = self.settings.levels.expect("settings without levels have no bound");
        let term = BoundTerm::new(table, *variance, self.t, levels);
        // x_0 − x̂_0 is this coefficient times what the output lacks of its target.
        let (_, of_output) = prediction.x0_coefficients(table, table.level(self.t));
        let unit = table.len() as f64 / (LN_2 * self.x0.len() as f64);
        let (learned, channels) = (*variance == Variance::Learned, self.settings.shape.channels);
        let mut nats = 0.0;
        for (i, (x0, target)) in self.x0.iter().zip(self.target).enumerate() {
            let place = self.place(i);
            let error = of_output * (f64::from(*target) - f64::from(self.output[place]));
            let v = if learned { 0.5 * (f64::from(self.output[place + channels]) + 1.0) } else { 0.0 };
            let element = term.of(f64::from(*x0), error, v);
            nats += element.nats;
            if mean {
                gradient[place] -= (weight * unit * of_output * element.by_error) as f32;
            }
            if learned {
                gradient[place + channels] += (weight * unit * 0.5 * element.by_v) as f32;
            }
        }
        unit * nats
    }

    /// Where the prediction of element `i` lies among the outputs.
    fn place(&self, i: usize) -> usize {
        let channels = self.settings.shape.channels;
        let outputs = self.output.len() / (self.x0.len() / channels);
        i / channels * outputs + i % channels
    }
}

//! How often a classifier tells the class of noisy samples.

use super::Estimate;
use crate::diffusion::Process;
use crate::models::{Conditioning, Network};
use crate::tensor::{SampleShape, from_samples, to_vec};
use burn::tensor::Device;
use langevin_math::categorical::log_softmax;
use langevin_math::greatest_logit;
use langevin_math::rng::{Purpose, Stream};
use std::ops::ControlFlow;

/// A classifier, and the process whose noise it sees through.
#[derive(Clone, Copy)]
pub struct Classification<'a> {
    /// The classifier: its output is a logit for each class.
    pub network: &'a dyn Network,
    /// The process that it was trained for.
    pub process: &'a Process,
    /// The shape of a sample.
    pub shape: SampleShape,
}

/// How often classes are told at one timestep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccuracyRow {
    /// The timestep, counted as papers do: 0 is the data.
    pub t: usize,
    /// The part of the samples whose class has the greatest logit.
    pub accuracy: Estimate,
    /// The mean of −ln p(y | x_t).
    pub cross_entropy: Estimate,
}

/// Samples to classify.
#[derive(Clone, Copy)]
pub struct Labelled<'a> {
    /// Reads a sample by its number, channels last, scaled to [−1, 1].
    pub read: &'a dyn Fn(usize, &mut [f32]),
    /// The class of each.
    pub labels: &'a [usize],
    /// Seed of the noise.
    pub seed: u64,
    /// Samples at a time; the result does not depend on it.
    pub batch: usize,
}

impl Classification<'_> {
    /// The logits of samples, each without noise and told so: at the cleanest timestep.
    ///
    /// # Shapes
    /// `samples`: channels last; returns `[samples, classes]`.
    pub fn logits(&self, samples: Vec<f32>, device: &Device) -> Vec<f32> {
        self.logits_at(samples, 0.0, device)
    }

    fn logits_at(&self, x: Vec<f32>, timestep: f64, device: &Device) -> Vec<f32> {
        let timesteps = vec![timestep; x.len() / self.shape.elements()];
        let x = from_samples(x, self.shape, device);
        to_vec(self.network.forward(x, Conditioning::at(&timesteps), None))
    }

    /// How often classes are told at each of `steps`: 0 is the data, t the timestep t of 1 … T. Sample k has the same noise at a
    /// timestep whatever the batch. `observe` is told the samples done, of all steps together, and may stop: the result is then
    /// `None`.
    ///
    /// # Panics
    /// If there are no samples, a step is beyond T, or a label is beyond the classes.
    pub fn accuracy(
        &self,
        labelled: Labelled,
        steps: &[usize],
        device: &Device,
        observe: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Option<Vec<AccuracyRow>> {
        let Labelled { read, labels, seed, batch } = labelled;
        let (size, mut rows) = (self.shape.elements(), Vec::with_capacity(steps.len()));
        for (index, &t) in steps.iter().enumerate() {
            let (mut correct, mut losses) = (Vec::new(), Vec::new());
            for first in (0..labels.len()).step_by(batch.max(1)) {
                let labels_now = &labels[first..labels.len().min(first + batch.max(1))];
                let (mut x0, mut x) =
                    (vec![0.0; labels_now.len() * size], vec![0.0; labels_now.len() * size]);
                for (row, (x0, x)) in x0.chunks_mut(size).zip(x.chunks_mut(size)).enumerate() {
                    read(first + row, x0);
                    if t == 0 {
                        x.copy_from_slice(x0);
                        continue;
                    }
                    let mut eps = vec![0.0; size];
                    let stream = Stream::new(seed, Purpose::EvaluationNoise, (first + row) as u64);
                    stream.normal(t as u32 - 1, &mut eps);
                    self.process.diffuse(t - 1, x0, &eps, x);
                }
                let logits = self.logits_at(x, t.saturating_sub(1) as f64, device);
                for (&label, logits) in labels_now.iter().zip(logits.chunks(logits.len() / labels_now.len()))
                {
                    correct.push(if greatest_logit(logits) == Some(label) { 1.0 } else { 0.0 });
                    let logits: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
                    losses.push(-log_softmax(&logits)[label]);
                }
                if observe(index * labels.len() + correct.len()).is_break() {
                    return None;
                }
            }
            rows.push(AccuracyRow {
                t,
                accuracy: Estimate::of(&correct),
                cross_entropy: Estimate::of(&losses),
            });
        }
        Some(rows)
    }
}

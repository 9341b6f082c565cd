//! The loss on data that is not trained on, at timesteps and noise that never change.

use super::batch::{Batch, Source};
use super::objective::Losses;
use crate::models::Network;
use crate::tensor::{from_samples, to_vec};
use burn::tensor::Device;

/// Samples of the held-out part that the loss is taken over, at most.
const MAX_SAMPLES: usize = 512;

/// What held-out samples came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holdout {
    /// The objective's mean.
    pub loss: f64,
    /// The part of them whose class a classifier tells.
    pub accuracy: Option<f64>,
}

/// The objective over held-out samples, timesteps spread evenly over them.
pub(super) fn holdout(source: Source, held_out: &[usize], network: &dyn Network, device: &Device) -> Holdout {
    let settings = source.settings;
    let samples = held_out.len().min(MAX_SAMPLES);
    let (mut sum, mut correct, mut judged) = (0.0, 0, 0);
    for first in (0..samples).step_by(settings.micro_batch()) {
        let rows = first..samples.min(first + settings.micro_batch());
        let mut batch = Batch::held_out(source, held_out, rows, samples);
        let x = from_samples(std::mem::take(&mut batch.x), settings.shape, device);
        let output = to_vec(network.forward(x, batch.conditioning(), None));
        let losses = Losses::of(settings, source.process, &batch, &output, &batch.weights);
        sum += losses.samples.iter().sum::<f64>();
        correct += losses.correct.iter().filter(|&&correct| correct).count();
        judged += losses.correct.len();
    }
    let accuracy = (judged > 0).then(|| correct as f64 / judged as f64);
    Holdout { loss: sum / samples as f64, accuracy }
}

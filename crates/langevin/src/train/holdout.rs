//! The loss on data that is not trained on, at timesteps and noise that never change.

use crate::config::Settings;
use crate::data::Dataset;
use crate::diffusion::Process;
use crate::models::{Conditioning, Network};
use crate::tensor::{from_samples, to_vec};
use burn::tensor::Device;
use langevin_math::rng::{Purpose, Stream};

/// Samples of the held-out part that the loss is taken over, at most.
const MAX_SAMPLES: usize = 512;

/// L_simple over held-out samples: sample k of n at timestep ⌊(k + ½) T / n⌋, with its own fixed noise.
pub(super) fn holdout_loss(
    settings: &Settings,
    process: &Process,
    data: &Dataset,
    held_out: &[usize],
    network: &dyn Network,
    device: &Device,
) -> f64 {
    let samples = held_out.len().min(MAX_SAMPLES);
    let size = settings.shape.elements();
    let mut squares = 0.0;
    for first in (0..samples).step_by(settings.micro_batch()) {
        let rows = first..samples.min(first + settings.micro_batch());
        let mut x = vec![0.0; rows.len() * size];
        let mut target = vec![0.0; rows.len() * size];
        let mut timesteps = Vec::with_capacity(rows.len());
        for ((k, x), target) in rows.zip(x.chunks_mut(size)).zip(target.chunks_mut(size)) {
            let (mut x0, mut eps) = (vec![0.0; size], vec![0.0; size]);
            data.read(held_out[k], &mut x0);
            let stream = Stream::new(settings.recipe.train.seed, Purpose::HoldoutNoise, held_out[k] as u64);
            stream.normal(0, &mut eps);
            let step = (2 * k + 1) * process.len() / (2 * samples);
            process.diffuse(step, &x0, &eps, x);
            process.target(step, &x0, &eps, target);
            timesteps.push(process.timestep(step) as f64);
        }
        let output = to_vec(network.forward(
            from_samples(x, settings.shape, device),
            Conditioning::at(&timesteps),
            None,
        ));
        squares += output.iter().zip(&target).map(|(o, t)| f64::from(o - t).powi(2)).sum::<f64>();
    }
    squares / (samples * size) as f64
}

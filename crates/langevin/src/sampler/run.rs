//! The loop that every sampler shares.

use super::{NoiseSource, Solver};
use crate::compute::PreparedWeights;
use crate::diffusion::Denoiser;
use crate::tensor::SampleShape;
use burn::tensor::{Device, Tensor};
use std::ops::ControlFlow;

/// A moment of a reverse process, shown to an observer after each step.
pub struct Moment<'a> {
    /// Step that was taken; the last is 0.
    pub index: usize,
    /// The timestep of x after the step, counted as papers do: T is noise, 0 the sample.
    pub t: usize,
    /// x after the step.
    pub x: &'a Tensor<4>,
    /// x̂_0 from before the step.
    pub x0: &'a Tensor<4>,
}

/// Takes `x` from step `from` of the denoiser's process down through step 0.
///
/// `observe` sees every moment and may stop the loop: the result is then `None`.
///
/// # Panics
/// If the process has no step `from`.
pub fn run(
    solver: &mut dyn Solver,
    denoiser: &Denoiser,
    mut x: Tensor<4>,
    from: usize,
    noise: &NoiseSource,
    observe: &mut dyn FnMut(Moment) -> ControlFlow<()>,
) -> Option<Tensor<4>> {
    let _kept = PreparedWeights::keep();
    let process = denoiser.process();
    let device = x.device();
    for index in (0..=from).rev() {
        let denoised = denoiser.denoise(x.clone(), index);
        let x0 = denoised.x0.clone();
        x = solver.step(process, index, x, denoised, &mut || noise.step(index, &device));
        let t = if index == 0 { 0 } else { process.timestep(index - 1) + 1 };
        let moment = Moment { index, t, x: &x, x0: &x0 };
        if observe(moment).is_break() {
            return None;
        }
    }
    Some(x)
}

/// Draws `count` samples of `seed` from noise, `batch` at a time: channels last, unclipped.
///
/// Sample k has the same noise whatever `batch` is. `observe` sees every moment of every batch, with the
/// number of the batch's first sample, and may stop: the result is then `None`.
#[allow(clippy::too_many_arguments)]
pub fn generate(
    solver: &mut dyn Solver,
    denoiser: &Denoiser,
    shape: SampleShape,
    seed: u64,
    count: usize,
    batch: usize,
    device: &Device,
    observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
) -> Option<Vec<f32>> {
    let _kept = PreparedWeights::keep();
    let mut samples = Vec::with_capacity(count * shape.elements());
    for first in (0..count).step_by(batch.max(1)) {
        let noise =
            NoiseSource { seed, first: first as u64, samples: batch.max(1).min(count - first), shape };
        let from = denoiser.process().len() - 1;
        let x = run(solver, denoiser, noise.start(device), from, &noise, &mut |m| observe(first, m))?;
        samples.extend(crate::tensor::to_vec(x));
    }
    Some(samples)
}

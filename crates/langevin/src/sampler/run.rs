//! The loop that every sampler shares.

use super::{Noise, NoiseSource, Plan, Solver, Step};
use crate::compute::PreparedWeights;
use crate::diffusion::Denoiser;
use crate::tensor::SampleShape;
use burn::tensor::{Device, Tensor};
use langevin_math::Grid;
use std::ops::ControlFlow;

/// A moment of a run, shown to an observer after each step.
pub struct Moment<'a> {
    /// Steps that are left: 0 after the last.
    pub left: usize,
    /// The timestep of x after the step, counted as papers do: T is noise, 0 the sample.
    pub t: f64,
    /// Evaluations of the network so far.
    pub evaluations: usize,
    /// x after the step.
    pub x: &'a Tensor<4>,
    /// x̂_0 from before the step.
    pub x0: &'a Tensor<4>,
}

/// Takes `x` along the grid.
///
/// `observe` sees every moment and may stop the loop: the result is then `None`.
pub fn run(
    solver: &mut dyn Solver,
    denoiser: &Denoiser,
    grid: &Grid,
    mut x: Tensor<4>,
    noise: &NoiseSource,
    observe: &mut dyn FnMut(Moment) -> ControlFlow<()>,
) -> Option<Tensor<4>> {
    let _kept = PreparedWeights::keep();
    let (device, of) = (x.device(), grid.len());
    let mut evaluations = 0;
    for index in 0..of {
        let levels = grid.step(index);
        let mut draw = || noise.step(index, of, &device);
        let mut step = Step::new(x, levels, (index, of), denoiser, &mut draw);
        let next = solver.step(&mut step);
        evaluations += step.evaluations;
        let x0 = step.seen.take().unwrap_or_else(|| next.clone());
        x = next;
        let moment = Moment { left: of - 1 - index, t: levels.to.t + 1.0, evaluations, x: &x, x0: &x0 };
        if observe(moment).is_break() {
            return None;
        }
    }
    Some(x)
}

/// Samples to draw.
#[derive(Clone, Copy)]
pub struct Generation<'a> {
    /// The network and its process.
    pub denoiser: &'a Denoiser<'a>,
    /// The sampler, and the noise levels to visit.
    pub plan: &'a Plan,
    /// The shape of a sample.
    pub shape: SampleShape,
    /// Where x_T and the steps' noise come from.
    pub noise: &'a Noise,
    /// Number of the first sample, whose noise is its own.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// How many at a time.
    pub batch: usize,
}

impl Generation<'_> {
    /// Draws the samples: channels last, unclipped.
    ///
    /// Sample k has the same noise whatever `batch` is. `observe` sees every moment of every batch, with the number of the
    /// batch's first sample, and may stop: the result is then `None`.
    pub fn run(
        &self,
        device: &Device,
        observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
    ) -> Option<Vec<f32>> {
        let _kept = PreparedWeights::keep();
        let (end, batch) = (self.first + self.count, self.batch.max(1));
        let mut samples = Vec::with_capacity(self.count * self.shape.elements());
        for first in (self.first..end).step_by(batch) {
            let samples_now = batch.min(end - first);
            let noise = NoiseSource { noise: self.noise, first, samples: samples_now, shape: self.shape };
            let mut solver = self.plan.solver();
            let start = noise.start(device);
            let denoiser = &self.denoiser.from_sample(first);
            let x = run(&mut *solver, denoiser, &self.plan.grid, start, &noise, &mut |m| observe(first, m))?;
            samples.extend(crate::tensor::to_vec(x));
        }
        Some(samples)
    }
}

//! One training batch: which samples, at which timesteps, with which noise.

use crate::config::{Settings, TimestepSampling};
use crate::data::{Dataset, Order, flip_horizontal};
use crate::diffusion::Process;
use langevin_math::rng::{Purpose, Stream};
use rayon::prelude::*;
use std::ops::Range;

/// x_t, the timesteps, and what the network should answer, for some rows of a step's batch.
///
/// Every draw follows from the run's seed and the sample's position in the run: neither the split into
/// smaller batches nor a resumption changes any.
pub struct Batch {
    /// Position in the run of the first sample.
    pub first_sample: u64,
    /// x_t of each sample, channels last.
    pub x: Vec<f32>,
    /// The timestep of each sample.
    pub timesteps: Vec<f64>,
    /// The target of each sample, channels last.
    pub target: Vec<f32>,
}

impl Batch {
    /// Rows `rows` of the batch of optimiser step `step`, counted from 0. `order` gives positions in
    /// `indices`, the samples of `data` that are trained on.
    pub fn draw(
        settings: &Settings,
        process: &Process,
        data: &Dataset,
        indices: &[usize],
        order: &Order,
        step: u64,
        rows: Range<usize>,
    ) -> Self {
        let train = &settings.recipe.train;
        let size = settings.shape.elements();
        let start = step * train.batch as u64;
        let first_sample = start + rows.start as u64;
        let picks: Vec<usize> =
            order.batch(first_sample, rows.len()).into_iter().map(|position| indices[position]).collect();
        let steps: Vec<usize> = rows
            .clone()
            .map(|row| draw_timestep(train.timestep_sampling, train.seed, step, row, process.len()))
            .collect();
        let mut x = vec![0.0; rows.len() * size];
        let mut target = vec![0.0; rows.len() * size];
        let flip = settings.recipe.data.flip;
        x.par_chunks_mut(size).zip(target.par_chunks_mut(size)).enumerate().for_each(|(row, (x, target))| {
            let sample = first_sample + row as u64;
            let (mut x0, mut eps) = (vec![0.0; size], vec![0.0; size]);
            data.read(picks[row], &mut x0);
            if flip && Stream::new(train.seed, Purpose::Flip, sample).below(0, 0, 2) == 1 {
                let shape = settings.shape;
                flip_horizontal(&mut x0, shape.height, shape.width, shape.channels);
            }
            Stream::new(train.seed, Purpose::TrainNoise, sample).normal(0, &mut eps);
            process.diffuse(steps[row], &x0, &eps, x);
            process.target(steps[row], &x0, &eps, target);
        });
        let timesteps = steps.iter().map(|&step| step as f64).collect();
        Self { first_sample, x, timesteps, target }
    }
}

/// The timestep of row `row` of step `step`, of `total`.
pub(super) fn draw_timestep(
    sampling: TimestepSampling,
    seed: u64,
    step: u64,
    row: usize,
    total: usize,
) -> usize {
    let stream = Stream::new(seed, Purpose::Timestep, step);
    let draw = |position: usize| stream.below(0, position as u32, total as u64) as usize;
    match sampling {
        TimestepSampling::Uniform => draw(row),
        TimestepSampling::Antithetic if row.is_multiple_of(2) => draw(row / 2),
        TimestepSampling::Antithetic => total - 1 - draw(row / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn antithetic_timesteps_come_in_mirrored_pairs() {
        for row in (0..64).step_by(2) {
            let at = |row| draw_timestep(TimestepSampling::Antithetic, 5, 9, row, 1000);
            assert_eq!(at(row) + at(row + 1), 999);
        }
    }

    #[test]
    fn timesteps_are_uniform() {
        for sampling in [TimestepSampling::Uniform, TimestepSampling::Antithetic] {
            let mut counts = [0.0f64; 10];
            let n = 20_000;
            for row in 0..n {
                counts[draw_timestep(sampling, 1, 0, row, 1000) / 100] += 1.0;
            }
            let expected = n as f64 / 10.0;
            let chi_square: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
            // The 99.99 % quantile of χ² with 9 degrees of freedom is 33.7; pairs double the variance.
            assert!(chi_square < 67.4, "{sampling:?}: {counts:?}");
        }
    }
}

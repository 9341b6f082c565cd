//! The noise of generated samples: each sample has its own, whatever batch it is in.

use crate::tensor::{SampleShape, from_samples};
use burn::tensor::{Device, Tensor};
use langevin_math::rng::{Purpose, Stream};
use rayon::prelude::*;

/// Where the noise of a run comes from.
#[derive(Clone, Debug)]
pub enum Noise {
    /// Streams of random numbers of a seed; sample k has always the same.
    Seed(u64),
    /// Given beforehand.
    Given(GivenNoise),
}

/// Noise that was given: x_T of every sample, and z of every step for samplers that draw it.
#[derive(Clone, Debug)]
pub struct GivenNoise {
    /// `[n, height, width, channels]`.
    pub start: Vec<f32>,
    /// z of the first step, of the second, …, each as `start`; empty where no step draws any.
    pub steps: Vec<Vec<f32>>,
}

/// The noise of a batch: of samples `first`, `first + 1`, …
#[derive(Clone, Debug)]
pub struct NoiseSource<'a> {
    /// Where it comes from.
    pub noise: &'a Noise,
    /// Number of the batch's first sample.
    pub first: usize,
    /// Samples of the batch.
    pub samples: usize,
    /// The shape of one.
    pub shape: SampleShape,
}

impl NoiseSource<'_> {
    /// x_T of each sample.
    ///
    /// # Shapes
    /// Returns `[samples, height, width, channels]`.
    ///
    /// # Panics
    /// If less noise was given.
    pub fn start(&self, device: &Device) -> Tensor<4> {
        match self.noise {
            Noise::Seed(seed) => self.draw(*seed, Purpose::SampleStart, 0, device),
            Noise::Given(given) => self.cut(&given.start, device),
        }
    }

    /// z of each sample at step `index` of `of`, from 0. A seed's noise is counted from the end, so that the last steps of runs
    /// of any length share theirs.
    ///
    /// # Shapes
    /// Returns `[samples, height, width, channels]`.
    ///
    /// # Panics
    /// If less noise was given.
    pub fn step(&self, index: usize, of: usize, device: &Device) -> Tensor<4> {
        match self.noise {
            Noise::Seed(seed) => self.draw(*seed, Purpose::SampleNoise, (of - 1 - index) as u32, device),
            Noise::Given(given) => self.cut(&given.steps[index], device),
        }
    }

    /// Standard normal numbers of a seed: each sample's own, by its number.
    ///
    /// # Shapes
    /// Returns `[samples, height, width, channels]`.
    pub(crate) fn draw(&self, seed: u64, purpose: Purpose, lane: u32, device: &Device) -> Tensor<4> {
        let mut values = vec![0.0; self.samples * self.shape.elements()];
        values.par_chunks_mut(self.shape.elements()).enumerate().for_each(|(sample, values)| {
            Stream::new(seed, purpose, (self.first + sample) as u64).normal(lane, values);
        });
        from_samples(values, self.shape, device)
    }

    fn cut(&self, all: &[f32], device: &Device) -> Tensor<4> {
        let size = self.shape.elements();
        from_samples(all[self.first * size..(self.first + self.samples) * size].to_vec(), self.shape, device)
    }
}

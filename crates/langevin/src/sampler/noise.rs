//! The noise of generated samples: each sample has its own, whatever batch it is in.

use crate::tensor::SampleShape;
use burn::tensor::{Device, Tensor, TensorData};
use langevin_math::rng::{Purpose, Stream};
use rayon::prelude::*;

/// The noise of samples `first`, `first + 1`, … of a seed.
#[derive(Clone, Debug)]
pub struct NoiseSource {
    /// The seed.
    pub seed: u64,
    /// Number of the batch's first sample under the seed.
    pub first: u64,
    /// Samples of the batch.
    pub samples: usize,
    /// The shape of one.
    pub shape: SampleShape,
}

impl NoiseSource {
    /// x_T of each sample.
    ///
    /// # Shapes
    /// Returns `[samples, height, width, channels]`.
    pub fn start(&self, device: &Device) -> Tensor<4> {
        self.draw(Purpose::SampleStart, 0, device)
    }

    /// z of each sample at reverse step `index`.
    ///
    /// # Shapes
    /// Returns `[samples, height, width, channels]`.
    pub fn step(&self, index: usize, device: &Device) -> Tensor<4> {
        self.draw(Purpose::SampleNoise, index as u32, device)
    }

    fn draw(&self, purpose: Purpose, lane: u32, device: &Device) -> Tensor<4> {
        let mut values = vec![0.0; self.samples * self.shape.elements()];
        values.par_chunks_mut(self.shape.elements()).enumerate().for_each(|(sample, values)| {
            Stream::new(self.seed, purpose, self.first + sample as u64).normal(lane, values);
        });
        Tensor::from_data(TensorData::new(values, self.shape.batch(self.samples)), device)
    }
}

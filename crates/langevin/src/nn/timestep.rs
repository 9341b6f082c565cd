//! Timesteps as vectors.

use super::{Init, Linear};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use langevin_math::{EmbeddingOrder, MAX_PERIOD, sinusoidal_embeddings};
use serde::{Deserialize, Serialize};

/// How a timestep becomes a vector of sines and cosines before anything is learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimestepEncoding {
    /// Length of the vector.
    pub dimensions: usize,
    /// Sines first (Ho et al.) or cosines first (later networks).
    pub order: EmbeddingOrder,
    /// What a timestep is multiplied by first: 1, or 1000/T for a network that sees every process as one of 1,000 steps.
    pub scale: f64,
    /// Subtracted from half the dimensions in the exponent's denominator: 1 in Ho et al.'s code.
    pub frequency_shift: f64,
}

impl TimestepEncoding {
    /// The encoding of each timestep, computed in f64.
    ///
    /// # Shapes
    /// Returns `[timesteps, dimensions]`.
    pub fn encode(&self, timesteps: &[f64], device: &Device) -> Tensor<2> {
        let Self { dimensions, order, scale, frequency_shift } = *self;
        let timesteps: Vec<f64> = timesteps.iter().map(|timestep| timestep * scale).collect();
        let values = sinusoidal_embeddings(&timesteps, dimensions, order, frequency_shift, MAX_PERIOD);
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        Tensor::from_data(TensorData::new(values, [timesteps.len(), self.dimensions]), device)
    }
}

/// Two linear layers with SiLU between them, over the encoding of a timestep.
#[derive(Module, Debug)]
pub struct TimestepEmbedding {
    /// From the encoding.
    pub linear1: Linear,
    /// To the embedding.
    pub linear2: Linear,
    #[module(skip)]
    encoding: TimestepEncoding,
}

impl TimestepEmbedding {
    /// An embedding of `outputs` features.
    pub fn new(init: &mut Init, encoding: TimestepEncoding, outputs: usize) -> Self {
        Self {
            linear1: Linear::new(init, encoding.dimensions, outputs),
            linear2: Linear::new(init, outputs, outputs),
            encoding,
        }
    }

    /// # Shapes
    /// Returns `[timesteps, outputs]`.
    pub fn forward(&self, timesteps: &[f64], device: &Device) -> Tensor<2> {
        let hidden = self.linear1.forward(self.encoding.encode(timesteps, device));
        self.linear2.forward(langevin_ops::silu(hidden))
    }
}

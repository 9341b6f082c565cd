//! A perceptron for points in the plane: the 2-D toys on which the whole process can be watched.

use super::tape::Event::{Release, Take, Weights};
use super::tape::Tape;
use super::unet::linear;
use super::{Conditioning, ConfigError, Network};
use crate::nn::{DropoutKey, Init, Linear, TimestepEmbedding, TimestepEncoding};
use crate::tensor::SampleShape;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use langevin_kernels::ConvShape;
use langevin_math::EmbeddingOrder;
use serde::{Deserialize, Serialize};

/// Configuration of an [`Mlp`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Features of each hidden layer.
    pub hidden: usize,
    /// Hidden layers.
    pub layers: usize,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self { hidden: 128, layers: 3 }
    }
}

impl MlpConfig {
    /// # Errors
    /// If the samples are not points, or a size is zero or odd.
    pub fn validate(&self, shape: SampleShape) -> Result<(), ConfigError> {
        if (shape.height, shape.width) != (1, 1) {
            return Err(ConfigError::MlpOnPictures { height: shape.height, width: shape.width });
        }
        let hidden = (2..=65_536).contains(&self.hidden) && self.hidden.is_multiple_of(2);
        if !(1..=1000).contains(&self.layers) || !hidden {
            return Err(ConfigError::MlpSize { hidden: self.hidden, layers: self.layers });
        }
        Ok(())
    }

    /// A network on points of `features` coordinates, with weights drawn from `seed`.
    pub fn init(&self, features: usize, seed: u64, device: &Device) -> Mlp {
        let init = &mut Init::new(seed, device);
        let encoding = TimestepEncoding {
            dimensions: self.hidden,
            order: EmbeddingOrder::SinCos,
            scale: 1.0,
            frequency_shift: 1.0,
        };
        let time = TimestepEmbedding::new(init, encoding, self.hidden);
        let layers = (0..self.layers)
            .map(|layer| ModulatedLayer {
                linear: Linear::new(init, if layer == 0 { features } else { self.hidden }, self.hidden),
                modulation: Linear::new(init, self.hidden, self.hidden),
            })
            .collect();
        Mlp { time, layers, output: Linear::new(init, self.hidden, features) }
    }

    pub(super) fn parameter_count(&self, features: usize) -> u64 {
        let (hidden, features) = (self.hidden as u64, features as u64);
        let linear = |inputs: u64, outputs: u64| (inputs + 1) * outputs;
        let later = (self.layers as u64 - 1) * linear(hidden, hidden);
        let modulations = self.layers as u64 * linear(hidden, hidden);
        2 * linear(hidden, hidden) + linear(features, hidden) + later + modulations + linear(hidden, features)
    }

    /// One for each weight: each layer sees one row a point.
    pub(super) fn multiply_adds(&self, features: usize) -> u64 {
        let (hidden, features, layers) = (self.hidden as u64, features as u64, self.layers as u64);
        2 * hidden * hidden + 2 * features * hidden + (2 * layers - 1) * hidden * hidden
    }

    /// The tape of the network for points of `features` coordinates.
    ///
    /// A linear layer keeps its input, SiLU too, and a product both factors.
    pub(super) fn tape(&self, features: usize) -> Tape {
        let hidden = self.hidden;
        let linear = |inputs: usize, outputs: usize| Weights((inputs + 1) * outputs);
        let mut tape = Tape::new(features);
        let silu = [Take(hidden), Release(2 * hidden)];
        let mut time = vec![Release(hidden)];
        time.extend(silu);
        time.extend([Take(hidden), linear(hidden, hidden), Release(2 * hidden)]);
        time.extend(silu);
        time.extend([linear(hidden, hidden), Release(2 * hidden)]);
        tape.push(5 * hidden, time);
        for layer in 0..self.layers {
            let inputs = if layer == 0 { features } else { hidden };
            let mut events = silu.to_vec();
            events.extend([Take(2 * hidden), Release(3 * hidden)]);
            events.extend([Take(hidden), linear(hidden, hidden), Release(hidden)]);
            if layer + 1 < self.layers {
                // The embedding's gradients by all layers are added up in one place.
                events.push(Release(hidden));
            }
            let passed = if layer == 0 { 0 } else { hidden };
            events.extend([Take(passed), linear(inputs, hidden), Release(hidden + inputs)]);
            tape.push(inputs + 3 * hidden, events);
        }
        tape.push(hidden, vec![Take(hidden), linear(hidden, features), Release(features + hidden)]);
        // The embedding, a layer's input and what its linear map gives, the scale, and their product.
        tape.pass(features + 5 * hidden);
        tape
    }

    /// Each linear layer, for so many points.
    pub(super) fn convolutions(&self, features: usize, points: usize) -> Vec<ConvShape> {
        let hidden = self.hidden;
        let mut all = vec![linear(points, hidden, hidden); 2];
        for layer in 0..self.layers {
            let inputs = if layer == 0 { features } else { hidden };
            all.extend([linear(points, inputs, hidden), linear(points, hidden, hidden)]);
        }
        all.push(linear(points, hidden, features));
        all
    }

    pub(super) fn describe(&self) -> String {
        format!("MLP, {} hidden layers of {}", self.layers, self.hidden)
    }
}

/// One hidden layer: h ← silu((W h + b) ⊙ (1 + s(t))), with s linear in the timestep's embedding.
#[derive(Module, Debug)]
pub struct ModulatedLayer {
    /// W and b.
    pub linear: Linear,
    /// s.
    pub modulation: Linear,
}

/// Hidden layers, each modulated by an embedding of the timestep, and a linear output.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The timestep's embedding.
    pub time: TimestepEmbedding,
    /// The hidden layers.
    pub layers: Vec<ModulatedLayer>,
    /// The output layer.
    pub output: Linear,
}

impl Network for Mlp {
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, _dropout: Option<DropoutKey>) -> Tensor<4> {
        let shape = x.dims();
        let embedding = langevin_ops::silu(self.time.forward(conditioning.timesteps, &x.device()));
        let mut hidden = x.reshape([shape[0], shape[1] * shape[2] * shape[3]]);
        for layer in &self.layers {
            let scale = layer.modulation.forward(embedding.clone()).add_scalar(1.0);
            hidden = layer.linear.forward(hidden) * scale;
            hidden = langevin_ops::silu(hidden);
        }
        self.output.forward(hidden).reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tape_is_counted_by_hand() {
        for layers in 1..4 {
            let config = MlpConfig { hidden: 8, layers };
            let tape = config.tape(2);
            let [left, weights] = tape.ends();
            assert_eq!((left, weights as u64), (weights, config.parameter_count(2)), "{layers} layers");
            // Five of the embedding, four of each layer, the points twice, and the gradient of the last layer's output; then
            // that goes with what the layer kept, so this is the most.
            let (many, each) = (1000, 8 * (5 + 4 * layers + 1) + 2 + 2);
            let output = 9 * 2;
            assert_eq!(tape.peak(many), many * each + output, "{layers} layers");
            let all = config.convolutions(2, 3);
            let weights: usize = all.iter().map(|shape| (shape.inputs + 1) * shape.outputs).sum();
            assert_eq!(weights as u64, config.parameter_count(2), "{layers} layers");
        }
    }
}

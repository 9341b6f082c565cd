//! A small network in its process, to draw with.

use super::perturbed;
use burn::tensor::Device;
use langevin::SampleShape;
use langevin::config::builtin_recipe;
use langevin::diffusion::{Bound, Process};
use langevin::math::{Prediction, Schedule, Variance};
use langevin::models::{ClassEmbedding, Model, ModelConfig};
use langevin::pipeline::Sampling;

/// The shape of its samples.
pub const SHAPE: SampleShape = SampleShape { height: 8, width: 8, channels: 1 };

/// The digits' network, no parameter of which is zero, and its process.
pub struct Parts(pub Model, pub Process);

impl Parts {
    pub fn new() -> Self {
        Self::of(None, Prediction::Epsilon, Variance::FixedLarge)
    }

    /// One that is told classes so.
    pub fn of(classes: Option<ClassEmbedding>, prediction: Prediction, variance: Variance) -> Self {
        let mut recipe = builtin_recipe("digits").unwrap();
        if let ModelConfig::Unet(network) = &mut recipe.model {
            network.class_embedding = classes;
            network.output_channels = (variance == Variance::Learned).then_some(2 * SHAPE.channels);
        }
        let network = recipe.model.init(SHAPE, 0, &Device::flex());
        let process = Process::new(&Schedule::default(), 1000, prediction, variance).unwrap();
        Self(perturbed(network, 0.05, 1), process)
    }

    pub fn sampling(&self) -> Sampling<'_> {
        let bound = Bound::Clip { range: 1.0 };
        Sampling { network: &self.0, process: &self.1, shape: SHAPE, bound, guide: None }
    }
}

//! The gradient that guides samples to a class.

use super::Classifier;
use crate::models::{Conditioning, Network};
use crate::tensor::to_vec;
use burn::tensor::{Tensor, TensorData};
use langevin_math::categorical::log_prob_gradient;
use rayon::prelude::*;

impl Classifier {
    /// ∇_x ln p(y | x_t), of each sample by its own elements    (Dhariwal & Nichol 2021, section 4.1 and Algorithms 1, 2)
    ///
    /// The network is on a device with automatic differentiation, and its parameters need no gradients, as
    /// [`TrainedModel::differentiable`](crate::pipeline::TrainedModel::differentiable) gives it. It is as in evaluation, and
    /// no sample's gradient depends on the others.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, on the device without differentiation, and so is what returns, of the same
    /// shape; a timestep and a class for each sample.
    ///
    /// # Panics
    /// If the numbers of timesteps or classes are not that of samples, a class is unknown, or the network's device does not
    /// differentiate.
    pub fn log_probability_gradient(&self, x: Tensor<4>, timesteps: &[f64], classes: &[usize]) -> Tensor<4> {
        let samples = x.dims()[0];
        assert_eq!([timesteps.len(), classes.len()], [samples; 2], "a timestep and a class for each sample");
        let x = Tensor::<4>::from_inner(x).require_grad();
        let logits = self.forward(x.clone(), Conditioning::at(timesteps), None);
        // The derivative by the logits is a formula; the graph begins at these.
        let values = to_vec(logits.clone().inner());
        let by_logits = values.par_chunks(self.classes()).zip(classes).flat_map_iter(|(logits, &class)| {
            let logits: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
            log_prob_gradient(&logits, class).into_iter().map(|gradient| gradient as f32)
        });
        let by_logits = TensorData::new(by_logits.collect::<Vec<f32>>(), logits.dims());
        let by_logits = Tensor::<4>::from_data(by_logits, &logits.device());
        let gradients = (logits * by_logits).sum().backward();
        x.grad(&gradients).expect("x asked for its gradient")
    }
}

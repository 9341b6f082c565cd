//! A network in a process: from its raw output to x̂_0 and ε̂.

use super::Process;
use crate::models::{Conditioning, Network};
use burn::tensor::Tensor;

/// What a network makes of x_t.
#[derive(Clone, Debug)]
pub struct Denoised {
    /// x̂_0.
    pub x0: Tensor<4>,
    /// ε̂, the noise that takes x̂_0 to x_t.
    pub eps: Tensor<4>,
}

/// A network wrapped with the process that it was trained for.
///
/// Samplers see only this: neither the network nor what it predicts.
pub struct Denoiser<'a> {
    network: &'a dyn Network,
    process: &'a Process,
    clip: bool,
}

impl<'a> Denoiser<'a> {
    /// `clip` bounds x̂_0 to [−1, 1], as Ho et al.'s code does: right for pictures, wrong for points.
    pub fn new(network: &'a dyn Network, process: &'a Process, clip: bool) -> Self {
        Self { network, process, clip }
    }

    /// The process.
    pub fn process(&self) -> &Process {
        self.process
    }

    /// x̂_0 and ε̂ at step `index` of the process. A clipped x̂_0 takes its ε̂ with it.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, all at the same step; so are both results.
    pub fn denoise(&self, x: Tensor<4>, index: usize) -> Denoised {
        let Process { table, prediction, .. } = self.process;
        let timesteps = vec![self.process.timestep(index) as f64; x.dims()[0]];
        let output = self.network.forward(x.clone(), Conditioning::at(&timesteps), None);
        let of =
            |(of_x, of_output): (f64, f64)| x.clone().mul_scalar(of_x) + output.clone().mul_scalar(of_output);
        let x0 = of(prediction.x0_coefficients(table, index));
        if !self.clip {
            return Denoised { eps: of(prediction.eps_coefficients(table, index)), x0 };
        }
        let x0 = x0.clamp(-1.0, 1.0);
        let signal = table.sqrt_alpha_bar(index);
        let noise = table.sqrt_one_minus_alpha_bar(index);
        let eps = (x - x0.clone().mul_scalar(signal)).div_scalar(noise);
        Denoised { x0, eps }
    }
}

//! Ancestral sampling, Algorithm 2 of Ho et al. 2020.

use super::Solver;
use crate::diffusion::{Denoised, Process};
use burn::tensor::Tensor;

/// x_{t−1} = μ̃_t(x_t, x̂_0) + σ_t z, z = 0 at the last step (Ho et al. 2020, Eqs. 7 and 11).
///
/// Written with x̂_0 rather than ε̂, so that a clipped x̂_0 is what the step uses; unclipped, the two are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ancestral;

impl Solver for Ancestral {
    fn step(
        &mut self,
        process: &Process,
        index: usize,
        x: Tensor<4>,
        denoised: Denoised,
        noise: &mut dyn FnMut() -> Tensor<4>,
    ) -> Tensor<4> {
        let (of_x0, of_x) = process.table.posterior_mean_coefficients(index);
        let mean = denoised.x0.mul_scalar(of_x0) + x.mul_scalar(of_x);
        if index == 0 {
            return mean;
        }
        mean + noise().mul_scalar(process.sigma(index))
    }
}

//! DDIM inversion: from data to the noise that DDIM would make them of.

use super::solver::{Solver, Step, mix};
use burn::tensor::Tensor;
use langevin_math::NoiseLevel;

/// DDIM's step (η = 0) the other way: x_to = √ᾱ_to x̂_0 + √(1 − ᾱ_to) ε̂, to a noisier level
/// (Song et al. 2021, section 5.4; Dhariwal & Nichol 2021, appendix F).
///
/// It follows the same ODE, with ε̂ taken where a step begins; DDIM takes it at the step's other end. So the two undo each
/// other as far as ε̂ changes little over a step: with more steps, more exactly.
#[derive(Clone, Copy, Debug, Default)]
pub struct DdimInversion {
    /// Whether the network is told the timestep at which the step ends, and ε̂ stays what it said where x̂_0 is bounded, as
    /// some programs do.
    pub told_the_end: bool,
}

impl Solver for DdimInversion {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let (from, to) = (step.levels.from, step.levels.to);
        let told = if self.told_the_end { NoiseLevel { t: to.t, ..from } } else { from };
        let denoised = step.denoise_at(step.x.clone(), told);
        let eps = if self.told_the_end { step.eps_of_output(denoised.output, from) } else { denoised.eps };
        mix(to.alpha(), denoised.x0, to.sigma(), eps)
    }
}

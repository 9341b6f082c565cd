//! DDIM: the deterministic (η = 0) to ancestral (η = 1) family of Song et al. 2021.

use super::solver::{Solver, Step, mix};
use burn::tensor::Tensor;

/// x_to = √ᾱ_to x̂_0 + √(1 − ᾱ_to − s²) ε̂ + s z with s = η √β̃    (Song et al. 2021, Eqs. 12 and 16)
#[derive(Clone, Copy, Debug, Default)]
pub struct Ddim {
    /// η in [0, 1].
    pub eta: f64,
    /// Whether ε̂ stays what the network said where x̂_0 is bounded; else it follows x̂_0.
    pub unbounded_eps: bool,
}

impl Solver for Ddim {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        let eps = if self.unbounded_eps { step.eps_of_output(denoised.output, from) } else { denoised.eps };
        let s = self.eta * step.levels.posterior_variance().max(0.0).sqrt();
        let kept = (to.sigma().powi(2) - s * s).max(0.0).sqrt();
        let x = mix(to.alpha(), denoised.x0, kept, eps);
        if s > 0.0 { x + step.noise().mul_scalar(s) } else { x }
    }
}

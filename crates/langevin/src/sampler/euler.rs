//! Euler's method, with Karras et al.'s noise if asked for.

use super::churn::Churn;
use super::solver::{Solver, Step, add_noise, drift};
use burn::tensor::Tensor;

/// One evaluation a step along d(x/α)/dρ = ε̂    (Karras et al. 2022, Algorithm 2 without its second-order correction)
#[derive(Clone, Copy, Debug, Default)]
pub struct Euler {
    /// Noise added before each step.
    pub churn: Churn,
    /// Whether the network sees x as it was before the noise was added, as some programs do.
    pub denoise_first: bool,
}

impl Solver for Euler {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let (from, to) = (step.levels.from, step.levels.to);
        let Some(raised) = self.churn.raise(from, step.whole, step.process()) else {
            let denoised = step.denoise();
            return if to.is_data() { denoised.x0 } else { drift(step.x.clone(), denoised.eps, from, to) };
        };
        let noisy = add_noise(step.x.clone(), step.noise(), from, raised, self.churn.scale);
        let slope =
            if self.denoise_first { step.denoise().eps } else { step.denoise_at(noisy.clone(), raised).eps };
        drift(noisy, slope, raised, to)
    }
}

//! Euler's method with ancestral noise.

use super::ancestral::below;
use super::solver::{Solver, Step, add_noise, drift};
use burn::tensor::Tensor;

/// Euler's step to a level below the goal, then fresh noise up to it    (k-diffusion, `sample_euler_ancestral`)
#[derive(Clone, Copy, Debug)]
pub struct EulerAncestral {
    /// η in [0, 1]: 0 is Euler's method, 1 adds as much noise as ancestral sampling.
    pub eta: f64,
}

impl Solver for EulerAncestral {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        if to.is_data() {
            return denoised.x0;
        }
        let down = below(step.levels, self.eta, |rho| step.process().table.level_of_rho(rho));
        let x = drift(step.x.clone(), denoised.eps, from, down);
        if self.eta > 0.0 { add_noise(x, step.noise(), down, to, 1.0) } else { x }
    }
}

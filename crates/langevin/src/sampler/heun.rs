//! Heun's method, the second-order sampler of Karras et al. 2022.

use super::churn::Churn;
use super::solver::{Solver, Step, add_noise, drift};
use burn::tensor::Tensor;

/// Algorithm 2 of Karras et al. 2022: noise if asked for, Euler's step, and a correction by the mean of the slopes at both
/// ends, but for the step that ends at the data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heun {
    /// Noise added before each step.
    pub churn: Churn,
}

impl Solver for Heun {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let (mut from, to) = (step.levels.from, step.levels.to);
        let mut x = step.x.clone();
        if let Some(raised) = self.churn.raise(from, step.whole, step.process()) {
            x = add_noise(x, step.noise(), from, raised, self.churn.scale);
            from = raised;
        }
        let first = step.denoise_at(x.clone(), from);
        if to.is_data() {
            return first.x0;
        }
        let guess = drift(x.clone(), first.eps.clone(), from, to);
        let second = step.denoise_at(guess, to);
        drift(x, (first.eps + second.eps).mul_scalar(0.5), from, to)
    }
}

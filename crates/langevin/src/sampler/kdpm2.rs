//! Karras et al.'s form of DPM-Solver-2: the slope in the middle of a step, in the logarithm of the noise.

use super::ancestral::below;
use super::solver::{Solver, Step, add_noise, drift};
use burn::tensor::Tensor;
use langevin_math::NoiseLevel;

/// Two evaluations a step: ε̂ at √(ρ_from ρ_to) is the slope of the whole step; the step that ends at the data is Euler's
/// (Karras et al. 2022; k-diffusion, `sample_dpm_2`)
#[derive(Clone, Copy, Debug, Default)]
pub struct Kdpm2;

impl Solver for Kdpm2 {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let to = step.levels.to;
        midpoint(step, to)
    }
}

/// As [`Kdpm2`], to a level below the goal, then fresh noise up to it    (k-diffusion, `sample_dpm_2_ancestral`)
#[derive(Clone, Copy, Debug)]
pub struct Kdpm2Ancestral {
    /// η in [0, 1]: 0 is [`Kdpm2`], 1 adds as much noise as ancestral sampling.
    pub eta: f64,
}

impl Solver for Kdpm2Ancestral {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let to = step.levels.to;
        if to.is_data() {
            return midpoint(step, to);
        }
        let down = below(step.levels, self.eta, |rho| step.process().table.level_of_rho(rho));
        let x = midpoint(step, down);
        if self.eta > 0.0 { add_noise(x, step.noise(), down, to, 1.0) } else { x }
    }
}

/// This step's x at `to`.
fn midpoint(step: &mut Step, to: NoiseLevel) -> Tensor<4> {
    let from = step.levels.from;
    let first = step.denoise();
    if to.is_data() {
        return first.x0;
    }
    let middle = step.process().table.level_of_rho((from.rho() * to.rho()).sqrt());
    let halfway = drift(step.x.clone(), first.eps, from, middle);
    let second = step.denoise_at(halfway, middle);
    drift(step.x.clone(), second.eps, from, to)
}

//! Noise that is added before a step, for the step to take away.

use crate::diffusion::Process;
use langevin_math::NoiseLevel;

/// The stochasticity of Karras et al. 2022, Algorithm 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Churn {
    /// S_churn: how much is added in all; 0 for none.
    pub amount: f64,
    /// S_tmin: the smallest ρ at which noise is added.
    pub min: f64,
    /// S_tmax: the largest.
    pub max: f64,
    /// S_noise: the standard deviation of what is added, slightly above 1 against a loss of detail.
    pub scale: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self { amount: 0.0, min: 0.0, max: f64::INFINITY, scale: 1.0 }
    }
}

impl Churn {
    /// The noisier level ρ̂ = ρ (1 + γ) with γ = min(S_churn/S, √2 − 1) from which a step of S begins; `None` where no noise
    /// is added.
    pub(super) fn raise(&self, level: NoiseLevel, steps: usize, process: &Process) -> Option<NoiseLevel> {
        let rho = level.rho();
        if self.amount <= 0.0 || !(self.min..=self.max).contains(&rho) {
            return None;
        }
        let gamma = (self.amount / steps as f64).min(std::f64::consts::SQRT_2 - 1.0);
        Some(process.table.level_of_rho(rho * (1.0 + gamma)))
    }
}

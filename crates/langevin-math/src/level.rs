//! Noise levels of the variance-preserving process, and the steps between them.

/// A noise level: x = α x_0 + σ ε with α² + σ² = 1, and the timestep that a network is told there.
///
/// Kept as ln ᾱ = 2 ln α, from which α, σ, ρ and λ follow without cancellation at either end.
///
/// ```
/// use langevin_math::NoiseLevel;
///
/// let level = NoiseLevel::of_rho(12.5, 2.0);
/// assert!((level.alpha().powi(2) + level.sigma().powi(2) - 1.0).abs() < 1e-15);
/// assert!((level.rho() - 2.0).abs() < 1e-14);
/// assert_eq!(NoiseLevel::DATA.alpha(), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseLevel {
    /// The timestep, counted from 0; between two of the training process it need not be whole. −1 is the data.
    pub t: f64,
    /// ln ᾱ, at most 0.
    pub log_alpha_bar: f64,
}

impl NoiseLevel {
    /// No noise at all: x_0.
    pub const DATA: Self = Self { t: -1.0, log_alpha_bar: 0.0 };

    /// The level at timestep `t` whose noise has the standard deviation `rho` per unit of signal.
    pub fn of_rho(t: f64, rho: f64) -> Self {
        // ᾱ = 1/(1 + ρ²).
        Self { t, log_alpha_bar: -(rho * rho).ln_1p() }
    }

    /// Whether there is no noise.
    pub fn is_data(&self) -> bool {
        self.log_alpha_bar == 0.0
    }

    /// α = √ᾱ, the coefficient of x_0.
    pub fn alpha(&self) -> f64 {
        (0.5 * self.log_alpha_bar).exp()
    }

    /// σ = √(1 − ᾱ), the coefficient of ε.
    pub fn sigma(&self) -> f64 {
        (-self.log_alpha_bar.exp_m1()).sqrt()
    }

    /// ρ = σ/α: what Karras et al. 2022 call σ, the noise of x/α.
    pub fn rho(&self) -> f64 {
        (-self.log_alpha_bar).exp_m1().sqrt()
    }

    /// λ = ln(α/σ), half of the logarithm of the signal-to-noise ratio (Lu et al. 2022); infinite for data.
    pub fn lambda(&self) -> f64 {
        -self.rho().ln()
    }
}

/// A step from a noise level to another: a reverse step to a cleaner one, or where a sampler inverts, to a noisier one.
///
/// Its Gaussians are those of the process that visits only these two levels: ᾱ is kept, and
/// β = 1 − ᾱ_from/ᾱ_to    (Nichol & Dhariwal 2021, Eq. 19).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// Where it begins: the noisier level of a reverse step.
    pub from: NoiseLevel,
    /// Where it ends: a cleaner level, or the data.
    pub to: NoiseLevel,
}

impl Transition {
    fn log_alpha(&self) -> f64 {
        self.from.log_alpha_bar - self.to.log_alpha_bar
    }

    /// β, the variance that the forward step adds.
    pub fn beta(&self) -> f64 {
        -self.log_alpha().exp_m1()
    }

    /// β̃ = (1 − ᾱ_to)/(1 − ᾱ_from) · β, the variance of q(x_to | x_from, x_0); 0 towards data    (H7)
    pub fn posterior_variance(&self) -> f64 {
        self.beta() * (self.to.log_alpha_bar.exp_m1() / self.from.log_alpha_bar.exp_m1())
    }

    /// The coefficients (of x_0, of x_from) of the mean of q(x_to | x_from, x_0); (1, 0) towards data:
    ///
    /// μ̃ = √ᾱ_to β/(1 − ᾱ_from) · x_0 + √α (1 − ᾱ_to)/(1 − ᾱ_from) · x_from    (H7)
    pub fn posterior_mean_coefficients(&self) -> (f64, f64) {
        let noise = -self.from.log_alpha_bar.exp_m1();
        let of_x0 = self.to.alpha() * (self.beta() / noise);
        let of_x = (0.5 * self.log_alpha()).exp() * (-self.to.log_alpha_bar.exp_m1() / noise);
        (of_x0, of_x)
    }

    /// The step h = λ_to − λ_from, positive towards cleaner levels; infinite towards data    (Lu et al. 2022)
    pub fn lambda_step(&self) -> f64 {
        self.to.lambda() - self.from.lambda()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiffusionTable, Schedule};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_measures_of_a_level_agree(rho in 1e-4f64..1e3) {
            let level = NoiseLevel::of_rho(0.0, rho);
            prop_assert!((level.rho() / rho - 1.0).abs() < 1e-12);
            prop_assert!((level.sigma() / level.alpha() / rho - 1.0).abs() < 1e-12);
            prop_assert!((level.lambda() + rho.ln()).abs() < 1e-12);
            prop_assert!((level.alpha().powi(2) + level.sigma().powi(2) - 1.0).abs() < 1e-14);
        }

        /// Between neighbours a transition is the table's own step.
        #[test]
        fn single_steps_are_those_of_the_table(betas in prop::collection::vec(1e-4f64..0.2, 2..60)) {
            let table = DiffusionTable::new(betas).unwrap();
            for t in 1..table.len() {
                let step = Transition { from: table.level(t), to: table.level(t - 1) };
                prop_assert!((step.beta() / table.beta(t) - 1.0).abs() < 1e-10);
                prop_assert!((step.posterior_variance() / table.posterior_variance(t) - 1.0).abs() < 1e-10);
                let (a, b) = step.posterior_mean_coefficients();
                let (c, d) = table.posterior_mean_coefficients(t);
                prop_assert!((a / c - 1.0).abs() < 1e-10 && (b / d - 1.0).abs() < 1e-10);
            }
        }

        /// Two steps compose: the signal kept by both is that of one step across.
        #[test]
        fn what_is_kept_multiplies(a in 0usize..300, b in 300usize..600, c in 600usize..1000) {
            let table = DiffusionTable::new(Schedule::default().betas(1000).unwrap()).unwrap();
            let kept = |from, to| 1.0 - Transition { from: table.level(from), to: table.level(to) }.beta();
            prop_assert!((kept(c, b) * kept(b, a) - kept(c, a)).abs() < 1e-14);
        }
    }

    #[test]
    fn the_step_to_the_data_gives_the_data() {
        let table = DiffusionTable::new(Schedule::default().betas(10).unwrap()).unwrap();
        let step = Transition { from: table.level(4), to: NoiseLevel::DATA };
        let (of_x0, of_x) = step.posterior_mean_coefficients();
        assert!((of_x0 - 1.0).abs() < 1e-15 && of_x == 0.0);
        assert_eq!(step.posterior_variance(), 0.0);
        assert_eq!(step.lambda_step(), f64::INFINITY);
    }
}

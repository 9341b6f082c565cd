//! What a network predicts, and how x_0 and ε follow from it.
//!
//! Every prediction is linear: each function gives the two coefficients, and a tensor only receives them.

use serde::{Deserialize, Serialize};

use crate::level::NoiseLevel;
use crate::process::DiffusionTable;

/// The quantity a network's output stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prediction {
    /// The noise ε    (Ho et al. 2020, Eq. 11)
    Epsilon,
    /// The clean sample x_0.
    X0,
    /// v = √ᾱ ε − √(1−ᾱ) x_0    (Salimans & Ho 2022, section 4)
    V,
    /// The mean μ̃ of q(x_{t−1} | x_t, x_0)    (Ho et al. 2020, Eq. 8)
    PosteriorMean,
}

impl Prediction {
    /// Every prediction there is.
    pub const ALL: [Self; 4] = [Self::Epsilon, Self::X0, Self::V, Self::PosteriorMean];

    /// The name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epsilon => "epsilon",
            Self::X0 => "x0",
            Self::V => "v",
            Self::PosteriorMean => "posterior-mean",
        }
    }

    /// The coefficients (of x, of the output) of x_0 at a noise level of the process `table`:
    ///
    /// - ε: x_0 = (x − σ ε)/α
    /// - v: x_0 = α x − σ v
    /// - μ̃: x_0 = (μ̃ − c_t x)/c_0, with c_0 and c_t from
    ///   [`posterior_mean_coefficients`](DiffusionTable::posterior_mean_coefficients); between two timesteps these
    ///   are interpolated linearly, as what the network was trained for is defined at timesteps alone
    pub fn x0_coefficients(self, table: &DiffusionTable, level: NoiseLevel) -> (f64, f64) {
        let (alpha, sigma) = (level.alpha(), level.sigma());
        match self {
            Self::Epsilon => (1.0 / alpha, -sigma / alpha),
            Self::X0 => (0.0, 1.0),
            Self::V => (alpha, -sigma),
            Self::PosteriorMean => {
                let below = level.t.clamp(0.0, (table.len() - 1) as f64).floor();
                let above = (below as usize + 1).min(table.len() - 1);
                let part = (level.t - below).clamp(0.0, 1.0);
                let (low, high) = (
                    table.posterior_mean_coefficients(below as usize),
                    table.posterior_mean_coefficients(above),
                );
                let mix =
                    |low: f64, high: f64| if part == 0.0 { low } else { low * (1.0 - part) + high * part };
                let (of_x0, of_xt) = (mix(low.0, high.0), mix(low.1, high.1));
                (-of_xt / of_x0, 1.0 / of_x0)
            }
        }
    }

    /// The coefficients (of x, of the output) of ε at a noise level of the process `table`, which is not the data's:
    ///
    /// - x_0: ε = (x − α x_0)/σ
    /// - v: ε = σ x + α v
    /// - μ̃: that of x_0, with x_0 = (μ̃ − c_t x)/c_0
    pub fn eps_coefficients(self, table: &DiffusionTable, level: NoiseLevel) -> (f64, f64) {
        let (alpha, sigma) = (level.alpha(), level.sigma());
        match self {
            Self::Epsilon => (0.0, 1.0),
            Self::V => (sigma, alpha),
            Self::X0 | Self::PosteriorMean => {
                let (of_x, of_output) = self.x0_coefficients(table, level);
                ((1.0 - alpha * of_x) / sigma, -alpha * of_output / sigma)
            }
        }
    }

    /// The coefficients (of x_0, of ε) of what the network is trained to give:
    ///
    /// - v: √ᾱ ε − √(1−ᾱ) x_0
    /// - μ̃: c_0 x_0 + c_t x_t = √ᾱ_{t−1} x_0 + c_t √(1−ᾱ) ε, with x_t = √ᾱ x_0 + √(1−ᾱ) ε
    pub fn target_coefficients(self, table: &DiffusionTable, t: usize) -> (f64, f64) {
        match self {
            Self::Epsilon => (0.0, 1.0),
            Self::X0 => (1.0, 0.0),
            Self::V => (-table.sqrt_one_minus_alpha_bar(t), table.sqrt_alpha_bar(t)),
            Self::PosteriorMean => {
                let (_, of_xt) = table.posterior_mean_coefficients(t);
                (table.alpha_bar_prev(t).sqrt(), of_xt * table.sqrt_one_minus_alpha_bar(t))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn combine((a, b): (f64, f64), x: f64, y: f64) -> f64 {
        a * x + b * y
    }

    #[test]
    fn names_are_the_serialised_ones() {
        for prediction in Prediction::ALL {
            assert_eq!(serde_json::to_string(&prediction).unwrap(), format!("\"{}\"", prediction.name()));
        }
    }

    /// ᾱ = 0.36 by one step: √ᾱ = 0.6 and √(1−ᾱ) = 0.8, so every coefficient can be written down.
    #[test]
    fn coefficients_at_a_simple_noise_level() {
        let table = DiffusionTable::new(vec![0.64]).unwrap();
        let expected = [
            (Prediction::Epsilon, (5.0 / 3.0, -4.0 / 3.0), (0.0, 1.0), (0.0, 1.0)),
            (Prediction::X0, (0.0, 1.0), (1.25, -0.75), (1.0, 0.0)),
            (Prediction::V, (0.6, -0.8), (0.8, 0.6), (-0.8, 0.6)),
            // The posterior of the first step is x_0 itself.
            (Prediction::PosteriorMean, (0.0, 1.0), (1.25, -0.75), (1.0, 0.0)),
        ];
        let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 1e-15 && (a.1 - b.1).abs() < 1e-15;
        for (prediction, x0, eps, target) in expected {
            assert!(near(prediction.x0_coefficients(&table, table.level(0)), x0), "x0 of {prediction:?}");
            assert!(near(prediction.eps_coefficients(&table, table.level(0)), eps), "eps of {prediction:?}");
            assert!(near(prediction.target_coefficients(&table, 0), target), "target of {prediction:?}");
        }
    }

    proptest! {
        /// A network that gives its target exactly leads back to the x_0 and ε that made it.
        #[test]
        fn targets_lead_back_to_x0_and_eps(
            betas in prop::collection::vec(1e-4f64..0.2, 1..60),
            x0 in -1.0f64..1.0,
            eps in -3.0f64..3.0,
        ) {
            let table = DiffusionTable::new(betas).unwrap();
            for t in 0..table.len() {
                let (signal, noise) = (table.sqrt_alpha_bar(t), table.sqrt_one_minus_alpha_bar(t));
                let xt = signal * x0 + noise * eps;
                for prediction in Prediction::ALL {
                    let output = combine(prediction.target_coefficients(&table, t), x0, eps);
                    let (of_x0, of_eps) =
                        (prediction.x0_coefficients(&table, table.level(t)), prediction.eps_coefficients(&table, table.level(t)));
                    // The rounding of x_t and of the output, made of terms below 4, times their coefficients.
                    let slack = |(a, b): (f64, f64)| 1e-14 * (1.0 + 4.0 * a.abs() + 4.0 * b.abs());
                    let (x0_back, eps_back) = (combine(of_x0, xt, output), combine(of_eps, xt, output));
                    prop_assert!((x0_back - x0).abs() < slack(of_x0), "x0 of {:?} at {}", prediction, t);
                    prop_assert!((eps_back - eps).abs() < slack(of_eps), "eps of {:?} at {}", prediction, t);
                }
            }
        }

        /// The mean by way of ε is H11: (x_t − β/√(1−ᾱ) ε)/√α.
        #[test]
        fn the_posterior_mean_is_the_one_of_the_paper(
            betas in prop::collection::vec(1e-4f64..0.2, 1..60),
            xt in -3.0f64..3.0,
            eps in -3.0f64..3.0,
        ) {
            let table = DiffusionTable::new(betas).unwrap();
            for t in 0..table.len() {
                let x0 = combine(Prediction::Epsilon.x0_coefficients(&table, table.level(t)), xt, eps);
                let mean = combine(table.posterior_mean_coefficients(t), x0, xt);
                let noise = table.sqrt_one_minus_alpha_bar(t);
                let expected = (xt - table.beta(t) / noise * eps) / table.alpha(t).sqrt();
                prop_assert!((mean - expected).abs() < 1e-11);
            }
        }
    }
}

//! What training minimises, element by element, with its derivatives.

use serde::{Deserialize, Serialize};

use crate::decoder::{discretized_log_likelihood, discretized_log_likelihood_gradient};
use crate::gaussian::{kl, kl_gradient};
use crate::process::DiffusionTable;
use crate::variance::{Variance, learned_log_variance_bounds};
use crate::weighting::Weighting;

/// What training minimises.
///
/// Serialised with its kind as a tag: `{ kind = "hybrid", lambda = 1e-3 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Objective {
    /// L_simple, the mean squared error of the prediction    (Ho et al. 2020, Eq. 14)
    Simple {
        /// What each timestep counts.
        #[serde(default)]
        weighting: Weighting,
    },
    /// L_hybrid = L_simple + λ L_vlb, where L_vlb trains the variance alone    (Nichol & Dhariwal 2021, Eq. 16)
    Hybrid {
        /// λ, which multiplies the sum over all timesteps, in bits/dim; 0.001 if left out.
        #[serde(default = "lambda")]
        lambda: f64,
        /// What each timestep counts in L_simple.
        #[serde(default)]
        weighting: Weighting,
    },
    /// L_vlb, the variational bound in bits/dim    (Ho et al. 2020, Eq. 5)
    Vlb {},
    /// −ln p(y | x_t): of a classifier, which learns the class of a noisy sample    (Dhariwal & Nichol 2021, section 4)
    CrossEntropy {
        /// Whether it learns from samples without noise alone, as what judges samples does.
        #[serde(default)]
        clean: bool,
    },
}

impl Default for Objective {
    fn default() -> Self {
        Self::Simple { weighting: Weighting::Uniform }
    }
}

fn lambda() -> f64 {
    1e-3
}

impl Objective {
    /// The name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple { .. } => "simple",
            Self::Hybrid { .. } => "hybrid",
            Self::Vlb {} => "vlb",
            Self::CrossEntropy { .. } => "cross-entropy",
        }
    }

    /// The weighting of L_simple, where that takes part.
    pub const fn weighting(self) -> Option<Weighting> {
        match self {
            Self::Simple { weighting } | Self::Hybrid { weighting, .. } => Some(weighting),
            Self::Vlb {} | Self::CrossEntropy { .. } => None,
        }
    }

    /// What the bound on the likelihood counts, where it takes part.
    pub const fn bound_weight(self) -> Option<f64> {
        match self {
            Self::Simple { .. } | Self::CrossEntropy { .. } => None,
            Self::Hybrid { lambda, .. } => Some(lambda),
            Self::Vlb {} => Some(1.0),
        }
    }
}

/// One element's part of a term of the bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundElement {
    /// The term, in nats.
    pub nats: f64,
    /// Its derivative by the error x_0 − x̂_0.
    pub by_error: f64,
    /// Its derivative by v of a learned variance; 0 for a fixed one.
    pub by_v: f64,
}

/// The term of the bound at one timestep: L_0 = −ln p(x_0 | x_1) at t = 0, else L_t = KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t)).
///
/// Both means are c_0 x_0 + c_t x_t with x̂_0 for x_0 in p's, so their difference is c_0 (x_0 − x̂_0): the error of x̂_0 is all
/// that the term needs to know of the network's prediction.
#[derive(Clone, Copy, Debug)]
pub struct BoundTerm {
    of_x0: f64,
    posterior: f64,
    /// ln σ² where it is fixed, and what v goes between where it is learned.
    fixed: Option<f64>,
    bounds: (f64, f64),
    /// The levels of the decoder, at t = 0.
    levels: Option<u32>,
}

impl BoundTerm {
    /// The term at timestep `t` of the process `table`; the decoder's at 0, for data of so many levels.
    pub fn new(table: &DiffusionTable, variance: Variance, t: usize, levels: u32) -> Self {
        Self {
            of_x0: table.posterior_mean_coefficients(t).0,
            posterior: table.posterior_log_variance_clipped(t),
            fixed: variance.log_variance(table, t),
            bounds: learned_log_variance_bounds(table, t),
            levels: (t == 0).then_some(levels),
        }
    }

    /// The part of an element x_0, predicted with an error x_0 − x̂_0, in [−1, 1]; `v` is that of [`learned_log_variance`](crate::learned_log_variance), and
    /// of no account where the variance is fixed.
    pub fn of(&self, x0: f64, error: f64, v: f64) -> BoundElement {
        let (lower, upper) = self.bounds;
        let log_variance = self.fixed.unwrap_or(v * upper + (1.0 - v) * lower);
        let by_v = if self.fixed.is_some() { 0.0 } else { upper - lower };
        match self.levels {
            Some(levels) => {
                // The posterior's mean at t = 0 is x_0 itself.
                let (mean, log_std) = (x0 - error, 0.5 * log_variance);
                let (by_mean, by_log_std) = discretized_log_likelihood_gradient(x0, mean, log_std, levels);
                BoundElement {
                    nats: -discretized_log_likelihood(x0, mean, log_std, levels),
                    by_error: by_mean,
                    by_v: -0.5 * by_log_std * by_v,
                }
            }
            None => {
                let shift = self.of_x0 * error;
                let (by_mean, by_log_variance) = kl_gradient(shift, self.posterior, 0.0, log_variance);
                BoundElement {
                    nats: kl(shift, self.posterior, 0.0, log_variance),
                    by_error: -self.of_x0 * by_mean,
                    by_v: by_log_variance * by_v,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Schedule, learned_log_variance};

    #[test]
    fn objectives_are_written_by_their_kind() {
        let parsed: Objective = serde_json::from_str(r#"{"kind": "hybrid"}"#).unwrap();
        assert_eq!(parsed, Objective::Hybrid { lambda: 1e-3, weighting: Weighting::Uniform });
        assert_eq!((parsed.name(), parsed.bound_weight()), ("hybrid", Some(1e-3)));
        assert_eq!(serde_json::to_string(&Objective::Vlb {}).unwrap(), r#"{"kind":"vlb"}"#);
        assert_eq!((Objective::default().name(), Objective::Vlb {}.name()), ("simple", "vlb"));
    }

    proptest! {
        /// The term is the divergence of the two Gaussians with their means written out, and its derivatives are the slopes.
        #[test]
        fn terms_are_divergences_and_derivatives_slopes(
            t in 0usize..40, level in 0u32..17, distance in -3.0f64..3.0, xt in -2.0f64..2.0, v in -0.2f64..1.2,
        ) {
            let table = DiffusionTable::new(Schedule::Cosine {}.betas(40).unwrap()).unwrap();
            let x0 = f64::from(level) / 8.0 - 1.0;
            for variance in Variance::ALL {
                let term = BoundTerm::new(&table, variance, t, 17);
                let log_variance =
                    variance.log_variance(&table, t).unwrap_or_else(|| learned_log_variance(&table, t, v));
                let (of_x0, of_xt) = table.posterior_mean_coefficients(t);
                let posterior = table.posterior_log_variance_clipped(t);
                // An error of some deviations of p.
                let error = distance * (0.5 * log_variance).exp() / of_x0;
                let got = term.of(x0, error, v);
                let mean = of_x0 * (x0 - error) + of_xt * xt;
                let expected = if t == 0 {
                    -discretized_log_likelihood(x0, mean, 0.5 * log_variance, 17)
                } else {
                    kl(of_x0 * x0 + of_xt * xt, posterior, mean, log_variance)
                };
                prop_assert!((got.nats - expected).abs() < 1e-9 * (1.0 + expected), "{} for {}", got.nats, expected);
                let h = 1e-5;
                let step = h * (0.5 * log_variance).exp() / of_x0;
                let slope = (term.of(x0, error + step, v).nats - term.of(x0, error - step, v).nats) / (2.0 * h);
                let by_error = got.by_error * step / h;
                prop_assert!((slope - by_error).abs() < 1e-6 * (1.0 + expected), "{} for {}", slope, by_error);
                let slope = (term.of(x0, error, v + h).nats - term.of(x0, error, v - h).nats) / (2.0 * h);
                prop_assert!((slope - got.by_v).abs() < 1e-5 * (1.0 + expected), "{} for {}", slope, got.by_v);
            }
        }
    }
}

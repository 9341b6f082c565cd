//! The variance σ_t² of a reverse step p_θ(x_{t−1} | x_t).

use serde::{Deserialize, Serialize};

use crate::process::DiffusionTable;

/// Where the variance of a reverse step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variance {
    /// σ_t² = β_t, the upper bound: right for x_0 ~ N(0, I)    (Ho et al. 2020, section 3.2)
    FixedLarge,
    /// σ_t² = β̃_t, the lower bound: right for a single known x_0    (Ho et al. 2020, section 3.2)
    FixedSmall,
    /// Between the two, by an output of the network    (Nichol & Dhariwal 2021, Eq. 15)
    Learned,
}

impl Variance {
    /// Every variance there is.
    pub const ALL: [Self; 3] = [Self::FixedLarge, Self::FixedSmall, Self::Learned];

    /// The name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedLarge => "fixed-large",
            Self::FixedSmall => "fixed-small",
            Self::Learned => "learned",
        }
    }

    /// ln σ_t² of a fixed variance; `None` for the learned one, which needs the network's output.
    ///
    /// At t = 0 both fixed variances are ln β̃ of index 1 (ln β_0 in a process of one timestep), as in the code
    /// of Ho et al.: a sampler adds no noise there, and the discretised decoder takes this σ.
    pub fn log_variance(self, table: &DiffusionTable, t: usize) -> Option<f64> {
        match self {
            Self::FixedLarge if t > 0 => Some(table.beta(t).ln()),
            Self::FixedLarge | Self::FixedSmall => Some(table.posterior_log_variance_clipped(t)),
            Self::Learned => None,
        }
    }
}

/// The ends (ln β̃_t, ln β_t) between which a learned variance lies.
///
/// At t = 0, where β̃ is 0, the lower end is that of index 1; in a process of one timestep the ends meet.
pub fn learned_log_variance_bounds(table: &DiffusionTable, t: usize) -> (f64, f64) {
    (table.posterior_log_variance_clipped(t), table.beta(t).ln())
}

/// ln σ_t² = v ln β_t + (1 − v) ln β̃_t    (Nichol & Dhariwal 2021, Eq. 15)
///
/// `v` in [0, 1] stays between the [bounds](learned_log_variance_bounds); a network is free to leave them.
pub fn learned_log_variance(table: &DiffusionTable, t: usize, v: f64) -> f64 {
    let (lower, upper) = learned_log_variance_bounds(table, t);
    v * upper + (1.0 - v) * lower
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Schedule;

    #[test]
    fn names_are_the_serialised_ones() {
        for variance in Variance::ALL {
            assert_eq!(serde_json::to_string(&variance).unwrap(), format!("\"{}\"", variance.name()));
        }
    }

    /// β̃ of timesteps 1 and 487 by mpmath; β from numpy's `linspace`.
    #[test]
    fn fixed_variances_have_the_published_values() {
        let table = DiffusionTable::new(Schedule::default().betas(1000).unwrap()).unwrap();
        let cases = [
            (Variance::FixedLarge, 0, 5.4531876613026055e-05f64),
            (Variance::FixedLarge, 1, 0.00011991991991991993),
            (Variance::FixedLarge, 999, 0.02),
            (Variance::FixedSmall, 0, 5.4531876613026055e-05),
            (Variance::FixedSmall, 1, 5.4531876613026055e-05),
            (Variance::FixedSmall, 487, 0.00979157198569004),
        ];
        for (variance, t, expected) in cases {
            let got = variance.log_variance(&table, t).unwrap();
            assert!((got - expected.ln()).abs() < 1e-13, "{variance:?} at {t}: {got}");
        }
        assert_eq!(Variance::Learned.log_variance(&table, 5), None);
    }

    #[test]
    fn one_timestep_has_one_variance() {
        let table = DiffusionTable::new(vec![0.3]).unwrap();
        for variance in [Variance::FixedLarge, Variance::FixedSmall] {
            assert_eq!(variance.log_variance(&table, 0), Some(0.3f64.ln()));
        }
        assert_eq!(learned_log_variance(&table, 0, 0.5), 0.3f64.ln());
    }

    proptest! {
        #[test]
        fn the_learned_variance_lies_between_the_fixed_ones(
            betas in prop::collection::vec(1e-4f64..0.2, 2..60),
            v in 0.0f64..1.0,
        ) {
            let table = DiffusionTable::new(betas).unwrap();
            for t in 1..table.len() {
                let learned = learned_log_variance(&table, t, v);
                let small = Variance::FixedSmall.log_variance(&table, t).unwrap();
                let large = Variance::FixedLarge.log_variance(&table, t).unwrap();
                prop_assert!(small < large);
                prop_assert!(learned >= small - 1e-12 && learned <= large + 1e-12);
                prop_assert_eq!(learned_log_variance(&table, t, 0.0), small);
                prop_assert_eq!(learned_log_variance(&table, t, 1.0), large);
                // In the log domain, halfway is the geometric mean.
                let geometric = (table.beta(t) * table.posterior_variance(t)).sqrt();
                prop_assert!((learned_log_variance(&table, t, 0.5).exp() / geometric - 1.0).abs() < 1e-12);
            }
        }
    }
}

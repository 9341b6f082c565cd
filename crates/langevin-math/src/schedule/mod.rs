//! Noise schedules: β_t for every timestep of the forward process.
//!
//! A schedule is one file with a function `betas` and one entry of the registry below, which makes the
//! enum, its serialised form and the dispatch.

mod cosine;
mod given;
mod linear;
mod scaled_linear;
mod sigmoid;

use serde::{Deserialize, Serialize};

use crate::error::MathError;

/// The most timesteps a process may have; up to here the rounding of every spacing is exact enough to stay
/// strictly rising.
pub const MAX_TIMESTEPS: usize = 100_000;

/// From `Variant { field: type, … } => file;` makes the enum and sends each variant's fields, then the
/// number of timesteps, to `file::betas`.
macro_rules! registry {
    ($($(#[$doc:meta])* $variant:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* } => $file:ident;)+) => {
        /// How the noise grows with the timestep.
        ///
        /// Serialised with its kind as a tag: `{ kind = "linear", beta_start = 1e-4, beta_end = 0.02 }`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
        pub enum Schedule {
            $($(#[$doc])* $variant { $($(#[$field_doc])* $field: $kind),* },)+
        }

        impl Schedule {
            /// The schedule's name, as people write it in a sentence.
            pub fn name(&self) -> String {
                match self {
                    $(Self::$variant { .. } => stringify!($file).replace('_', "-"),)+
                }
            }

            fn evaluate(self, timesteps: usize) -> Vec<f64> {
                match self {
                    $(Self::$variant { $($field),* } => $file::betas($($field,)* timesteps),)+
                }
            }
        }
    };
}

registry! {
    /// β evenly spaced between its ends (Ho et al. 2020, section 4).
    Linear {
        /// β of the first timestep; 1e-4 if left out.
        #[serde(default = "linear::beta_start")] beta_start: f64,
        /// β of the last timestep; 0.02 if left out.
        #[serde(default = "linear::beta_end")] beta_end: f64
    } => linear;
    /// √β evenly spaced between its ends (Rombach et al. 2022, latent diffusion).
    ScaledLinear {
        /// β of the first timestep; 0.00085 if left out.
        #[serde(default = "scaled_linear::beta_start")] beta_start: f64,
        /// β of the last timestep; 0.012 if left out.
        #[serde(default = "scaled_linear::beta_end")] beta_end: f64
    } => scaled_linear;
    /// ᾱ a squared cosine, β clipped to 0.999 (Nichol & Dhariwal 2021, Eq. 17).
    Cosine {} => cosine;
    /// β a logistic curve between its ends (Xu et al. 2022, GeoDiff).
    Sigmoid {
        /// β approached on the left; 1e-4 if left out.
        #[serde(default = "sigmoid::beta_start")] beta_start: f64,
        /// β approached on the right; 0.02 if left out.
        #[serde(default = "sigmoid::beta_end")] beta_end: f64
    } => sigmoid;
    /// Every β listed.
    Given {
        /// β of each timestep.
        betas: Vec<f64>
    } => given;
}

impl Schedule {
    /// β_t for t in `0..timesteps`, each in (0, 1).
    ///
    /// A process of one timestep gets what a range of one point gives in NumPy and PyTorch: its left end,
    /// `beta_start`.
    ///
    /// # Errors
    /// If `timesteps` is 0 or above [`MAX_TIMESTEPS`], a list of betas has another length, or a β is not in
    /// (0, 1).
    pub fn betas(&self, timesteps: usize) -> Result<Vec<f64>, MathError> {
        check_count(timesteps)?;
        let betas = self.clone().evaluate(timesteps);
        if betas.len() != timesteps {
            return Err(MathError::ScheduleLength { expected: timesteps, got: betas.len() });
        }
        check_betas(&betas)?;
        Ok(betas)
    }
}

impl Default for Schedule {
    /// The linear schedule of Ho et al. 2020, 1e-4 to 0.02.
    fn default() -> Self {
        Self::Linear { beta_start: linear::beta_start(), beta_end: linear::beta_end() }
    }
}

pub(crate) fn check_count(timesteps: usize) -> Result<(), MathError> {
    match timesteps {
        1..=MAX_TIMESTEPS => Ok(()),
        got => Err(MathError::TimestepCount { got, max: MAX_TIMESTEPS }),
    }
}

pub(crate) fn check_betas(betas: &[f64]) -> Result<(), MathError> {
    // A NaN is neither above 0 nor below 1, and so is refused too.
    match betas.iter().position(|&beta| !(beta > 0.0 && beta < 1.0)) {
        Some(timestep) => Err(MathError::BetaOutOfRange { timestep, beta: betas[timestep] }),
        None => Ok(()),
    }
}

/// `count` evenly spaced numbers from `start` to `end`, both ends included and exact; `start` alone if
/// `count` is 1. Every operation is NumPy's, in its order, so that the numbers agree to the last bit.
pub(crate) fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    let step = (end - start) / (count.max(2) - 1) as f64;
    let mut points: Vec<f64> = (0..count).map(|i| i as f64 * step + start).collect();
    if count > 1 {
        points[count - 1] = end;
    }
    points
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<Schedule, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_kind_alone_gets_the_published_parameters() {
        assert_eq!(parse(r#"{"kind":"linear"}"#).unwrap(), Schedule::default());
        let scaled = Schedule::ScaledLinear { beta_start: 0.00085, beta_end: 0.012 };
        assert_eq!(parse(r#"{"kind":"scaled-linear"}"#).unwrap(), scaled);
        let sigmoid = Schedule::Sigmoid { beta_start: 1e-4, beta_end: 0.03 };
        assert_eq!(parse(r#"{"kind":"sigmoid","beta_end":0.03}"#).unwrap(), sigmoid);
        assert_eq!(parse(r#"{"kind":"cosine"}"#).unwrap(), Schedule::Cosine {});
    }

    #[test]
    fn what_is_written_reads_back() {
        for schedule in [Schedule::Cosine {}, Schedule::default(), Schedule::Given { betas: vec![0.1, 0.2] }]
        {
            let json = serde_json::to_string(&schedule).unwrap();
            assert_eq!(parse(&json).unwrap(), schedule);
        }
    }

    #[test]
    fn unknown_kinds_and_fields_are_refused() {
        for json in [
            r#"{"kind":"quartic"}"#,
            r#"{"kind":"linear","beta_stop":0.1}"#,
            r#"{"kind":"cosine","beta_end":0.1}"#,
            r#"{"kind":"given"}"#,
        ] {
            assert!(parse(json).is_err(), "{json} was accepted");
        }
    }

    #[test]
    fn betas_outside_0_to_1_are_refused_with_their_place() {
        for wrong in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
            let error = Schedule::Given { betas: vec![0.1, wrong] }.betas(2).unwrap_err();
            assert!(matches!(error, MathError::BetaOutOfRange { timestep: 1, .. }), "{wrong}: {error}");
        }
        // The square root of a negative end is a NaN, not a panic.
        assert!(Schedule::ScaledLinear { beta_start: -1.0, beta_end: 0.1 }.betas(3).is_err());
    }

    #[test]
    fn lengths_and_counts_are_checked() {
        let given = Schedule::Given { betas: vec![0.1; 3] };
        assert_eq!(given.betas(4), Err(MathError::ScheduleLength { expected: 4, got: 3 }));
        for got in [0, MAX_TIMESTEPS + 1, usize::MAX] {
            let expected = MathError::TimestepCount { got, max: MAX_TIMESTEPS };
            assert_eq!(Schedule::default().betas(got), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn every_kind_gives_as_many_rising_betas_as_asked(timesteps in 1usize..3000) {
            for kind in ["linear", "scaled-linear", "cosine", "sigmoid"] {
                let schedule = parse(&format!(r#"{{"kind":"{kind}"}}"#)).unwrap();
                let betas = schedule.betas(timesteps).unwrap();
                prop_assert_eq!(betas.len(), timesteps);
                prop_assert!(betas.is_sorted_by(|a, b| a < b), "{} does not rise", kind);
            }
        }
    }
}

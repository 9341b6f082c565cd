//! How much each timestep counts in L_simple.

use serde::{Deserialize, Serialize};

use crate::prediction::Prediction;
use crate::process::DiffusionTable;

/// The weight of a timestep's squared error.
///
/// Serialised with its kind as a tag: `{ kind = "min-snr", gamma = 5.0 }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Weighting {
    /// All errors of what the network predicts count alike    (Ho et al. 2020, Eq. 14)
    #[default]
    Uniform,
    /// Errors of x_0 count min(SNR, γ)    (Hang et al. 2023, section 3.4)
    MinSnr {
        /// γ, above 0; 5 if left out.
        #[serde(default = "min_snr_gamma")]
        gamma: f64,
    },
    /// Errors of ε count 1/(k + SNR)^γ    (Choi et al. 2022, Eq. 8)
    P2 {
        /// γ, 0 or more; 1 if left out.
        #[serde(default = "one")]
        gamma: f64,
        /// k, above 0; 1 if left out.
        #[serde(default = "one")]
        k: f64,
    },
}

fn min_snr_gamma() -> f64 {
    5.0
}

fn one() -> f64 {
    1.0
}

impl Weighting {
    /// Whether its numbers are in their ranges.
    pub fn is_sound(self) -> bool {
        match self {
            Self::Uniform => true,
            Self::MinSnr { gamma } => gamma > 0.0 && gamma.is_finite(),
            Self::P2 { gamma, k } => gamma >= 0.0 && gamma.is_finite() && k > 0.0 && k.is_finite(),
        }
    }

    /// What the squared error of a network's own prediction counts at timestep `t`.
    ///
    /// A weight of x_0's error becomes one of the prediction's by the square of the output's coefficient in x̂_0; ε's error
    /// is √SNR that of x_0.
    pub fn weight(self, prediction: Prediction, table: &DiffusionTable, t: usize) -> f64 {
        let snr = table.snr(t);
        let (_, of_output) = prediction.x0_coefficients(table, table.level(t));
        let of_x0 = match self {
            Self::Uniform => return 1.0,
            Self::MinSnr { gamma } => snr.min(gamma),
            Self::P2 { gamma, k } => snr / (k + snr).powf(gamma),
        };
        of_x0 * of_output * of_output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Schedule;

    /// The forms that the papers give for each prediction: min(SNR, γ)/SNR for ε, min(SNR, γ)/(SNR + 1) for v, min(SNR, γ) for
    /// x_0; 1/(k + SNR)^γ for ε.
    #[test]
    fn weights_are_those_of_the_papers() {
        let table = DiffusionTable::new(Schedule::Cosine {}.betas(1000).unwrap()).unwrap();
        let min_snr = Weighting::MinSnr { gamma: 5.0 };
        let p2 = Weighting::P2 { gamma: 0.5, k: 2.0 };
        for t in [0, 1, 37, 300, 500, 999] {
            let snr = table.snr(t);
            let least = snr.min(5.0);
            let cases = [
                (min_snr, Prediction::Epsilon, least / snr),
                (min_snr, Prediction::V, least / (snr + 1.0)),
                (min_snr, Prediction::X0, least),
                (p2, Prediction::Epsilon, 1.0 / (2.0 + snr).sqrt()),
                (p2, Prediction::X0, snr / (2.0 + snr).sqrt()),
                (Weighting::Uniform, Prediction::PosteriorMean, 1.0),
            ];
            for (weighting, prediction, expected) in cases {
                let got = weighting.weight(prediction, &table, t);
                assert!((got / expected - 1.0).abs() < 1e-9, "{weighting:?} of {prediction:?} at {t}: {got}");
            }
        }
    }

    #[test]
    fn a_kind_alone_takes_the_papers_numbers() {
        let parsed: Weighting = serde_json::from_str(r#"{"kind": "min-snr"}"#).unwrap();
        assert_eq!(parsed, Weighting::MinSnr { gamma: 5.0 });
        let parsed: Weighting = serde_json::from_str(r#"{"kind": "p2"}"#).unwrap();
        assert_eq!(parsed, Weighting::P2 { gamma: 1.0, k: 1.0 });
        assert!(parsed.is_sound() && !Weighting::MinSnr { gamma: 0.0 }.is_sound());
        assert!(serde_json::from_str::<Weighting>(r#"{"kind": "p2", "gama": 1}"#).is_err());
    }
}

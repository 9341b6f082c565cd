//! What a scheduler's configuration says about sampling.

use super::class::Class;
use crate::diffusion::Bound;
use crate::sampler::Churn;
use langevin_math::MathError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Why a scheduler cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SchedulerError {
    #[error("{got} is not a scheduler that can be followed: {} can", super::class::names())]
    Class { got: String },
    #[error(transparent)]
    Levels(#[from] MathError),
    #[error("{class} is set in ways that are not supported: {}", values.join(", "))]
    Values { class: String, values: Vec<String> },
}

/// The settings that concern sampling, complete.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Config {
    pub timestep_spacing: Spaced,
    pub steps_offset: usize,
    pub set_alpha_to_one: bool,
    pub skip_prk_steps: bool,
    pub use_karras_sigmas: bool,
    pub use_exponential_sigmas: bool,
    pub use_lu_lambdas: bool,
    pub final_sigmas_type: Final,
    pub solver_order: usize,
    pub solver_type: String,
    pub algorithm_type: String,
    pub lower_order_final: bool,
    pub euler_at_final: bool,
    pub eta: f64,
    pub use_clipped_model_output: bool,
    pub s_churn: f64,
    pub s_tmin: f64,
    pub s_tmax: Option<f64>,
    pub s_noise: f64,
    pub clip_sample: bool,
    pub clip_sample_range: f64,
    pub thresholding: bool,
    pub dynamic_thresholding_ratio: f64,
    pub sample_max_value: f64,
    pub variance_type: Option<String>,
}

/// `timestep_spacing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Spaced {
    Leading,
    Trailing,
    Linspace,
}

/// `final_sigmas_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Final {
    Zero,
    SigmaMin,
}

/// The defaults that most classes share.
fn defaults() -> Value {
    json!({
        "timestep_spacing": "linspace", "steps_offset": 0, "set_alpha_to_one": true, "skip_prk_steps": false,
        "use_karras_sigmas": false, "use_exponential_sigmas": false, "use_lu_lambdas": false,
        "final_sigmas_type": "zero", "solver_order": 2, "solver_type": "midpoint", "algorithm_type": "dpmsolver++",
        "lower_order_final": true, "euler_at_final": false, "eta": 0.0, "use_clipped_model_output": false,
        "s_churn": 0.0, "s_tmin": 0.0, "s_tmax": null, "s_noise": 1.0,
        "clip_sample": false, "clip_sample_range": 1.0, "thresholding": false,
        "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1.0, "variance_type": null,
    })
}

/// Fields that change nothing as long as they have one of these values.
fn neutral() -> Map<String, Value> {
    let fields = json!({
        "use_beta_sigmas": [false, null], "use_flow_sigmas": [false], "use_dynamic_shifting": [false],
        "rescale_betas_zero_snr": [false], "predict_x0": [true], "disable_corrector": [[]], "solver_p": [null],
        "interpolation_type": ["linear"], "timestep_type": ["discrete"], "sigma_min": [null], "sigma_max": [null],
        "shift_terminal": [null], "lambda_min_clipped": [null, "-inf", "-Infinity"],
    });
    fields.as_object().cloned().unwrap_or_default()
}

impl Config {
    /// `config` over the class's defaults.
    pub(super) fn new(class: &Class, config: &Value) -> Result<Self, SchedulerError> {
        let (mut merged, neutral, mut wrong) = (defaults(), neutral(), Vec::new());
        if let (Some(merged), Some(own)) = (merged.as_object_mut(), class.defaults().as_object()) {
            merged.extend(own.clone());
        }
        for (key, value) in config.as_object().into_iter().flatten().filter(|(key, _)| class.takes(key)) {
            if let Some(allowed) = neutral.get(key) {
                if !allowed.as_array().is_some_and(|allowed| allowed.contains(value)) {
                    wrong.push(format!("{key} = {value}"));
                }
            } else if !value.is_null() {
                merged[key] = value.clone();
            }
        }
        let parsed = serde_json::from_value::<Self>(merged);
        let error = |values| SchedulerError::Values { class: class.name.to_owned(), values };
        match parsed {
            Ok(parsed) => {
                wrong.extend(class.refused(&parsed));
                if !parsed.bound().is_sound() {
                    wrong.push(format!("it bounds x_0 by {:?}", parsed.bound()));
                }
                if wrong.is_empty() { Ok(parsed) } else { Err(error(wrong)) }
            }
            Err(cause) => {
                wrong.push(cause.to_string());
                Err(error(wrong))
            }
        }
    }

    pub(super) fn churn(&self) -> Churn {
        Churn {
            amount: self.s_churn,
            min: self.s_tmin,
            max: self.s_tmax.unwrap_or(f64::INFINITY),
            scale: self.s_noise,
        }
    }

    pub(super) fn bound(&self) -> Bound {
        if self.thresholding {
            return Bound::Dynamic { quantile: self.dynamic_thresholding_ratio, max: self.sample_max_value };
        }
        if self.clip_sample { Bound::Clip { range: self.clip_sample_range } } else { Bound::None }
    }
}

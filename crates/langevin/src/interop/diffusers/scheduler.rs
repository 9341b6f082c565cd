//! The diffusion process as diffusers' schedulers describe it: written as `DDPMScheduler`, read from any of them.

mod read;

pub use read::{SchedulerConfig, read_scheduler};

use super::unet::DIFFUSERS_VERSION;
use crate::config::DiffusionConfig;
use crate::diffusion::Bound;
use langevin_math::{Prediction, Schedule, Variance};
use serde_json::{Value, json};

/// `scheduler/scheduler_config.json` of a process, with what is done to x̂_0 in sampling.
///
/// The spacing of timesteps is left to the class that reads it: each has its own.
pub fn scheduler_config(diffusion: &DiffusionConfig, bound: Bound) -> Value {
    let range = if let Bound::Clip { range } = bound { range } else { 1.0 };
    let (quantile, max) =
        if let Bound::Dynamic { quantile, max } = bound { (quantile, max) } else { (0.995, 1.0) };
    let (name, start, end) = match &diffusion.schedule {
        Schedule::Linear { beta_start, beta_end } => ("linear", *beta_start, *beta_end),
        Schedule::ScaledLinear { beta_start, beta_end } => ("scaled_linear", *beta_start, *beta_end),
        Schedule::Sigmoid { beta_start, beta_end } => ("sigmoid", *beta_start, *beta_end),
        Schedule::Cosine {} => ("squaredcos_cap_v2", 1e-4, 0.02),
        Schedule::Given { .. } => ("linear", 1e-4, 0.02),
    };
    let trained_betas = match &diffusion.schedule {
        Schedule::Given { betas } => json!(betas),
        _ => Value::Null,
    };
    json!({
        "_class_name": "DDPMScheduler",
        "_diffusers_version": DIFFUSERS_VERSION,
        "beta_end": end,
        "beta_schedule": name,
        "beta_start": start,
        "clip_sample": matches!(bound, Bound::Clip { .. }),
        "clip_sample_range": range,
        "dynamic_thresholding_ratio": quantile,
        "num_train_timesteps": diffusion.timesteps,
        "prediction_type": match diffusion.prediction {
            Prediction::Epsilon => "epsilon",
            Prediction::X0 => "sample",
            Prediction::V => "v_prediction",
            // Not a prediction that a scheduler knows: no pipeline is written of it.
            Prediction::PosteriorMean => "posterior_mean",
        },
        "sample_max_value": max,
        "thresholding": matches!(bound, Bound::Dynamic { .. }),
        "trained_betas": trained_betas,
        "variance_type": match diffusion.variance {
            Variance::FixedLarge => "fixed_large",
            Variance::FixedSmall => "fixed_small",
            Variance::Learned => "learned_range",
        },
    })
}

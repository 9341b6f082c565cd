//! The diffusion process as diffusers' schedulers describe it: written as `DDPMScheduler`, read from any of them.

mod classes;
mod read;

pub use read::{SamplerHints, SchedulerConfig, read_scheduler};

use super::unet::DIFFUSERS_VERSION;
use crate::config::DiffusionConfig;
use langevin_math::{Prediction, Schedule, Variance};
use serde_json::{Value, json};

/// `scheduler/scheduler_config.json` of a process; `clip` bounds x̂_0 to [−1, 1].
pub fn scheduler_config(diffusion: &DiffusionConfig, clip: bool) -> Value {
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
        "clip_sample": clip,
        "clip_sample_range": 1.0,
        "num_train_timesteps": diffusion.timesteps,
        "prediction_type": match diffusion.prediction {
            Prediction::Epsilon => "epsilon",
            Prediction::X0 => "sample",
            Prediction::V => "v_prediction",
            // Not a prediction that the scheduler knows; it refuses the name rather than draw noise.
            Prediction::PosteriorMean => "posterior_mean",
        },
        "steps_offset": 0,
        "timestep_spacing": "leading",
        "trained_betas": trained_betas,
        "variance_type": match diffusion.variance {
            Variance::FixedLarge => "fixed_large",
            Variance::FixedSmall => "fixed_small",
            Variance::Learned => "learned_range",
        },
    })
}

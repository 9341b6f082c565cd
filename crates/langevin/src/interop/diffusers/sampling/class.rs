//! The classes: what each takes, and its defaults.

use super::config::Config;
use serde_json::{Value, json};

/// How a class chooses the noise levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Whole timesteps, each step to the next.
    Timesteps,
    /// Whole timesteps, each step ⌊T/S⌋ long.
    Strides,
    /// As `Strides`, with the first steps of PNDM to the next timestep.
    Pndm,
    /// As `Strides`, upwards.
    Upwards,
    /// Timesteps that need not be whole, ρ linear between whole ones.
    Sigmas,
    /// S of S + 1 whole timesteps.
    Lambdas,
}

/// Which of our solvers computes as a class does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Ddpm,
    Ddim,
    DdimInverse,
    Pndm,
    Euler,
    EulerAncestral,
    Heun,
    Lms,
    Kdpm2,
    Kdpm2Ancestral,
    DpmMultistep,
    DpmSinglestep,
    UniPc,
    Deis,
}

/// A class of diffusers that can be followed.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// β_1 and β_T where its file gives none.
    pub(in crate::interop::diffusers) betas: (f64, f64),
    pub(super) method: Method,
    pub(super) family: Family,
    /// The fields that it takes beside those of the process. Others have no effect, as in diffusers itself.
    takes: &'static [&'static [&'static str]],
}

const PAPER: (f64, f64) = (1e-4, 0.02);
const LATENT: (f64, f64) = (0.00085, 0.012);

const SPACED: &[&str] = &["timestep_spacing", "steps_offset"];
const CLIPS: &[&str] = &["clip_sample", "clip_sample_range"];
const THRESHOLDS: &[&str] = &["thresholding", "dynamic_thresholding_ratio", "sample_max_value"];
const SIGMAS: &[&str] = &["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"];
const ZERO_SNR: &[&str] = &["rescale_betas_zero_snr"];
const FLOW: &[&str] = &["use_flow_sigmas", "use_dynamic_shifting"];
const ORDER: &[&str] = &["solver_order", "solver_type", "lower_order_final"];
const ENDS: &[&str] = &["final_sigmas_type"];

/// Every class that can be followed.
pub const CLASSES: &[Class] = &[
    Class {
        name: "DDPMScheduler",
        betas: PAPER,
        method: Method::Ddpm,
        family: Family::Timesteps,
        takes: &[SPACED, CLIPS, THRESHOLDS, ZERO_SNR, &["variance_type"]],
    },
    Class {
        name: "DDIMScheduler",
        betas: PAPER,
        method: Method::Ddim,
        family: Family::Strides,
        takes: &[
            SPACED,
            CLIPS,
            THRESHOLDS,
            ZERO_SNR,
            &["set_alpha_to_one", "eta", "use_clipped_model_output"],
        ],
    },
    Class {
        name: "DDIMInverseScheduler",
        betas: PAPER,
        method: Method::DdimInverse,
        family: Family::Upwards,
        takes: &[SPACED, CLIPS, ZERO_SNR, &["set_alpha_to_one"]],
    },
    Class {
        name: "PNDMScheduler",
        betas: PAPER,
        method: Method::Pndm,
        family: Family::Pndm,
        takes: &[SPACED, &["skip_prk_steps", "set_alpha_to_one"]],
    },
    Class {
        name: "EulerDiscreteScheduler",
        betas: PAPER,
        method: Method::Euler,
        family: Family::Sigmas,
        takes: &[
            SPACED,
            SIGMAS,
            ZERO_SNR,
            ENDS,
            &["interpolation_type", "timestep_type", "sigma_min", "sigma_max"],
            &["s_churn", "s_tmin", "s_tmax", "s_noise"],
        ],
    },
    Class {
        name: "EulerAncestralDiscreteScheduler",
        betas: PAPER,
        method: Method::EulerAncestral,
        family: Family::Sigmas,
        takes: &[SPACED, ZERO_SNR],
    },
    Class {
        name: "HeunDiscreteScheduler",
        betas: LATENT,
        method: Method::Heun,
        family: Family::Sigmas,
        takes: &[SPACED, SIGMAS, CLIPS],
    },
    Class {
        name: "LMSDiscreteScheduler",
        betas: PAPER,
        method: Method::Lms,
        family: Family::Sigmas,
        takes: &[SPACED, SIGMAS],
    },
    Class {
        name: "KDPM2DiscreteScheduler",
        betas: LATENT,
        method: Method::Kdpm2,
        family: Family::Sigmas,
        takes: &[SPACED, SIGMAS],
    },
    Class {
        name: "KDPM2AncestralDiscreteScheduler",
        betas: LATENT,
        method: Method::Kdpm2Ancestral,
        family: Family::Sigmas,
        takes: &[SPACED, SIGMAS],
    },
    Class {
        name: "DPMSolverMultistepScheduler",
        betas: PAPER,
        method: Method::DpmMultistep,
        family: Family::Lambdas,
        takes: &[
            SPACED,
            SIGMAS,
            THRESHOLDS,
            ZERO_SNR,
            FLOW,
            ORDER,
            ENDS,
            &["algorithm_type", "euler_at_final", "use_lu_lambdas", "lambda_min_clipped", "variance_type"],
        ],
    },
    Class {
        name: "DPMSolverSinglestepScheduler",
        betas: PAPER,
        method: Method::DpmSinglestep,
        family: Family::Lambdas,
        takes: &[
            SIGMAS,
            THRESHOLDS,
            FLOW,
            ORDER,
            ENDS,
            &["algorithm_type", "lambda_min_clipped", "variance_type"],
        ],
    },
    Class {
        name: "UniPCMultistepScheduler",
        betas: PAPER,
        method: Method::UniPc,
        family: Family::Lambdas,
        takes: &[
            SPACED,
            SIGMAS,
            THRESHOLDS,
            ZERO_SNR,
            FLOW,
            ORDER,
            ENDS,
            &["predict_x0", "disable_corrector", "solver_p", "sigma_min", "sigma_max", "shift_terminal"],
        ],
    },
    Class {
        name: "DEISMultistepScheduler",
        betas: PAPER,
        method: Method::Deis,
        family: Family::Lambdas,
        takes: &[SPACED, SIGMAS, THRESHOLDS, FLOW, ORDER, &["algorithm_type"]],
    },
];

/// The names, in a sentence.
pub(in crate::interop::diffusers) fn names() -> String {
    CLASSES.iter().map(|class| class.name).collect::<Vec<_>>().join(", ")
}

impl Class {
    /// The class of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// Whether a field of sampling has an effect in this class.
    pub fn takes(&self, field: &str) -> bool {
        self.takes.iter().any(|fields| fields.contains(&field))
    }

    /// Whether the timesteps of Karras's levels are rounded.
    pub(super) fn rounds(&self) -> bool {
        self.family == Family::Lambdas || matches!(self.method, Method::Kdpm2 | Method::Kdpm2Ancestral)
    }

    /// Defaults that are this class's own.
    pub(super) fn defaults(&self) -> Value {
        match self.method {
            Method::Ddpm => json!({ "timestep_spacing": "leading", "clip_sample": true }),
            Method::Ddim | Method::DdimInverse => {
                json!({ "timestep_spacing": "leading", "clip_sample": true })
            }
            Method::Pndm => json!({ "timestep_spacing": "leading", "set_alpha_to_one": false }),
            Method::DpmSinglestep => json!({ "lower_order_final": false }),
            Method::UniPc => json!({ "solver_type": "bh2" }),
            Method::Deis => {
                json!({ "solver_type": "logrho", "algorithm_type": "deis", "final_sigmas_type": "sigma_min" })
            }
            _ => json!({}),
        }
    }

    /// Whether its steps draw noise.
    pub(super) fn draws_noise(&self, config: &Config) -> bool {
        match self.method {
            Method::Ddpm | Method::EulerAncestral | Method::Kdpm2Ancestral => true,
            Method::Ddim => config.eta > 0.0,
            Method::Euler => config.s_churn > 0.0,
            _ => config.algorithm_type.starts_with("sde"),
        }
    }
}

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

/// A class of diffusers that can be followed.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// β_1 and β_T where its file gives none.
    pub(in crate::interop::diffusers) betas: (f64, f64),
    pub(super) family: Family,
    /// Whether the timesteps of Karras's levels are rounded.
    pub(super) rounds: bool,
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
        family: Family::Timesteps,
        rounds: false,
        takes: &[SPACED, CLIPS, THRESHOLDS, ZERO_SNR, &["variance_type"]],
    },
    Class {
        name: "DDIMScheduler",
        betas: PAPER,
        family: Family::Strides,
        rounds: false,
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
        family: Family::Upwards,
        rounds: false,
        takes: &[SPACED, CLIPS, ZERO_SNR, &["set_alpha_to_one"]],
    },
    Class {
        name: "PNDMScheduler",
        betas: PAPER,
        family: Family::Pndm,
        rounds: false,
        takes: &[SPACED, &["skip_prk_steps", "set_alpha_to_one"]],
    },
    Class {
        name: "EulerDiscreteScheduler",
        betas: PAPER,
        family: Family::Sigmas,
        rounds: false,
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
        family: Family::Sigmas,
        rounds: false,
        takes: &[SPACED, ZERO_SNR],
    },
    Class {
        name: "HeunDiscreteScheduler",
        betas: LATENT,
        family: Family::Sigmas,
        rounds: false,
        takes: &[SPACED, SIGMAS, CLIPS],
    },
    Class {
        name: "LMSDiscreteScheduler",
        betas: PAPER,
        family: Family::Sigmas,
        rounds: false,
        takes: &[SPACED, SIGMAS],
    },
    Class {
        name: "KDPM2DiscreteScheduler",
        betas: LATENT,
        family: Family::Sigmas,
        rounds: true,
        takes: &[SPACED, SIGMAS],
    },
    Class {
        name: "KDPM2AncestralDiscreteScheduler",
        betas: LATENT,
        family: Family::Sigmas,
        rounds: true,
        takes: &[SPACED, SIGMAS],
    },
    Class {
        name: "DPMSolverMultistepScheduler",
        betas: PAPER,
        family: Family::Lambdas,
        rounds: true,
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
        family: Family::Lambdas,
        rounds: true,
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
        family: Family::Lambdas,
        rounds: true,
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
        family: Family::Lambdas,
        rounds: true,
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

    /// Defaults that are this class's own.
    pub(super) fn defaults(&self) -> Value {
        match self.name {
            "DDPMScheduler" => {
                json!({ "timestep_spacing": "leading", "clip_sample": true, "variance_type": "fixed_small" })
            }
            "DDIMScheduler" | "DDIMInverseScheduler" => {
                json!({ "timestep_spacing": "leading", "clip_sample": true })
            }
            "PNDMScheduler" => json!({ "timestep_spacing": "leading", "set_alpha_to_one": false }),
            "DPMSolverSinglestepScheduler" => json!({ "lower_order_final": false }),
            "UniPCMultistepScheduler" => json!({ "solver_type": "bh2" }),
            "DEISMultistepScheduler" => {
                json!({ "solver_type": "logrho", "algorithm_type": "deis", "final_sigmas_type": "sigma_min" })
            }
            _ => json!({}),
        }
    }

    /// Values that this class has and that are not followed.
    pub(super) fn refused(&self, config: &Config) -> Vec<String> {
        let algorithm = config.algorithm_type.as_str();
        let solver = config.solver_type.as_str();
        let (algorithms, solvers): (&[&str], &[&str]) = match self.name {
            "DPMSolverMultistepScheduler" => (&["dpmsolver++", "sde-dpmsolver++"], &["midpoint", "heun"]),
            "DPMSolverSinglestepScheduler" => (&["dpmsolver++"], &["midpoint", "heun"]),
            "UniPCMultistepScheduler" => (&[algorithm], &["bh1", "bh2"]),
            "DEISMultistepScheduler" => (&["deis"], &["logrho"]),
            _ => (&[algorithm], &[solver]),
        };
        let mut refused = Vec::new();
        if !algorithms.contains(&algorithm) {
            refused.push(format!("algorithm_type = \"{algorithm}\""));
        }
        if !solvers.contains(&solver) {
            refused.push(format!("solver_type = \"{solver}\""));
        }
        let third = algorithm == "sde-dpmsolver++" && config.solver_order == 3;
        if !(1..=3).contains(&config.solver_order) || third {
            refused.push(format!("solver_order = {}", config.solver_order));
        }
        match config.variance_type.as_deref() {
            None
            | Some("fixed_small" | "fixed_small_log" | "fixed_large" | "fixed_large_log" | "learned_range") =>
                {}
            Some(other) => refused.push(format!("variance_type = \"{other}\"")),
        }
        refused
    }

    /// Whether its steps draw noise.
    pub(super) fn draws_noise(&self, config: &Config) -> bool {
        match self.name {
            "DDPMScheduler" | "EulerAncestralDiscreteScheduler" | "KDPM2AncestralDiscreteScheduler" => true,
            "DDIMScheduler" => config.eta > 0.0,
            "EulerDiscreteScheduler" => config.s_churn > 0.0,
            _ => config.algorithm_type.starts_with("sde"),
        }
    }
}

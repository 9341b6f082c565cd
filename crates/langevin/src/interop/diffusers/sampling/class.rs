//! The classes: their defaults, and which of our solvers computes as they do.

use super::config::{Config, Final};
use crate::sampler::{
    Basis, Correction, Ddim, DdimInversion, Ddpm, Deis, DpmMultistep, DpmSinglestep, Euler, EulerAncestral,
    Heun, Kdpm2, Kdpm2Ancestral, Lms, Pndm, Solver, Start, UniPc,
};
use langevin_math::Variance;
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
    pub(super) family: Family,
    /// Whether the timesteps of Karras's levels are rounded.
    pub(super) rounds: bool,
}

const fn class(name: &'static str, family: Family, rounds: bool) -> Class {
    Class { name, family, rounds }
}

/// Every class that can be followed.
pub const CLASSES: &[Class] = &[
    class("DDPMScheduler", Family::Timesteps, false),
    class("DDIMScheduler", Family::Strides, false),
    class("DDIMInverseScheduler", Family::Upwards, false),
    class("PNDMScheduler", Family::Pndm, false),
    class("EulerDiscreteScheduler", Family::Sigmas, false),
    class("EulerAncestralDiscreteScheduler", Family::Sigmas, false),
    class("HeunDiscreteScheduler", Family::Sigmas, false),
    class("LMSDiscreteScheduler", Family::Sigmas, false),
    class("KDPM2DiscreteScheduler", Family::Sigmas, true),
    class("KDPM2AncestralDiscreteScheduler", Family::Sigmas, true),
    class("DPMSolverMultistepScheduler", Family::Lambdas, true),
    class("DPMSolverSinglestepScheduler", Family::Lambdas, true),
    class("UniPCMultistepScheduler", Family::Lambdas, true),
    class("DEISMultistepScheduler", Family::Lambdas, true),
];

/// The names, in a sentence.
pub(super) fn names() -> String {
    CLASSES.iter().map(|class| class.name).collect::<Vec<_>>().join(", ")
}

impl Class {
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

    /// A solver that computes as the class does, for steps of `stride` timesteps and a model of `variance`.
    pub(super) fn solver(&self, config: &Config, stride: f64, variance: Variance) -> Box<dyn Solver> {
        let order = config.solver_order;
        match self.name {
            "DDPMScheduler" => {
                let variance = match config.variance_type.as_deref() {
                    Some("fixed_large" | "fixed_large_log") => Variance::FixedLarge,
                    Some("learned_range") => Variance::Learned,
                    Some(_) => Variance::FixedSmall,
                    None => variance,
                };
                Box::new(Ddpm { variance, noise_at_last: true })
            }
            "DDIMScheduler" => {
                Box::new(Ddim { eta: config.eta, unbounded_eps: !config.use_clipped_model_output })
            }
            "DDIMInverseScheduler" => Box::new(DdimInversion { told_the_end: true }),
            "PNDMScheduler" => {
                let start = if config.skip_prk_steps { Start::Heun } else { Start::RungeKutta };
                Box::new(Pndm::by_whole_timesteps(start, stride))
            }
            "EulerAncestralDiscreteScheduler" => Box::new(EulerAncestral { eta: 1.0 }),
            "HeunDiscreteScheduler" => Box::new(Heun::default()),
            "LMSDiscreteScheduler" => Box::new(Lms::new(4)),
            "KDPM2DiscreteScheduler" => Box::new(Kdpm2),
            "KDPM2AncestralDiscreteScheduler" => Box::new(Kdpm2Ancestral { eta: 1.0 }),
            "DPMSolverMultistepScheduler" => {
                let eta = if config.algorithm_type.starts_with("sde") { 1.0 } else { 0.0 };
                let heun = config.solver_type == "heun";
                let mut solver = DpmMultistep::new(order, eta);
                solver.correction = if heun { Correction::Heun } else { Correction::Midpoint };
                solver.lower_at_end = config.lower_order_final;
                solver.euler_at_end = config.euler_at_final;
                solver.curvature = 1.0;
                Box::new(solver)
            }
            "DPMSolverSinglestepScheduler" => {
                let lower = config.lower_order_final || config.final_sigmas_type == Final::Zero;
                Box::new(DpmSinglestep::new(order).with_form(config.solver_type == "midpoint", lower))
            }
            "UniPCMultistepScheduler" => {
                let basis = if config.solver_type == "bh1" { Basis::Bh1 } else { Basis::Bh2 };
                let mut solver = UniPc::new(order, basis);
                solver.lower_at_end = config.lower_order_final;
                Box::new(solver)
            }
            "DEISMultistepScheduler" => {
                let mut solver = Deis::new(order);
                solver.lower_at_end = config.lower_order_final;
                Box::new(solver)
            }
            _ => Box::new(Euler { churn: config.churn(), denoise_first: true }),
        }
    }
}

//! Which of our solvers computes as a class does, and how it is set.

use super::class::{Class, Method};
use super::config::{Config, Final};
use crate::sampler::{
    Basis, Correction, Ddim, DdimInversion, Ddpm, Deis, DpmMultistep, DpmSinglestep, Euler, EulerAncestral,
    Heun, Kdpm2, Kdpm2Ancestral, Lms, Pndm, Solver, Start, UniPc,
};
use langevin_math::Variance;

impl Class {
    /// A solver that computes as the class does, for steps of `stride` timesteps and a model of `variance`.
    pub(super) fn solver(&self, config: &Config, stride: f64, variance: Variance) -> Box<dyn Solver> {
        let order = config.solver_order;
        match self.method {
            Method::Ddpm => {
                let variance = match config.variance_type.as_deref() {
                    Some("fixed_large" | "fixed_large_log") => Variance::FixedLarge,
                    Some("learned_range") => Variance::Learned,
                    Some(_) => Variance::FixedSmall,
                    None => variance,
                };
                Box::new(Ddpm { variance, noise_at_last: true })
            }
            Method::Ddim => {
                Box::new(Ddim { eta: config.eta, unbounded_eps: !config.use_clipped_model_output })
            }
            Method::DdimInverse => Box::new(DdimInversion { told_the_end: true }),
            Method::Pndm => {
                let start = if config.skip_prk_steps { Start::Heun } else { Start::RungeKutta };
                Box::new(Pndm::by_whole_timesteps(start, stride))
            }
            Method::EulerAncestral => Box::new(EulerAncestral { eta: 1.0 }),
            Method::Heun => Box::new(Heun::default()),
            Method::Lms => Box::new(Lms::new(4)),
            Method::Kdpm2 => Box::new(Kdpm2),
            Method::Kdpm2Ancestral => Box::new(Kdpm2Ancestral { eta: 1.0 }),
            Method::DpmMultistep => {
                let eta = if config.algorithm_type.starts_with("sde") { 1.0 } else { 0.0 };
                let heun = config.solver_type == "heun";
                let mut solver = DpmMultistep::new(order, eta);
                solver.correction = if heun { Correction::Heun } else { Correction::Midpoint };
                solver.lower_at_end = config.lower_order_final;
                solver.euler_at_end = config.euler_at_final;
                solver.curvature = 1.0;
                Box::new(solver)
            }
            Method::DpmSinglestep => {
                let lower = config.lower_order_final || config.final_sigmas_type == Final::Zero;
                Box::new(DpmSinglestep::new(order).with_form(config.solver_type == "midpoint", lower))
            }
            Method::UniPc => {
                let basis = if config.solver_type == "bh1" { Basis::Bh1 } else { Basis::Bh2 };
                let mut solver = UniPc::new(order, basis);
                solver.lower_at_end = config.lower_order_final;
                Box::new(solver)
            }
            Method::Deis => {
                let mut solver = Deis::new(order);
                solver.lower_at_end = config.lower_order_final;
                Box::new(solver)
            }
            Method::Euler => Box::new(Euler { churn: config.churn(), denoise_first: true }),
        }
    }
}

//! What a class can be set to and is not followed, and values that mean nothing.

use super::SchedulerError;
use super::class::{Class, Method};
use super::config::{Config, Spaced};
use crate::diffusion::Process;
use langevin_math::{Prediction, Variance};

impl Class {
    /// Every value that is not followed or out of its range.
    pub(super) fn refused(&self, config: &Config) -> Vec<String> {
        let mut refused = self.refused_methods(config);
        let mut check = |ok: bool, field: &str, value: f64, expected: &str| {
            if !ok {
                refused.push(format!("{field} = {value}, expected {expected}"));
            }
        };
        let (eta, churn, range) = (config.eta, config.s_churn, config.clip_sample_range);
        let (quantile, max) = (config.dynamic_thresholding_ratio, config.sample_max_value);
        let s_tmax = config.s_tmax.unwrap_or(f64::INFINITY);
        check((0.0..=1.0).contains(&eta), "eta", eta, "0 to 1");
        check(churn >= 0.0, "s_churn", churn, "0 or more");
        check(config.s_noise >= 0.0, "s_noise", config.s_noise, "0 or more");
        check(config.s_tmin >= 0.0, "s_tmin", config.s_tmin, "0 or more");
        check(s_tmax >= config.s_tmin, "s_tmax", s_tmax, "s_tmin or more");
        check(range > 0.0, "clip_sample_range", range, "more than 0");
        check(
            quantile > 0.0 && quantile <= 1.0,
            "dynamic_thresholding_ratio",
            quantile,
            "more than 0, up to 1",
        );
        check(max >= 1.0, "sample_max_value", max, "1 or more");
        refused
    }

    /// Methods and their forms.
    fn refused_methods(&self, config: &Config) -> Vec<String> {
        let (algorithm, solver) = (config.algorithm_type.as_str(), config.solver_type.as_str());
        let (algorithms, solvers): (&[&str], &[&str]) = match self.method {
            Method::DpmMultistep => (&["dpmsolver++", "sde-dpmsolver++"], &["midpoint", "heun"]),
            Method::DpmSinglestep => (&["dpmsolver++"], &["midpoint", "heun"]),
            Method::UniPc => (&[algorithm], &["bh1", "bh2"]),
            Method::Deis => (&["deis"], &["logrho"]),
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
        let levels = [config.use_karras_sigmas, config.use_exponential_sigmas, config.use_lu_lambdas];
        if levels.iter().filter(|asked| **asked).count() > 1 {
            refused
                .push("several of use_karras_sigmas, use_exponential_sigmas and use_lu_lambdas".to_owned());
        }
        if self.method == Method::DdimInverse && config.timestep_spacing == Spaced::Linspace {
            refused.push("timestep_spacing = \"linspace\"".to_owned());
        }
        match config.variance_type.as_deref() {
            None
            | Some("fixed_small" | "fixed_small_log" | "fixed_large" | "fixed_large_log" | "learned_range") =>
                {}
            Some(other) => refused.push(format!("variance_type = \"{other}\"")),
        }
        refused
    }

    /// Checks what does not go with a model's process.
    pub(super) fn check_process(&self, config: &Config, process: &Process) -> Result<(), SchedulerError> {
        let learned = config.variance_type.as_deref() == Some("learned_range");
        let mut values = Vec::new();
        if learned && process.variance != Variance::Learned {
            values.push("variance_type = \"learned_range\", but the model has learned none".to_owned());
        }
        if self.method == Method::Euler && config.s_churn > 0.0 && process.prediction != Prediction::Epsilon {
            values.push(format!("s_churn = {} with a model that does not predict the noise", config.s_churn));
        }
        if values.is_empty() {
            return Ok(());
        }
        Err(SchedulerError::Values { class: self.name.to_owned(), values })
    }
}

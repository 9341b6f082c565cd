//! The schedulers of diffusers 0.42.1 as they compute, by their class names.
//!
//! The method of a class is one of [`sampler`](crate::sampler)'s solvers, with what it does in its own way set so; the noise
//! levels that it visits are chosen here. What differs from the papers is listed in `docs/samplers.md`.

mod class;
mod config;
mod levels;
mod refuse;
mod solver;

pub use class::{CLASSES, Class};
pub use config::SchedulerError;

use crate::diffusion::{Bound, Process};
use crate::sampler::Plan;
use config::Config;
use serde_json::Value;

/// The field, with a placeholder, by which a scheduler is told what one of our samplers is told by `setting`.
///
/// ```
/// assert_eq!(langevin::interop::diffusers::field_for("order"), Some("solver_order=N"));
/// ```
pub fn field_for(setting: &str) -> Option<&'static str> {
    let fields = [
        ("order", "solver_order=N"),
        ("spacing", "timestep_spacing=NAME"),
        ("sigmas", "use_karras_sigmas=true"),
        ("last", "final_sigmas_type=NAME"),
        ("variance", "variance_type=NAME"),
        ("churn", "s_churn=S"),
    ];
    fields.iter().find(|(ours, _)| *ours == setting).map(|(_, theirs)| *theirs)
}

/// A scheduler of diffusers with its configuration.
#[derive(Clone, Debug)]
pub struct Scheduler {
    class: &'static Class,
    config: Config,
    given: Value,
}

impl Scheduler {
    /// The scheduler of a class with a configuration: what `scheduler_config.json` may hold, and what its `step` takes (`eta`,
    /// `s_churn`, …). What it leaves out has the class's default, and what the class does not take has no effect.
    ///
    /// # Errors
    /// If the class or a value is unknown; all such values are listed.
    pub fn new(class: &str, config: &Value) -> Result<Self, SchedulerError> {
        let class = Class::named(class).ok_or_else(|| SchedulerError::Class { got: class.to_owned() })?;
        let given = config.clone();
        Ok(Self { class, config: Config::new(class, config)?, given })
    }

    /// Another class with the same configuration, as `from_config` of diffusers makes it: what the file only lists as defaults
    /// of the first class is left to the second.
    ///
    /// # Errors
    /// If a value is unknown to it; all such values are listed.
    pub fn as_class(&self, class: &'static Class) -> Result<Self, SchedulerError> {
        let defaults: Vec<&str> = self.given["_use_default_values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut given = self.given.clone();
        if let Some(given) = given.as_object_mut() {
            given.retain(|key, _| !defaults.contains(&key.as_str()));
        }
        Self::new(class.name, &given)
    }

    /// As it is, but for the fields of `config`.
    ///
    /// # Errors
    /// If a value is unknown; all such values are listed.
    pub fn with(&self, config: &Value) -> Result<Self, SchedulerError> {
        let mut given = self.given.clone();
        for (key, value) in config.as_object().into_iter().flatten() {
            given[key] = value.clone();
        }
        Self::new(self.class.name, &given)
    }

    /// Its class.
    pub fn class(&self) -> &'static Class {
        self.class
    }

    /// Steps where none are asked for: as pipelines of diffusers do, or as many as the process has levels for.
    pub fn steps(&self, process: &Process) -> usize {
        let all = process.len();
        let wanted = if self.class.method == class::Method::Ddpm { all } else { all.min(50) };
        let visits = |steps: &usize| levels::grid(self.class, &self.config, &process.table, *steps).is_ok();
        (1..=wanted).rev().find(visits).unwrap_or(wanted)
    }

    /// Whether it goes from data to noise.
    pub fn inverts(&self) -> bool {
        self.class.method == class::Method::DdimInverse
    }

    /// What it does to x̂_0.
    pub fn bound(&self) -> Bound {
        self.config.bound()
    }

    /// Its run of `steps` steps.
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps, or the configuration does not go with the model.
    pub fn plan(&self, process: &Process, steps: usize) -> Result<Plan, SchedulerError> {
        self.class.check_process(&self.config, process)?;
        let grid = levels::grid(self.class, &self.config, &process.table, steps)?;
        let stride = (process.len() / steps) as f64;
        let (class, config, variance) = (self.class, self.config.clone(), process.variance);
        let draws_noise = class.draws_noise(&config);
        Ok(Plan::new(grid, draws_noise, move || class.solver(&config, stride, variance)))
    }
}

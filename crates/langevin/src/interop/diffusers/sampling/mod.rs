//! The schedulers of diffusers 0.42.1 as they compute, by their class names.
//!
//! The method of a class is one of [`sampler`](crate::sampler)'s solvers, with what it does in its own way set so; the noise
//! levels that it visits are chosen here. What differs from the papers is listed in `docs/samplers.md`.

mod class;
mod config;
mod levels;
mod solver;

pub use class::{CLASSES, Class};
pub use config::SchedulerError;

use crate::diffusion::{Bound, Process};
use crate::sampler::Plan;
use config::Config;
use langevin_math::MathError;
use serde_json::{Value, json};

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

    /// A class with its defaults.
    pub fn of(class: &'static Class) -> Self {
        Self::new(class.name, &json!({})).expect("the defaults of a class are its own")
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

    /// Steps of a process of `all` timesteps where none are asked for: as pipelines of diffusers do.
    pub fn steps(&self, all: usize) -> usize {
        if self.class.name == "DDPMScheduler" { all } else { all.min(50) }
    }

    /// Whether it goes from data to noise.
    pub fn inverts(&self) -> bool {
        self.class.name == "DDIMInverseScheduler"
    }

    /// What it does to x̂_0.
    pub fn bound(&self) -> Bound {
        self.config.bound()
    }

    /// Its run of `steps` steps.
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps.
    pub fn plan(&self, process: &Process, steps: usize) -> Result<Plan, MathError> {
        let grid = levels::grid(self.class, &self.config, &process.table, steps)?;
        let stride = (process.len() / steps) as f64;
        let (class, config, variance) = (self.class, self.config.clone(), process.variance);
        let draws_noise = class.draws_noise(&config);
        Ok(Plan::new(grid, draws_noise, move || class.solver(&config, stride, variance)))
    }
}

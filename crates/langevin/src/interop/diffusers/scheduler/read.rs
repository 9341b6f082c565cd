//! A scheduler's file as our process, and what it says of sampling.

use crate::config::DiffusionConfig;
use crate::interop::diffusers::sampling::{Class, Scheduler, SchedulerError};
use langevin_math::{Prediction, Schedule, Variance};
use serde_json::Value;

/// A diffusion process out of a scheduler's file.
#[derive(Clone, Debug)]
pub struct SchedulerConfig {
    /// The process, and what the network predicts.
    pub diffusion: DiffusionConfig,
    /// What it says of sampling.
    pub scheduler: Scheduler,
}

/// The process that `scheduler_config.json` describes. A field that it lacks has the class's default.
///
/// # Errors
/// Lists every field that has an effect which is not supported.
pub fn read_scheduler(config: &Value) -> Result<SchedulerConfig, String> {
    let name = config["_class_name"].as_str().unwrap_or("a scheduler without _class_name");
    let mut reader = Reader { config, wrong: Vec::new() };
    let scheduler = match Scheduler::new(name, config) {
        Ok(scheduler) => Some(scheduler),
        Err(SchedulerError::Values { values, .. }) => {
            reader.wrong.extend(values);
            None
        }
        Err(error) => return Err(error.to_string()),
    };
    let Some(class) = Class::named(name) else { unreachable!("its scheduler was made, or had wrong values") };
    let diffusion = reader.read(class);
    match scheduler {
        Some(scheduler) if reader.wrong.is_empty() => Ok(SchedulerConfig { diffusion, scheduler }),
        _ => Err(format!("{name} has settings that are not supported: {}", reader.wrong.join("; "))),
    }
}

struct Reader<'a> {
    config: &'a Value,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, class: &Class) -> DiffusionConfig {
        let timesteps = self.count("num_train_timesteps", 1000);
        DiffusionConfig {
            timesteps,
            schedule: self.schedule(class.betas, timesteps),
            prediction: self.prediction(),
            variance: self.variance(class),
        }
    }

    fn get(&self, field: &str) -> Option<&Value> {
        self.config.get(field).filter(|value| !value.is_null())
    }

    fn refuse(&mut self, field: &str, expected: &str) {
        self.wrong.push(format!("{field} is {}, expected {expected}", self.config[field]));
    }

    fn flag(&mut self, field: &str, default: bool) -> bool {
        let value = self.get(field).map_or(Some(default), Value::as_bool);
        value.unwrap_or_else(|| {
            self.refuse(field, "true or false");
            default
        })
    }

    fn number(&mut self, field: &str, default: f64) -> f64 {
        let value = self.get(field).map_or(Some(default), Value::as_f64);
        value.unwrap_or_else(|| {
            self.refuse(field, "a number");
            default
        })
    }

    fn count(&mut self, field: &str, default: u64) -> usize {
        let value = self.get(field).map_or(Some(default), Value::as_u64);
        value.unwrap_or_else(|| {
            self.refuse(field, "a count");
            default
        }) as usize
    }

    fn text(&mut self, field: &str, default: &str) -> String {
        let value = self.get(field).map_or(Some(default), Value::as_str).map(str::to_owned);
        value.unwrap_or_else(|| {
            self.refuse(field, "a name");
            default.to_owned()
        })
    }

    fn schedule(&mut self, (start, end): (f64, f64), timesteps: usize) -> Schedule {
        if let Some(trained) = self.get("trained_betas") {
            let betas = trained.as_array().and_then(|betas| betas.iter().map(Value::as_f64).collect());
            match betas {
                Some::<Vec<f64>>(betas) if betas.len() == timesteps => return Schedule::Given { betas },
                _ => self.wrong.push(format!("trained_betas is not a list of {timesteps} numbers")),
            }
        }
        let beta_start = self.number("beta_start", start);
        let beta_end = self.number("beta_end", end);
        match self.text("beta_schedule", "linear").as_str() {
            "scaled_linear" => Schedule::ScaledLinear { beta_start, beta_end },
            "sigmoid" => Schedule::Sigmoid { beta_start, beta_end },
            "squaredcos_cap_v2" => Schedule::Cosine {},
            "linear" => Schedule::Linear { beta_start, beta_end },
            _ => {
                self.refuse("beta_schedule", "linear, scaled_linear, squaredcos_cap_v2 or sigmoid");
                Schedule::default()
            }
        }
    }

    fn prediction(&mut self) -> Prediction {
        // Before there was prediction_type.
        let default = if self.flag("predict_epsilon", true) { "epsilon" } else { "sample" };
        match self.text("prediction_type", default).as_str() {
            "epsilon" => Prediction::Epsilon,
            "sample" => Prediction::X0,
            "v_prediction" => Prediction::V,
            _ => {
                self.refuse("prediction_type", "epsilon, sample or v_prediction");
                Prediction::Epsilon
            }
        }
    }

    /// σ² of ancestral steps; the classes that take none are deterministic, or take β̃ as DDIM does with η = 1.
    fn variance(&mut self, class: &Class) -> Variance {
        let name = self.text("variance_type", "fixed_small");
        let name = if class.takes("variance_type") { name } else { "fixed_small".to_owned() };
        match name.as_str() {
            "fixed_small" | "fixed_small_log" => Variance::FixedSmall,
            "fixed_large" | "fixed_large_log" => Variance::FixedLarge,
            "learned_range" => Variance::Learned,
            // The scheduler refuses what it does not know.
            _ => Variance::FixedSmall,
        }
    }
}

#[cfg(test)]
mod tests;

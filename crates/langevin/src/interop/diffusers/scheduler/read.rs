//! A scheduler's file as our process, and what it says of sampling.

use super::classes::{CLASSES, Class, Neutral};
use crate::config::DiffusionConfig;
use langevin_math::{Prediction, Schedule, Spacing, Variance};
use serde_json::{Map, Value};

/// Fields that older versions wrote, with the value that says nothing.
const OLD: [Neutral; 1] = [Neutral::Null("timestep_values")];

/// What a scheduler's file says of sampling only: the network and its process are the same whatever stands here.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplerHints {
    /// The scheduler's class.
    pub class: String,
    /// Which timesteps a shorter process keeps; `None` if the class does not ask.
    pub spacing: Option<Spacing>,
    /// Added to every timestep that is kept.
    pub steps_offset: usize,
    /// The other fields that steer the class's solver, as they stand in the file.
    pub solver: Map<String, Value>,
}

/// A diffusion process out of a scheduler's file.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// The process, and what the network predicts.
    pub diffusion: DiffusionConfig,
    /// Whether x̂_0 is bounded to [−1, 1] in sampling.
    pub clip: bool,
    /// What it says of sampling.
    pub hints: SamplerHints,
}

/// The process that `scheduler_config.json` describes. A field that it lacks has the class's default.
///
/// # Errors
/// Lists every field that has an effect which is not supported.
pub fn read_scheduler(config: &Value) -> Result<SchedulerConfig, String> {
    let name = config["_class_name"].as_str().unwrap_or("a scheduler without _class_name");
    let Some(class) = CLASSES.iter().find(|class| class.name == name) else {
        let known: Vec<_> = CLASSES.iter().map(|class| class.name).collect();
        return Err(format!("{name} is not one of the schedulers that can be read: {}", known.join(", ")));
    };
    let mut reader = Reader { config, wrong: Vec::new() };
    let read = reader.read(class);
    if reader.wrong.is_empty() {
        return Ok(read);
    }
    Err(format!("{name} has settings that are not supported: {}", reader.wrong.join("; ")))
}

struct Reader<'a> {
    config: &'a Value,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, class: &Class) -> SchedulerConfig {
        for &neutral in class.neutral.iter().chain(&OLD) {
            self.check(neutral);
        }
        let clip = class.clips.is_some_and(|default| self.flag("clip_sample", default));
        let range = self.number("clip_sample_range", 1.0);
        if clip && range != 1.0 {
            self.refuse("clip_sample_range", "1.0, the bound that samples have here");
        }
        let solver = class.solver.iter().filter_map(|&field| {
            let value = self.config.get(field)?;
            Some((field.to_owned(), value.clone()))
        });
        let solver = solver.collect();
        let spacing = class.spacing.and_then(|default| self.spacing(default));
        let steps_offset = if class.spacing.is_some() { self.count("steps_offset", 0) } else { 0 };
        let timesteps = self.count("num_train_timesteps", 1000);
        let diffusion = DiffusionConfig {
            timesteps,
            schedule: self.schedule(class.betas, timesteps),
            prediction: self.prediction(),
            variance: self.variance(class),
        };
        let hints = SamplerHints { class: class.name.to_owned(), spacing, steps_offset, solver };
        SchedulerConfig { diffusion, clip, hints }
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

    fn check(&mut self, neutral: Neutral) {
        let (field, fits, expected) = match neutral {
            Neutral::False(field) => (field, self.get(field).is_none_or(|v| v == false), "false".to_owned()),
            Neutral::Null(field) => (field, self.get(field).is_none(), "null".to_owned()),
            Neutral::Text(field, text) => (field, self.get(field).is_none_or(|v| v == text), text.to_owned()),
        };
        if !fits {
            self.refuse(field, &expected);
        }
    }

    fn spacing(&mut self, default: &str) -> Option<Spacing> {
        let name = self.text("timestep_spacing", default);
        let spacing = match name.as_str() {
            "leading" => Spacing::Leading,
            "trailing" => Spacing::Trailing,
            "linspace" => Spacing::Linspace,
            _ => {
                self.refuse("timestep_spacing", "leading, trailing or linspace");
                return None;
            }
        };
        Some(spacing)
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
        let says = matches!(
            class.name,
            "DDPMScheduler" | "DPMSolverMultistepScheduler" | "DPMSolverSinglestepScheduler"
        );
        let name = if says { self.text("variance_type", "fixed_small") } else { "fixed_small".to_owned() };
        match name.as_str() {
            "fixed_small" | "fixed_small_log" => Variance::FixedSmall,
            "fixed_large" | "fixed_large_log" => Variance::FixedLarge,
            "learned_range" => Variance::Learned,
            _ => {
                self.refuse("variance_type", "fixed_small, fixed_large or learned_range");
                Variance::FixedSmall
            }
        }
    }
}

#[cfg(test)]
mod tests;

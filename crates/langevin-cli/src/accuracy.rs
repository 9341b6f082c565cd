//! How often a classifier tells classes, by timestep.

use crate::plan::thousands;
use crate::say::tell;
use langevin::config::Settings;
use langevin::eval::AccuracyRow;
use langevin::math::Objective;
use serde_json::{Value, json};

/// Timesteps of the table beside that of the data.
const TIMESTEPS: usize = 10;

/// The timesteps at which a classifier is asked: 0 is the data. One that learned from clean samples is asked there alone.
pub fn timesteps(settings: &Settings) -> Vec<usize> {
    let all = settings.recipe.diffusion.timesteps;
    let noisy = match settings.recipe.objective {
        Objective::CrossEntropy { clean: true } => Vec::new(),
        _ => (1..=TIMESTEPS).map(|part| (part * all).div_ceil(TIMESTEPS)).collect(),
    };
    let mut steps = vec![0];
    steps.extend(noisy);
    steps.dedup();
    steps
}

/// Prints the table of a part of the data.
pub fn print(name: &str, samples: usize, rows: &[AccuracyRow]) {
    tell!("{name}: {} pictures", thousands(samples as u64));
    tell!("  {:>6}  {:>18}  {:>14}", "t", "classes told", "cross-entropy");
    for AccuracyRow { t, accuracy, cross_entropy } in rows {
        let told = format!("{:.2} % ± {:.2}", 100.0 * accuracy.mean, 100.0 * accuracy.error);
        tell!("  {t:>6}  {told:>18}  {:>14.4}", cross_entropy.mean);
    }
}

/// The same as JSON.
pub fn json(name: &str, samples: usize, rows: &[AccuracyRow]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "t": row.t,
                "accuracy": row.accuracy.mean,
                "accuracy_error": row.accuracy.error,
                "cross_entropy": row.cross_entropy.mean,
            })
        })
        .collect();
    json!({ "name": name, "samples": samples, "by_timestep": rows })
}

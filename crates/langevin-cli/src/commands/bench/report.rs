//! What a benchmark came to, as JSON and as a table.

use super::profile::Profile;
use crate::plan::{counted, thousands};
use crate::progress::duration;
use langevin::compute::Isa;
use langevin::config::Settings;
use serde_json::{Value, json};

/// Forward passes that a step of training counts for: itself, and the gradients of inputs and weights.
const TRAINING_COST: f64 = 3.0;

/// What computed.
pub struct Compute {
    /// Threads.
    pub threads: usize,
    /// The kernels' instruction set.
    pub isa: Isa,
    /// Whether the kernels computed, or else Burn's own operations.
    pub kernels: bool,
    /// Whether convolutions were computed directly.
    pub exact: bool,
}

impl Compute {
    fn describe(&self) -> String {
        let threads = counted(self.threads as u64, "thread");
        match (self.kernels, self.exact) {
            (true, false) => format!("{threads}, {}", self.isa),
            (true, true) => format!("{threads}, {}, exact", self.isa),
            (false, _) => format!("{threads}, Burn's own operations"),
        }
    }
}

/// The figures of a benchmark; a piece of work that was not asked for has none.
pub struct Figures<'a> {
    /// The recipe's name or file.
    pub name: &'a str,
    /// What was built.
    pub settings: &'a Settings,
    /// What computed.
    pub compute: Compute,
    /// Rounds, of which the figures are the medians.
    pub rounds: usize,
    /// Seconds of a forward pass of a batch.
    pub forward_seconds: Option<f64>,
    /// Seconds of a step of training.
    pub train_seconds: Option<f64>,
    /// [`peak_memory_mb`] at the end.
    pub peak_memory_mb: Option<f64>,
    /// Where the time goes, if that was asked for.
    pub profile: Option<Profile>,
}

/// One row: what a batch's seconds mean.
struct Row {
    ms_per_picture: f64,
    pictures_per_second: f64,
    gflops: f64,
}

impl Figures<'_> {
    fn row(&self, seconds: Option<f64>, cost: f64) -> Option<Row> {
        let (batch, model) = (self.settings.recipe.train.batch as f64, &self.settings.recipe.model);
        // A multiplication and an addition each.
        let operations = 2.0 * cost * model.multiply_adds(self.settings.shape) as f64;
        seconds.map(|seconds| Row {
            ms_per_picture: 1e3 * seconds / batch,
            pictures_per_second: batch / seconds,
            gflops: 1e-9 * operations * batch / seconds,
        })
    }

    fn rows(&self) -> [(&'static str, Option<Row>); 2] {
        let forward = self.row(self.forward_seconds, 1.0);
        [("forward", forward), ("train", self.row(self.train_seconds, TRAINING_COST))]
    }

    /// One object.
    pub fn to_json(&self) -> Value {
        let (recipe, shape) = (&self.settings.recipe, self.settings.shape);
        let mut object = json!({
            "recipe": self.name,
            "shape": [shape.height, shape.width, shape.channels],
            "batch": recipe.train.batch,
            "threads": self.compute.threads,
            "isa": self.compute.isa.to_string(),
            "ops": if self.compute.kernels { "kernels" } else { "burn" },
            "exact": self.compute.exact,
            "rounds": self.rounds,
            "parameters": recipe.model.parameter_count(shape),
            "multiply_adds": recipe.model.multiply_adds(shape),
            "peak_memory_mb": self.peak_memory_mb,
            "profile": self.profile.as_ref().map(Profile::to_json),
        });
        for (name, row) in self.rows() {
            let figure = |of: fn(&Row) -> f64| row.as_ref().map(of);
            object[format!("{name}_ms_per_picture")] = json!(figure(|row| row.ms_per_picture));
            object[format!("{name}_pictures_per_second")] = json!(figure(|row| row.pictures_per_second));
            object[format!("{name}_gflops")] = json!(figure(|row| row.gflops));
        }
        object
    }

    /// A few lines for people.
    pub fn to_table(&self) -> String {
        let (recipe, shape) = (&self.settings.recipe, self.settings.shape);
        let (things, thing) =
            if self.settings.levels.is_some() { ("pictures", "picture") } else { ("points", "point") };
        let parameters = thousands(recipe.model.parameter_count(shape));
        let mut table = format!("{}: {}: {parameters} parameters\n", self.name, recipe.model.describe());
        table += &format!(
            "{}x{}x{}, batches of {}, {}, medians of {}\n\n",
            shape.height,
            shape.width,
            shape.channels,
            recipe.train.batch,
            self.compute.describe(),
            counted(self.rounds as u64, "round")
        );
        table += &format!(
            "{:10}{:>14}{:>14}{:>10}\n",
            "",
            format!("ms/{thing}"),
            format!("{things}/s"),
            "GFLOP/s"
        );
        for (name, row) in self.rows() {
            if let Some(Row { ms_per_picture, pictures_per_second, gflops }) = row {
                table +=
                    &format!("{name:10}{ms_per_picture:>14.4}{pictures_per_second:>14.1}{gflops:>10.1}\n");
            }
        }
        if let Some(memory) = self.peak_memory_mb {
            table += &format!("\npeak memory {memory:.0} MB\n");
        }
        if let Some(seconds) = self.train_seconds {
            let steps = recipe.train.steps;
            let whole = duration(seconds * steps as f64);
            table += &format!("the recipe's {} of training take about {whole}\n", counted(steps, "step"));
        }
        if let Some(profile) = &self.profile {
            table += "\n";
            table += &profile.to_table();
        }
        table
    }
}

/// The largest resident memory of this process so far, in MB of 1,000,000 bytes, where `/proc` tells it.
pub fn peak_memory_mb() -> Option<f64> {
    high_water_mark(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn high_water_mark(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use langevin::config::builtin_recipe;
    use langevin::data::{DataOptions, load};

    fn compute(threads: usize, kernels: bool) -> Compute {
        Compute { threads, isa: Isa::Portable, kernels, exact: false }
    }

    fn settings() -> Settings {
        let data = load("digits", &DataOptions::default()).unwrap();
        Settings::resolve(builtin_recipe("digits").unwrap(), &data).unwrap()
    }

    #[test]
    fn a_second_a_batch_is_a_batch_a_second() {
        let settings = settings();
        let figures = Figures {
            name: "digits",
            settings: &settings,
            compute: compute(2, true),
            rounds: 5,
            forward_seconds: Some(0.5),
            train_seconds: Some(2.0),
            peak_memory_mb: Some(100.0),
            profile: None,
        };
        let json = figures.to_json();
        assert_eq!(json["forward_ms_per_picture"], 500.0 / 128.0);
        assert_eq!(json["train_pictures_per_second"], 64.0);
        // 16,183,296 multiply-adds a picture: 128 of them in half a second, and thrice that in two.
        let gflops = 2e-9 * 16_183_296.0 * 128.0;
        let close = |value: &Value, expected: f64| (value.as_f64().unwrap() / expected - 1.0).abs() < 1e-12;
        assert!(
            close(&json["forward_gflops"], 2.0 * gflops) && close(&json["train_gflops"], 1.5 * gflops),
            "{json}"
        );
        let table = figures.to_table();
        assert!(table.contains("2 threads, portable, medians"), "{table}");
        // 2,000 steps of two seconds.
        assert!(table.contains("2,000 steps of training take about 1 h 06 min"), "{table}");
    }

    #[test]
    fn what_was_not_timed_is_not_shown() {
        let settings = settings();
        let figures = Figures {
            name: "digits",
            settings: &settings,
            compute: compute(1, false),
            rounds: 1,
            forward_seconds: None,
            train_seconds: None,
            peak_memory_mb: None,
            profile: None,
        };
        let json = figures.to_json();
        assert!(json["forward_gflops"].is_null() && json["profile"].is_null());
        assert_eq!(json["ops"], "burn");
        let table = figures.to_table();
        assert_eq!(table.lines().count(), 4);
        assert!(table.contains("1 thread, Burn's own operations, medians"), "{table}");
    }

    #[test]
    fn the_high_water_mark_is_read() {
        let status = "Name:\tlangevin\nVmHWM:\t   1000 kB\nVmRSS:\t 12 kB\n";
        assert_eq!(high_water_mark(status), Some(1.024));
        assert_eq!(high_water_mark("Name:\tlangevin\n"), None);
    }
}

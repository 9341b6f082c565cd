//! The likelihood and the samples that each objective comes to on the digits, over three seeds.

use crate::commands::{cargo, output, run as run_command};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Steps of every run; the recipe's.
const STEPS: &str = "2000";

/// Seeds of weights, order, timesteps and noise.
const SEEDS: [u64; 3] = [0, 1, 2];

/// How the samples are drawn: by as many steps of the model's own kind.
const SAMPLER: [&str; 4] = ["--sampler", "ddpm", "--steps", "100"];

const SCHEDULES: [&str; 2] = ["linear", "cosine"];

/// A row of the table: a training, and the variance that it is measured with.
struct Row {
    title: &'static str,
    /// The name of its runs.
    training: &'static str,
    settings: &'static [&'static str],
    variance: &'static str,
}

const ROWS: [Row; 4] = [
    Row { title: "L_simple, fixed large", training: "simple", settings: &[], variance: "fixed-large" },
    Row { title: "L_simple, fixed small", training: "simple", settings: &[], variance: "fixed-small" },
    Row {
        title: "L_hybrid, learned",
        training: "hybrid",
        settings: &["diffusion.variance=learned", "objective.kind=hybrid"],
        variance: "learned",
    },
    Row {
        title: "L_vlb, learned, by importance",
        training: "vlb",
        settings: &["diffusion.variance=learned", "objective.kind=vlb", "train.timestep_sampling=importance"],
        variance: "learned",
    },
];

/// What one run came to, on the held-out fifth and on what it was trained on.
struct Outcome {
    held_out_bits: f64,
    trained_bits: f64,
    held_out_frechet: f64,
    trained_frechet: f64,
}

/// Trains what is not in `folder` yet, measures every run, and prints the table of docs/objectives.md.
///
/// # Errors
/// If a training or a measurement fails.
pub fn run(folder: &Path) -> Result<()> {
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let program =
        std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin");
    println!(
        "| schedule | objective, variance | bits/dim, held out | trained on | Fréchet, held out | trained on |"
    );
    println!("|---|---|---|---|---|---|");
    for schedule in SCHEDULES {
        for row in ROWS {
            let outcomes: Vec<Outcome> = SEEDS
                .into_iter()
                .map(|seed| measure(&program, &train(&program, folder, schedule, &row, seed)?, &row))
                .collect::<Result<_>>()?;
            let over = |value: fn(&Outcome) -> f64, places: usize| {
                let (mean, deviation) = spread(&outcomes.iter().map(value).collect::<Vec<_>>());
                format!("{mean:.places$} ± {deviation:.places$}")
            };
            println!(
                "| {schedule} | {} | {} | {} | {} | {} |",
                row.title,
                over(|outcome| outcome.held_out_bits, 3),
                over(|outcome| outcome.trained_bits, 3),
                over(|outcome| outcome.held_out_frechet, 3),
                over(|outcome| outcome.trained_frechet, 3),
            );
        }
    }
    Ok(())
}

/// The folder of a run, trained if it is not there.
fn train(program: &Path, folder: &Path, schedule: &str, row: &Row, seed: u64) -> Result<PathBuf> {
    let run = folder.join(format!("{schedule}-{}-{seed}", row.training));
    if run.join(format!("checkpoints/step-{STEPS:0>7}")).is_dir() {
        return Ok(run);
    }
    if run.exists() {
        bail!("{} holds a run that did not end: remove it", run.display());
    }
    let mut command = Command::new(program);
    command.args(["train", "digits", "--no-grid", "--quiet", "--steps", STEPS, "--seed", &seed.to_string()]);
    command.args(["--set", "data.holdout=0.2", "--set", &format!("train.checkpoint_every={STEPS}")]);
    command.args(["--set", &format!("diffusion.schedule.kind={schedule}")]);
    for setting in row.settings {
        command.args(["--set", setting]);
    }
    run_command(command.arg("--out").arg(&run))?;
    Ok(run)
}

fn measure(program: &Path, run: &Path, row: &Row) -> Result<Outcome> {
    let mut command = Command::new(program);
    command.arg("evaluate").arg(run).args(["--metrics", "nll,frechet", "--json", "--quiet"]);
    let text = output(command.args(SAMPLER).args(["--variance", row.variance]))?;
    let measured: Value = serde_json::from_str(&text).context("evaluate printed what is no JSON")?;
    let number = |part: usize, path: &str| {
        let place = format!("/parts/{part}/{path}");
        measured
            .pointer(&place)
            .and_then(Value::as_f64)
            .with_context(|| format!("evaluate printed no {place}"))
    };
    Ok(Outcome {
        trained_bits: number(0, "nll/bits_per_dim/mean")?,
        held_out_bits: number(1, "nll/bits_per_dim/mean")?,
        trained_frechet: number(0, "quality/frechet")?,
        held_out_frechet: number(1, "quality/frechet")?,
    })
}

/// Mean and standard deviation, with one less than their number below the sum.
fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_a_sample() {
        assert_eq!(spread(&[1.0, 2.0, 3.0]), (2.0, 1.0));
    }

    #[test]
    fn steps_are_those_of_the_recipe() {
        let recipe = std::fs::read_to_string(crate::root().join("recipes/digits.toml")).unwrap();
        assert!(recipe.contains(&format!("\nsteps = {STEPS}\n")));
    }
}

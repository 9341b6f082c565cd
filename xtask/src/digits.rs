//! The loss that training on the digits comes to, over three seeds.

use crate::commands::{cargo, run as run_command};
use crate::compare::number_of;
use anyhow::{Context, Result, bail};
use std::fs;
use std::iter::repeat_n;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

/// The recipe's steps.
const STEPS: usize = 2000;

/// What the mean loss of the last 250 steps may be. PyTorch, with this network and these settings, comes to 0.0786.
const BOUND: f64 = 0.081;

/// Steps at the start that are not timed, as in tools/peers/train_digits.py.
const WARM_UP: usize = 5;
/// Steps at the end whose losses are averaged, as in tools/peers/train_digits.py.
const WINDOW: usize = 250;

/// What one training came to.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// Seconds an optimiser step.
    seconds_per_step: f64,
    /// Mean loss of the last 250 steps.
    loss: f64,
}

/// Trains with seeds 0, 1 and 2, prints each loss, and compares their mean with the bound.
///
/// # Errors
/// If a training fails, or the mean is above the bound.
pub fn run(root: &Path) -> Result<()> {
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let threads = available_parallelism().map_or(1, usize::from);
    let mut sum = 0.0;
    for seed in 0..3 {
        let outcome = train(root, seed, threads)?;
        println!("seed {seed}: loss {:.4}, {:.3} s a step", outcome.loss, outcome.seconds_per_step);
        sum += outcome.loss;
    }
    let mean = sum / 3.0;
    println!("mean of the last 250 losses over three seeds: {mean:.4} (at most {BOUND})");
    if mean > BOUND {
        bail!("the loss is above {BOUND}");
    }
    Ok(())
}

/// Trains the digits with the program beside this one, and reads its metrics.
fn train(root: &Path, seed: u64, threads: usize) -> Result<Outcome> {
    let program =
        std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin");
    let run = std::env::temp_dir().join(format!("langevin-digits-{}", std::process::id()));
    let mut command = Command::new(program);
    command.args(["train", "digits", "--no-grid", "--quiet", "--steps", &STEPS.to_string()]);
    command.args(["--seed", &seed.to_string(), "--threads", &threads.to_string(), "--out"]);
    run_command(command.arg(&run))?;
    let metrics = run.join("metrics.jsonl");
    let lines = fs::read_to_string(&metrics).with_context(|| format!("cannot read {}", metrics.display()))?;
    let recipe =
        fs::read_to_string(root.join("recipes/digits.toml")).context("cannot read recipes/digits.toml")?;
    let outcome = read_metrics(&lines, batch(&recipe)?)?;
    fs::remove_dir_all(&run).with_context(|| format!("cannot remove {}", run.display()))?;
    Ok(outcome)
}

/// Reads `metrics.jsonl`: each line says up to which step it goes, the mean loss and the pictures a second of the
/// steps since the line before.
fn read_metrics(lines: &str, batch: f64) -> Result<Outcome> {
    let mut losses = Vec::new();
    let mut seconds = Vec::new();
    for line in lines.lines() {
        let field = |name| {
            number_of(line, name)
                .with_context(|| format!("metrics.jsonl has a line without a number '{name}': {line}"))
        };
        let before = losses.len();
        let steps = (field("step")? as usize).saturating_sub(before);
        losses.extend(repeat_n(field("loss")?, steps));
        let taken = batch / field("images_per_second")?;
        seconds.extend(repeat_n(taken, if before < WARM_UP { 0 } else { steps }));
    }
    if seconds.is_empty() {
        bail!("metrics.jsonl has no line that begins after step {WARM_UP}");
    }
    let last = &losses[losses.len().saturating_sub(WINDOW)..];
    Ok(Outcome { seconds_per_step: mean(&seconds), loss: mean(last) })
}

/// The pictures a step of a recipe.
fn batch(recipe: &str) -> Result<f64> {
    let line = recipe.lines().find_map(|line| line.strip_prefix("batch")?.trim_start().strip_prefix('='));
    let number = line.and_then(|rest| rest.split('#').next()?.trim().parse().ok());
    number.context("recipes/digits.toml has no line 'batch = …'")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: usize, loss: f64, rate: f64) -> String {
        format!("{{\"step\":{step},\"loss\": {loss}, \"grad_norm\":1.0,\"images_per_second\": {rate}}}\n")
    }

    #[test]
    fn metrics_are_averaged_without_the_warm_up() {
        let mut lines: String = (1..=WARM_UP).map(|step| line(step, 9.0, 1.0)).collect();
        lines += &line(6, 1.0, 64.0);
        lines += &line(7, 0.3, 128.0);
        let outcome = read_metrics(&lines, 128.0).unwrap();
        assert_eq!(outcome.seconds_per_step, 1.5);
        assert!((outcome.loss - (9.0 * 5.0 + 1.3) / 7.0).abs() < 1e-12, "{outcome:?}");
        let message = read_metrics("{\"step\": 1, \"loss\": null}", 128.0).unwrap_err().to_string();
        assert!(message.contains("'loss'"), "{message}");
        assert!(read_metrics(&line(WARM_UP, 1.0, 1.0), 128.0).is_err());
    }

    #[test]
    fn a_line_counts_as_often_as_it_has_steps() {
        let lines = line(10, 100.0, 0.1) + &line(40, 100.0, 1.0) + &line(50, 100.0, 0.2);
        let outcome = read_metrics(&lines, 1.0).unwrap();
        assert_eq!(outcome, Outcome { seconds_per_step: (30.0 * 1.0 + 10.0 * 5.0) / 40.0, loss: 100.0 });
        let outcome = read_metrics(&(lines + &line(50 + WINDOW, 0.5, 1.0)), 1.0).unwrap();
        assert_eq!(outcome.loss, 0.5);
    }

    #[test]
    fn the_recipe_trains_with_batches_of_the_peer() {
        let root = crate::root();
        let recipe = fs::read_to_string(root.join("recipes/digits.toml")).unwrap();
        let peer = fs::read_to_string(root.join("tools/peers/train_digits.py")).unwrap();
        assert!(peer.contains(&format!("\nBATCH = {}\n", batch(&recipe).unwrap())));
        assert!(peer.contains(&format!("\nWARM_UP = {WARM_UP}\n")));
        assert!(peer.contains(&format!("\nWINDOW = {WINDOW}\n")));
    }
}

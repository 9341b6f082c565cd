//! The same training in PyTorch and in Langevin, one after the other: seconds a step, and the losses reached.

use crate::commands::{cargo, output, run as run_command};
use crate::python;
use anyhow::{Context, Result, bail};
use std::fs;
use std::iter::repeat_n;
use std::path::Path;
use std::process::Command;

/// Steps at the start that are not timed, as in tools/peers/train_digits.py.
const WARM_UP: usize = 5;
/// Steps at the end whose losses are averaged, as in tools/peers/train_digits.py.
const WINDOW: usize = 250;

/// What one training came to.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// Seconds an optimiser step.
    pub seconds_per_step: f64,
    /// Mean loss of the last 250 steps.
    pub loss: f64,
}

/// What to train with.
pub struct Options {
    pub steps: usize,
    pub seed: u64,
    pub threads: usize,
}

/// Trains the digits with both, and prints a table.
///
/// # Errors
/// If an option is wrong, or either training fails or does not report what is expected.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    let python = python::interpreter(root)?;
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let langevin = train_langevin(root, &options)?;
    let peer = train_peer(root, &python, &options)?;
    println!("{} steps on digits, {} threads", options.steps, options.threads);
    println!("{:10}{:>20}{:>24}", "", "seconds per step", "mean loss at the end");
    for (name, outcome) in [("PyTorch", &peer), ("Langevin", &langevin)] {
        println!("{name:10}{:>20.4}{:>24.5}", outcome.seconds_per_step, outcome.loss);
    }
    println!("Langevin takes {:.2} of PyTorch's time", langevin.seconds_per_step / peer.seconds_per_step);
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { steps: 200, seed: 0, threads: 2 };
    for pair in arguments.chunks(2) {
        let name = &pair[0];
        let value = pair.get(1).with_context(|| format!("'{name}' needs a value"))?;
        let wrong = || format!("'{name} {value}': expected a whole number");
        match name.as_str() {
            "--steps" => options.steps = value.parse().with_context(wrong)?,
            "--seed" => options.seed = value.parse().with_context(wrong)?,
            "--threads" => options.threads = value.parse().with_context(wrong)?,
            _ => bail!("there is no option '{name}': choose among --steps, --seed, --threads"),
        }
    }
    if options.steps <= WARM_UP || options.threads == 0 {
        bail!("comparing needs more than {WARM_UP} steps, the first {WARM_UP} are not timed, and a thread");
    }
    Ok(options)
}

fn train_peer(root: &Path, python: &Path, options: &Options) -> Result<Outcome> {
    let mut command = Command::new(python);
    command.arg(root.join("tools/peers/train_digits.py"));
    command.args(["--steps", &options.steps.to_string(), "--seed", &options.seed.to_string()]);
    command.args(["--threads", &options.threads.to_string()]);
    read_report(&output(&mut command)?)
}

/// Reads what the peer prints: `last 250 steps: loss 0.03` and `seconds per step: 0.05`.
fn read_report(report: &str) -> Result<Outcome> {
    let number = |start: &str, before: &str| -> Result<f64> {
        let line = report.lines().find(|line| line.starts_with(start));
        let text = line.and_then(|line| line.rsplit_once(before)).map(|(_, number)| number.trim());
        let text = text.with_context(|| format!("the peer printed no line '{start}…':\n{report}"))?;
        text.parse().with_context(|| format!("the peer's '{text}' is no number"))
    };
    Ok(Outcome { seconds_per_step: number("seconds per step:", ":")?, loss: number("last ", "loss ")? })
}

/// Trains the digits with the program beside this one, and reads its metrics.
///
/// # Errors
/// If the training fails or its metrics cannot be read.
pub fn train_langevin(root: &Path, options: &Options) -> Result<Outcome> {
    let program =
        std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin");
    let run = std::env::temp_dir().join(format!("langevin-compare-{}", std::process::id()));
    let mut command = Command::new(program);
    command.args(["train", "digits", "--no-grid", "--quiet", "--steps", &options.steps.to_string()]);
    command.args(["--seed", &options.seed.to_string(), "--threads", &options.threads.to_string(), "--out"]);
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

/// The number that follows `"name":` in a line of JSON.
fn number_of(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
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
    fn the_peer_is_understood() {
        let report = "parameters: 5\nsteps 251-500: loss 0.04\nlast 250 steps: loss 0.03210\nseconds per step: 0.0712\n";
        assert_eq!(read_report(report).unwrap(), Outcome { seconds_per_step: 0.0712, loss: 0.0321 });
        assert!(read_report("seconds per step: 0.1").unwrap_err().to_string().contains("'last …'"));
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

    #[test]
    fn options_are_checked() {
        let parse = |text: &str| parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let options = parse("--steps 30 --threads 1").unwrap();
        assert_eq!((options.steps, options.seed, options.threads), (30, 0, 1));
        for wrong in ["--steps", "--steps x", "--steps 5", "--threads 0", "--batch 3"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

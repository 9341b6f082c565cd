//! What a run will do, before it does it.

use langevin::config::Settings;
use langevin::data::Dataset;
use langevin::train::{Trainer, estimate_bytes};
use std::fmt::Write;
use std::path::Path;

/// The plan of a run, in lines.
pub fn describe(
    trainer: &Trainer,
    data: &Dataset,
    threads: usize,
    out: &Path,
    grids: bool,
    resumed: Option<u64>,
) -> String {
    let settings = trainer.settings();
    let recipe = &settings.recipe;
    let (train, diffusion) = (&recipe.train, &recipe.diffusion);
    let (samples, held_out) = trainer.sample_counts();
    let mut plan = String::new();
    let mut line = |name: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(plan, "{name:>10}  {text}");
    };
    line("data", data.describe());
    line("", format!("{samples} to train on, {held_out} held out"));
    let parameters = thousands(trainer.parameter_count() as u64);
    line("model", format!("{}: {parameters} parameters", recipe.model.describe()));
    line(
        "process",
        format!(
            "T = {}, {} schedule, the network predicts {}",
            diffusion.timesteps,
            diffusion.schedule.name(),
            diffusion.prediction.name()
        ),
    );
    let epochs = (train.steps as f64 * train.batch as f64) / samples as f64;
    let micro = match settings.micro_batch() {
        micro if micro < train.batch => format!(" ({micro} at a time)"),
        _ => String::new(),
    };
    let steps = thousands(train.steps);
    let places = if epochs < 0.1 { 5 } else { 1 };
    let passes = format!("{epochs:.places$} passes over the data");
    line("training", format!("{steps} steps of {}{micro}: {passes}", train.batch));
    if let Some(step) = resumed {
        line("", format!("resumed at step {}", thousands(step)));
    }
    line("grids", grid_cost(settings, grids));
    let bytes = estimate_bytes(settings, trainer.parameter_count(), data.bytes_in_memory());
    let machine = machine_bytes().map(|bytes| format!(" (this machine has {})", gibibytes(bytes)));
    line("memory", format!("about {}{}", gibibytes(bytes), machine.clone().unwrap_or_default()));
    if machine_bytes().is_some_and(|machine| bytes > machine) {
        line(
            "warning",
            "that is more than there is: a smaller --micro-batch gives the same steps in less".to_owned(),
        );
    }
    line("device", format!("CPU, {threads} {}", if threads == 1 { "thread" } else { "threads" }));
    line(
        "output",
        format!("{}, a checkpoint every {} steps", out.display(), thousands(train.checkpoint_every)),
    );
    plan
}

/// How much the grids add to the training's work, counting a training sample as three evaluations.
fn grid_cost(settings: &Settings, grids: bool) -> String {
    let (sample, train) = (&settings.recipe.sample, &settings.recipe.train);
    if !grids {
        return "none".to_owned();
    }
    let grid = (sample.grid_samples * sample.grid_steps) as f64;
    let between = 3.0 * train.batch as f64 * sample.grid_every.min(train.steps) as f64;
    format!(
        "{} samples by {} steps every {} steps: {:.1} % of the training's work",
        sample.grid_samples,
        sample.grid_steps,
        thousands(sample.grid_every),
        100.0 * grid / between
    )
}

/// 1234567 as 1,234,567.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The machine's memory, where the system says it in `/proc/meminfo`.
fn machine_bytes() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kibibytes| kibibytes << 10)
}

fn gibibytes(bytes: usize) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1000.0 { format!("{mebibytes:.0} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(7, "7"), (999, "999"), (1000, "1,000"), (35_746_307, "35,746,307")] {
            assert_eq!(thousands(number), text);
        }
    }
}

//! What a run will do, before it does it.

use crate::fit::Memory;
use crate::skipped;
use langevin::config::{EvaluateConfig, Recipe, Settings, TimestepSampling};
use langevin::data::Dataset;
use langevin::interop::diffusers::check_pipeline;
use langevin::math::{Objective, Weighting};
use std::fmt::Write;
use std::path::Path;

/// What a run starts with, beside its settings.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The step that it is resumed at.
    pub resumed: Option<u64>,
    /// The model that it begins from, and what is carried over, in lines.
    pub model: Vec<String>,
    /// What to know of that.
    pub caution: Option<String>,
    /// Parameters that learn, where others do not.
    pub learning: Option<u64>,
}

/// The plan of a run, in lines.
pub fn describe(
    settings: &Settings,
    data: &Dataset,
    memory: &Memory,
    threads: usize,
    out: &Path,
    grids: bool,
    start: &Start,
) -> String {
    let recipe = &settings.recipe;
    let (train, diffusion) = (&recipe.train, &recipe.diffusion);
    let (samples, held_out) = settings.sample_counts();
    let mut plan = String::new();
    let mut line = |name: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(plan, "{name:>10}  {text}");
    };
    line("data", data.describe());
    skipped::lines(data).into_iter().for_each(|text| line("", text));
    line("", format!("{samples} to train on, {held_out} held out"));
    let parameters = recipe.model.parameter_count(settings.shape);
    line("model", format!("{}: {} parameters", recipe.model.describe(), thousands(parameters)));
    if let Some(learning) = start.learning {
        let parts = train.freeze.join(", ");
        line("", format!("{} of them learn, as these are frozen: {parts}", thousands(learning)));
    }
    for (index, text) in start.model.iter().enumerate() {
        line(if index == 0 { "begins as" } else { "" }, text.clone());
    }
    line(
        "process",
        format!(
            "T = {}, {} schedule, the network predicts {}",
            diffusion.timesteps,
            diffusion.schedule.name(),
            diffusion.prediction.name()
        ),
    );
    line("objective", objective(recipe));
    let epochs = (train.steps as f64 * train.batch as f64) / samples as f64;
    let micro = match settings.micro_batch() {
        micro if micro < train.batch => format!(" ({micro} at a time)"),
        _ => String::new(),
    };
    let places = if epochs < 0.1 { 5 } else { 1 };
    let passes = format!("{epochs:.places$} passes over the data");
    line("training", format!("{} of {}{micro}: {passes}", counted(train.steps, "step"), train.batch));
    if let Some(step) = start.resumed {
        line("", format!("resumed at step {}", thousands(step)));
    }
    line("grids", grid_cost(settings, grids));
    if let EvaluateConfig { every: Some(every), samples, steps, features, .. } = recipe.evaluate {
        let (every, samples) = (thousands(every), thousands(samples as u64));
        let features = format!("{features:?}").to_lowercase();
        line("measures", format!("{samples} samples by {steps} steps, by {features}, every {every} steps"));
    }
    let available = memory.available.map(|bytes| format!(" ({} are free)", gibibytes(bytes)));
    line("memory", format!("about {}{}", gibibytes(memory.needed(settings)), available.unwrap_or_default()));
    if memory.is_short(settings) {
        line("warning", format!("that is more than is free: {}", memory.advice(settings)));
    }
    line("device", format!("CPU, {}", counted(threads as u64, "thread")));
    line("output", format!("{}", out.display()));
    // Averaged and raw weights and two moments, four bytes each.
    let best = if recipe.evaluate.every.is_some() { train.keep.best } else { 0 };
    let checkpoints = train.keep.count(train.steps, train.checkpoint_every) + best;
    let all = gibibytes((16 * parameters * checkpoints) as usize);
    let every = thousands(train.checkpoint_every);
    let kept = if train.keep.last.is_some() { " kept" } else { "" };
    line("", format!("{}{kept} (one every {every} steps): {all}", counted(checkpoints, "checkpoint")));
    line(
        "",
        match check_pipeline(&recipe.model, diffusion, settings.shape) {
            Ok(()) => "each a diffusers pipeline as it stands".to_owned(),
            Err(reason) => format!("not diffusers pipelines: {reason}"),
        },
    );
    plan
}

/// How much the grids add to the training's work, counting a training sample as three evaluations.
fn grid_cost(settings: &Settings, grids: bool) -> String {
    let (sample, train) = (&settings.recipe.sample, &settings.recipe.train);
    if !(grids && sample.grid) {
        return "none".to_owned();
    }
    let when = match sample.grid_every {
        every if every >= train.steps => "at the end".to_owned(),
        every => format!("every {} steps", thousands(every)),
    };
    let grid = (sample.grid_samples * sample.grid_steps) as f64;
    let between = 3.0 * train.batch as f64 * sample.grid_every.min(train.steps) as f64;
    format!(
        "{} samples by {} steps {when}: {:.1} % of the training's work",
        sample.grid_samples,
        sample.grid_steps,
        100.0 * grid / between
    )
}

/// What training minimises, in words.
fn objective(recipe: &Recipe) -> String {
    let name = match recipe.objective {
        Objective::Simple { .. } => "L_simple".to_owned(),
        Objective::Hybrid { lambda, .. } => format!("L_hybrid = L_simple + {lambda} L_vlb"),
        Objective::Vlb {} => "L_vlb, in bits/dim".to_owned(),
        Objective::CrossEntropy { clean: true } => {
            return "cross-entropy of the classes, without noise".to_owned();
        }
        Objective::CrossEntropy { clean: false } => {
            return "cross-entropy of the classes of noisy samples".to_owned();
        }
    };
    let weighting = match recipe.objective.weighting().unwrap_or_default() {
        Weighting::Uniform => String::new(),
        Weighting::MinSnr { gamma } => format!(", weighted by min(SNR, {gamma})"),
        Weighting::P2 { gamma, k } => format!(", weighted by 1/({k} + SNR)^{gamma}"),
    };
    let timesteps = match recipe.train.timestep_sampling {
        TimestepSampling::Uniform => "",
        TimestepSampling::Antithetic => ", timesteps in antithetic pairs",
        TimestepSampling::Importance => ", timesteps drawn by their losses",
    };
    format!("{name}{weighting}, {} variance{timesteps}", recipe.diffusion.variance.name())
}

/// Why a run is not started: it needs more memory than there is.
pub fn too_large(memory: &Memory, settings: &Settings, resumed: bool) -> String {
    let (needed, available) = (memory.needed(settings), memory.available.unwrap_or(0));
    // A resumed run keeps its micro-batch, with which its steps are the same to the last bit.
    let advice = match resumed {
        true => {
            "a resumed run keeps its batches: free memory, or go on with it on a larger machine".to_owned()
        }
        false => memory.advice(settings),
    };
    let (needed, available) = (gibibytes(needed), gibibytes(available));
    format!(
        "the run needs about {needed} of memory and {available} are free: {advice} (to start it all the same, add --over-memory)"
    )
}

/// A number of things, as people write it: "1 step", "2,000 steps".
pub fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", thousands(number), if number == 1 { "" } else { "s" })
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

/// A number of bytes, in MiB or GiB.
pub fn gibibytes(bytes: usize) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1000.0 { format!("{mebibytes:.0} MiB") } else { format!("{:.2} GiB", mebibytes / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(7, "7"), (999, "999"), (1000, "1,000"), (35_746_307, "35,746,307")] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!((counted(1, "step"), counted(2000, "step")), ("1 step".into(), "2,000 steps".into()));
    }
}

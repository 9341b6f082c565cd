//! `langevin inspect`: what a model or a data set is.

use super::diffuse::options;
use crate::args::InspectArguments;
use crate::exit::{Done, Failure};
use crate::plan::thousands;
use crate::say::tell;
use langevin::TrainedModel;
use langevin::data::{self, DataError, Dataset};
use langevin::interop::diffusers::check_pipeline;
use langevin::models::ModelConfig;
use langevin::pipeline::TrainedClassifier;
use langevin::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use serde_json::{Value, json};
use std::path::Path;

/// Runs the command.
pub fn run(arguments: &InspectArguments) -> Done {
    let path = Path::new(&arguments.what);
    if !data::is_builtin(&arguments.what) {
        match find_checkpoint(path) {
            Ok(_) => return show_model(path, arguments.json),
            Err(CheckpointError::NotAModel { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let set = data::load(&arguments.what, &options(&arguments.read, 0)).map_err(in_full)?;
    let facts = data_facts(&set);
    if arguments.json {
        tell!("{facts:#}");
        return Ok(());
    }
    tell!("{}", set.describe());
    tell!("  memory   {} bytes", thousands(set.bytes_in_memory() as u64));
    tell!("  values   mean {:.4}, standard deviation {:.4}", number(&facts, "mean"), number(&facts, "std"));
    if let Some(classes) = facts["classes"].as_object() {
        for (name, count) in classes {
            tell!("  class    {name}: {}", thousands(count.as_u64().unwrap_or(0)));
        }
    }
    if let Some(count) = set.describe_skipped() {
        println!("  {count}:");
        set.skipped().iter().for_each(|file| println!("    {file}"));
    }
    Ok(())
}

/// A report of bad files with every one of them; other errors as they are.
fn in_full(error: DataError) -> Failure {
    match &error {
        DataError::Unreadable { .. } => Failure::Failed(anyhow::anyhow!(error.in_full())),
        _ => error.into(),
    }
}

fn number(facts: &Value, key: &str) -> f64 {
    facts[key].as_f64().unwrap_or(f64::NAN)
}

fn data_facts(set: &Dataset) -> Value {
    let mut sample = vec![0.0; set.sample_len()];
    let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
    for index in 0..set.len() {
        set.read(index, &mut sample);
        for value in sample.iter().map(|&value| f64::from(value)) {
            sum += value;
            squares += value * value;
            n += 1.0;
        }
    }
    let mean = sum / n;
    let mut counts = vec![0u64; set.class_names().len()];
    for &label in set.labels().unwrap_or_default() {
        if let Some(count) = counts.get_mut(label as usize) {
            *count += 1;
        }
    }
    let classes: serde_json::Map<String, Value> =
        set.class_names().iter().zip(counts).map(|(name, count)| (name.clone(), json!(count))).collect();
    json!({
        "kind": match set { Dataset::Pictures(_) => "pictures", Dataset::Points(_) => "points" },
        "name": set.name(),
        "count": set.len(),
        "height": set.height(),
        "width": set.width(),
        "channels": set.channels(),
        "levels": set.levels(),
        "mean": mean,
        "std": (squares / n - mean * mean).max(0.0).sqrt(),
        "bytes_in_memory": set.bytes_in_memory(),
        "skipped": set.skipped(),
        "classes": if classes.is_empty() { Value::Null } else { Value::Object(classes) },
    })
}

fn show_model(path: &Path, as_json: bool) -> Done {
    let checkpoint = Checkpoint::open(&find_checkpoint(path)?)?;
    // Its weights are read too: what is shown can be used.
    let checkpoint = match &checkpoint.settings.recipe.model {
        ModelConfig::Classifier(_) => TrainedClassifier::of(checkpoint, WeightsKind::Ema)?.checkpoint,
        ModelConfig::Unet(_) | ModelConfig::Mlp(_) => {
            TrainedModel::of(checkpoint, WeightsKind::Ema)?.checkpoint
        }
    };
    let settings = &checkpoint.settings;
    let (recipe, shape) = (&settings.recipe, settings.shape);
    let parameters = recipe.model.parameter_count(shape);
    if as_json {
        let facts = json!({
            "checkpoint": checkpoint.folder,
            "step": checkpoint.step,
            "parameters": parameters,
            "classes": settings.class_names,
            "shape": shape,
            "levels": settings.levels,
            "config": recipe,
        });
        tell!("{facts:#}");
        return Ok(());
    }
    let samples = match settings.levels {
        Some(levels) => {
            let kind =
                ["grey", "grey with alpha", "RGB", "RGBA"].get(shape.channels - 1).unwrap_or(&"pictures");
            format!("{}x{} pictures, {kind}, {levels} levels", shape.height, shape.width)
        }
        None => "points".to_owned(),
    };
    tell!("checkpoint  {}", checkpoint.folder.display());
    match &checkpoint.pipeline {
        Some(pipeline) => {
            tell!("trained     by another program; sampled from by {}", pipeline.scheduler.class().name)
        }
        None => {
            let (step, steps) = (thousands(checkpoint.step), thousands(recipe.train.steps));
            tell!("trained     {step} of {steps} steps");
        }
    }
    tell!("samples     {samples}");
    if !settings.class_names.is_empty() {
        tell!("classes     {}", settings.class_names.join(", "));
    }
    tell!("network     {}", recipe.model.describe());
    tell!("parameters  {}", thousands(parameters));
    match check_pipeline(&recipe.model, &recipe.diffusion, shape) {
        Ok(()) => tell!("in Python   diffusers opens this checkpoint as it stands"),
        Err(reason) => tell!("in Python   not for diffusers: {reason}"),
    }
    let text = recipe.to_toml();
    // How it was trained is not known of a pipeline: its recipe has what ours would do.
    let known = match &checkpoint.pipeline {
        Some(_) => sections(&text, &["[model", "[diffusion"]),
        None => text,
    };
    tell!("\n{}", known.trim_end());
    Ok(())
}

/// Those sections of a TOML text whose headings begin so.
fn sections(text: &str, wanted: &[&str]) -> String {
    let mut kept = false;
    let lines = text.lines().filter(|line| {
        if line.starts_with('[') {
            kept = wanted.iter().any(|heading| line.starts_with(heading));
        }
        kept
    });
    lines.collect::<Vec<_>>().join("\n")
}

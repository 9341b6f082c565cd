//! What a run begins from: the model that `--init` names, or the recipe of a run that began so.

use crate::args::TrainArguments;
use crate::exit::Failure;
use crate::plan::{Start, thousands};
use crate::say::note;
use anyhow::Context;
use langevin::config::{DiffusionConfig, Recipe, Settings};
use langevin::train::{Checkpoint, Transfer, find_checkpoint, learning_parameters};
use std::path::Path;

/// The model that `--init` names.
pub fn named(arguments: &TrainArguments) -> Result<Option<Checkpoint>, Failure> {
    let open = |path| open(path, arguments);
    arguments.init.as_deref().map(open).transpose()
}

/// The model that a recipe's record names, for a run is to be had again by its recipe.
pub fn recorded(recipe: &Recipe, arguments: &TrainArguments) -> Result<Option<Checkpoint>, Failure> {
    let Some(record) = &recipe.train.init else { return Ok(None) };
    let opened = find_checkpoint(Path::new(&record.model)).and_then(|path| Checkpoint::open(&path));
    let model = opened
        .context("the recipe begins from a model (train.init) that cannot be read; name one by --init")?;
    if record.manifest.is_some() && model.record().manifest != record.manifest && !arguments.quiet {
        let path = &record.model;
        note!("caution: {path} is not what it was when the recipe was written: its manifest is another");
    }
    Ok(Some(model))
}

fn open(path: &Path, arguments: &TrainArguments) -> Result<Checkpoint, Failure> {
    Ok(Checkpoint::open_sized(&find_checkpoint(path)?, arguments.read.size)?)
}

/// What the plan says of a run that begins from `model`, or from nothing; `counted` tells whether the network may be built to count
/// what learns.
pub fn start(model: Option<&Checkpoint>, settings: &Settings, counted: bool) -> Result<Start, Failure> {
    let mut start = Start::default();
    if counted && !settings.recipe.train.freeze.is_empty() {
        start.learning = Some(learning_parameters(settings)?);
    }
    let Some(model) = model else { return Ok(start) };
    let step = match model.pipeline {
        Some(_) => String::new(),
        None => format!(" (step {})", thousands(model.step)),
    };
    start.model.push(format!("the averaged weights of {}{step}", model.folder.display()));
    start.model.extend(Transfer::plan(model, settings)?.summary);
    start.caution = caution(&model.settings.recipe.diffusion, &settings.recipe.diffusion);
    Ok(start)
}

/// What to know of weights that were trained for another process.
fn caution(model: &DiffusionConfig, run: &DiffusionConfig) -> Option<String> {
    let mut others = Vec::new();
    if model.timesteps != run.timesteps {
        others.push(format!("T = {} in place of {}", run.timesteps, model.timesteps));
    }
    if model.schedule != run.schedule {
        others.push(match (run.schedule.name(), model.schedule.name()) {
            (run, model) if run == model => format!("a {run} schedule of other numbers"),
            (run, model) => format!("a {run} schedule in place of {model}"),
        });
    }
    if model.prediction != run.prediction {
        let (run, model) = (run.prediction.name(), model.prediction.name());
        others.push(format!("the network is to predict {run} in place of {model}"));
    }
    let others = others.join(", ");
    let caution =
        || format!("the model was trained for another process, which its weights have to unlearn: {others}");
    (!others.is_empty()).then(caution)
}

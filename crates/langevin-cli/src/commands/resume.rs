//! Going on with a run: its settings stay, but for the number of steps and what changes no number.

use super::train::{Trained, apply, recipe};
use crate::args::TrainArguments;
use crate::exit::{Done, Failure, usage};
use crate::folders::newest_run;
use crate::plan::thousands;
use crate::say::note;
use langevin::SampleShape;
use langevin::config::{Keep, Recipe, Settings};
use langevin::math::Objective;
use langevin::models::ModelConfig;
use langevin::train::{
    Checkpoint, Found, LockedRun, RunFolder, find_checkpoint, is_complete, newest_checkpoint,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A run that goes on.
pub struct Resumed {
    /// Its newest sound checkpoint.
    pub checkpoint: Checkpoint,
    /// Its folder.
    pub folder: PathBuf,
    /// Keeps others from writing to it; a dry run does not write.
    pub lock: Option<LockedRun>,
}

/// Finds the run to go on with, and locks it.
pub fn find_resumed(arguments: &TrainArguments) -> Result<Resumed, Failure> {
    let folder = arguments.out.clone().map_or_else(newest_run, Ok)?;
    if folder.join("langevin").join("optimizer.safetensors").is_file() {
        let folder = folder.display();
        return Err(usage(format!(
            "{folder} is a checkpoint: a run is resumed by its own folder, which holds checkpoints/"
        )));
    }
    // What is no run is told before anything is written into it.
    find_checkpoint(&folder)?;
    let run = RunFolder::new(&folder);
    let lock = if arguments.dry_run { None } else { Some(LockedRun::lock(run.clone())?) };
    let Found { checkpoint, passed_over } = newest_checkpoint(&run)?;
    for error in &passed_over {
        note!("caution: {error}");
    }
    if !passed_over.is_empty() {
        note!("going on from step {} instead: {}", thousands(checkpoint.step), checkpoint.folder.display());
    }
    if !checkpoint.is_resumable() {
        let folder = folder.display();
        return Err(usage(format!(
            "{folder} has no state of the optimiser, so no run goes on from it: start one from its weights with --init {folder}"
        )));
    }
    Ok(Resumed { checkpoint, folder, lock })
}

/// Refuses a run that has nothing left to do.
pub fn check_unfinished(resumed: &Resumed, settings: &Settings, grids: bool) -> Done {
    let (step, steps) = (resumed.checkpoint.step, settings.recipe.train.steps);
    let run = RunFolder::new(&resumed.folder);
    if step < steps || (step == steps && !is_complete(settings, &run, grids)) {
        return Ok(());
    }
    let message = "the run has made its steps: ask for more with --steps";
    Err(usage(format!("{message} (it stands at {step}, of {steps})")))
}

/// The recipe of a run, which the arguments must agree with in everything but the steps.
pub fn resumed_recipe(arguments: &TrainArguments, checkpoint: &Checkpoint) -> Result<Recipe, Failure> {
    let saved = checkpoint.settings.recipe.clone();
    let mut asked = apply(saved.clone(), arguments)?;
    if let Some(name) = &arguments.recipe {
        let trained = match saved.objective {
            Objective::CrossEntropy { clean } => Trained::Classifier { clean },
            _ => Trained::Model,
        };
        let again = TrainArguments {
            data: arguments.data.clone().or(saved.data.source.clone()),
            recipe: Some(name.clone()),
            set: arguments.set.clone(),
            read: arguments.read.clone(),
            freeze: arguments.freeze.clone(),
            out: None,
            init: None,
            labels: arguments.labels,
            ..*arguments
        };
        asked = recipe(&again, trained, None)?;
        // What the run began from is past, and no recipe's to say.
        asked.train.init.clone_from(&saved.train.init);
        // What the data decided then, it would decide again.
        asked.data.holdout = asked.data.holdout.or(saved.data.holdout);
        let micro_batch = asked.train.micro_batch.map(|micro_batch| micro_batch.min(asked.train.batch));
        asked.train.micro_batch = micro_batch.or(saved.train.micro_batch);
        settle_classes(&mut asked, &saved);
        asked.sample.grid_steps = asked.sample.grid_steps.min(asked.diffusion.timesteps);
        asked.train.steps = arguments.steps.unwrap_or(saved.train.steps);
        // A recipe that is named again does not undo what was said of keeping.
        let said = |key: &str| arguments.set.iter().any(|assignment| assignment.starts_with(key));
        if !said("train.keep") {
            asked.train.keep = saved.train.keep;
        }
        if !said("train.max_skipped") {
            asked.train.max_skipped = saved.train.max_skipped;
        }
    }
    let differences = differences(&saved, &asked);
    if differences.is_empty() {
        return Ok(asked);
    }
    Err(usage(format!(
        "a resumed run keeps its settings, except --steps, but {}: leave them out, or start a new run",
        differences.join("; ")
    )))
}

/// What the data's classes decided for a network that is told them, or tells them.
fn settle_classes(asked: &mut Recipe, saved: &Recipe) {
    match (&mut asked.model, &saved.model) {
        (ModelConfig::Unet(asked), ModelConfig::Unet(saved)) => {
            asked.output_channels = asked.output_channels.or(saved.output_channels);
        }
        (ModelConfig::Classifier(network), ModelConfig::Classifier(saved)) if network.classes == 0 => {
            network.classes = saved.classes;
            (asked.data.labels, asked.sample.grid) = (true, false);
        }
        _ => {}
    }
    if !(asked.data.labels && saved.data.labels) {
        return;
    }
    asked.train.label_dropout = asked.train.label_dropout.or(saved.train.label_dropout);
    if let (ModelConfig::Unet(asked), ModelConfig::Unet(saved)) = (&mut asked.model, &saved.model) {
        asked.class_embedding = asked.class_embedding.or(saved.class_embedding);
    }
}

/// Refuses data that are not those that the run began with: the order and the held-out part would be others.
pub fn check_data(saved: &Settings, now: &Settings) -> Result<(), Failure> {
    if (saved.data, saved.shape, saved.levels) == (now.data, now.shape, now.levels) {
        return Ok(());
    }
    let facts = |settings: &Settings| {
        let SampleShape { height, width, channels } = settings.shape;
        let (count, checksum) = (settings.data.count, settings.data.checksum);
        format!("{count} samples of {height}x{width}x{channels} (checksum {checksum:08x})")
    };
    let (saved, now) = (facts(saved), facts(now));
    Err(usage(format!(
        "the data are not those that the run began with: they were {saved} and are {now}; bring the old ones back, or start \
         a new run from its weights with --init"
    )))
}

/// Which settings differ, but for those that a resumed run may change, in words.
fn differences(saved: &Recipe, asked: &Recipe) -> Vec<String> {
    let flat = |recipe: &Recipe| {
        let mut recipe = recipe.clone();
        recipe.train.steps = 0;
        // Which checkpoints stay, and when it is time to give up, change no number.
        recipe.train.keep = Keep::default();
        recipe.train.max_skipped = 1;
        let table = recipe.to_toml().parse::<toml::Table>().unwrap_or_default();
        let mut flat = BTreeMap::new();
        flatten("", &toml::Value::Table(table), &mut flat);
        flat
    };
    let (saved, asked) = (flat(saved), flat(asked));
    let keys: BTreeSet<&String> = saved.keys().chain(asked.keys()).collect();
    let value = |value: Option<&String>| value.map_or_else(|| "not set".to_owned(), Clone::clone);
    keys.into_iter()
        .filter(|key| saved.get(*key) != asked.get(*key))
        .map(|key| format!("{key} was {} and is {}", value(saved.get(key)), value(asked.get(key))))
        .collect()
}

fn flatten(path: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, into);
            }
        }
        value => {
            into.insert(path.to_owned(), value.to_string());
        }
    }
}

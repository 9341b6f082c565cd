//! Going on with a run: its settings stay, but for the number of steps.

use super::train::{apply, recipe};
use crate::args::TrainArguments;
use crate::exit::{Failure, usage};
use crate::folders::newest_run;
use langevin::SampleShape;
use langevin::config::{Recipe, Settings};
use langevin::train::{Checkpoint, RunFolder, newest_checkpoint};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The run to go on with, and its newest checkpoint.
pub fn find_resumed(arguments: &TrainArguments) -> Result<(PathBuf, Checkpoint), Failure> {
    let folder = arguments.out.clone().map_or_else(newest_run, Ok)?;
    if folder.join("langevin").join("optimizer.safetensors").is_file() {
        let folder = folder.display();
        return Err(usage(format!(
            "{folder} is a checkpoint: a run is resumed by its own folder, which holds checkpoints/"
        )));
    }
    let checkpoint = newest_checkpoint(&RunFolder::new(&folder))?;
    if !checkpoint.is_resumable() {
        let folder = folder.display();
        return Err(usage(format!(
            "{folder} has no state of the optimiser, so no run goes on from it: start one from its weights with --init {folder}"
        )));
    }
    Ok((folder, checkpoint))
}

/// The recipe of a run, which the arguments must agree with in everything but the steps.
pub fn resumed_recipe(arguments: &TrainArguments, checkpoint: &Checkpoint) -> Result<Recipe, Failure> {
    let saved = checkpoint.settings.recipe.clone();
    let mut asked = apply(saved.clone(), arguments)?;
    if let Some(name) = &arguments.recipe {
        asked = recipe(&TrainArguments {
            data: arguments.data.clone().or(saved.data.source.clone()),
            recipe: Some(name.clone()),
            set: arguments.set.clone(),
            read: arguments.read.clone(),
            out: None,
            init: None,
            ..*arguments
        })?;
        // What the data decided then, it would decide again.
        asked.data.holdout = asked.data.holdout.or(saved.data.holdout);
        let micro_batch = asked.train.micro_batch.map(|micro_batch| micro_batch.min(asked.train.batch));
        asked.train.micro_batch = micro_batch.or(saved.train.micro_batch);
        asked.sample.grid_steps = asked.sample.grid_steps.min(asked.diffusion.timesteps);
        asked.train.steps = arguments.steps.unwrap_or(saved.train.steps);
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

/// Which settings differ, but for the number of steps, in words.
fn differences(saved: &Recipe, asked: &Recipe) -> Vec<String> {
    let flat = |recipe: &Recipe| {
        let mut recipe = recipe.clone();
        recipe.train.steps = 0;
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

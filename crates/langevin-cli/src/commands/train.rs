//! `langevin train`: train a model, from the start or from where it stopped.

mod begin;
mod show;

use super::resume::{Resumed, check_data, check_unfinished, find_resumed, resumed_recipe};
use super::use_threads;
use crate::args::{Amount, TrainArguments};
use crate::exit::{Done, Failure, usage};
use crate::fit::Memory;
use crate::folders::{check_empty, new_run, next_run, run_name};
use crate::plan::{self, Start};
use crate::say::{note, tell};
use crate::skipped::write_skipped;
use anyhow::Context;
use langevin::compute::set_exact;
use langevin::config::{Recipe, Settings, builtin_recipe, classifier_recipe_for_data, recipe_for_data};
use langevin::data;
use langevin::math::Objective;
use langevin::train::{Checkpoint, LockedRun, RunFolder, Trainer, WeightsKind, check_samples};
use std::fs;
use std::path::Path;

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    /// What draws samples.
    Model,
    /// What tells their classes, of noisy ones or of clean ones alone.
    Classifier { clean: bool },
}

/// Runs the command.
pub fn run(arguments: &TrainArguments, trained: Trained) -> Done {
    let threads = use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let resumed = if arguments.resume { Some(find_resumed(arguments)?) } else { None };
    let named = begin::named(arguments)?;
    let recipe = match &resumed {
        Some(resumed) => resumed_recipe(arguments, &resumed.checkpoint)?,
        None => recipe(arguments, trained, named.as_ref())?,
    };
    let model = match (&resumed, named) {
        (Some(_), _) => None,
        (None, Some(model)) => Some(model),
        (None, None) => begin::recorded(&recipe, arguments)?,
    };
    if let Some(out) = arguments.out.as_deref().filter(|_| !arguments.resume) {
        let advice = format!("choose another --out, or go on with it by --resume --out {}", out.display());
        check_empty(out, &advice)?;
    }
    let source = recipe.data.source.clone().unwrap_or_default();
    let data = data::load(&source, &recipe.data.options(recipe.train.seed))?;
    if let Some(model) = &model {
        check_samples(model, &data)?;
    }
    let mut settings = Settings::resolve(recipe, &data)?;
    let memory = Memory::now(&data, !arguments.no_grid);
    let caution = memory.choose(&mut settings, arguments)?;
    if let Some(resumed) = &resumed {
        check_data(&resumed.checkpoint.settings, &settings)?;
        check_unfinished(resumed, &settings, !arguments.no_grid)?;
    }
    // Of a network that does not fit into memory, nothing is built.
    let start = begin::start(model.as_ref(), &settings, !memory.is_short(&settings))?;
    let start = Start { resumed: resumed.as_ref().map(|resumed| resumed.checkpoint.step), ..start };
    let name = match trained {
        Trained::Model => run_name(&source),
        Trained::Classifier { .. } => format!("{}-classifier", run_name(&source)),
    };
    let folder = match (&resumed, &arguments.out) {
        (Some(resumed), _) => resumed.folder.clone(),
        (None, Some(out)) => out.clone(),
        (None, None) => next_run(&name),
    };
    if !arguments.quiet || arguments.dry_run {
        let plan = plan::describe(&settings, &data, &memory, threads, &folder, !arguments.no_grid, &start);
        let plan = plan.trim_end();
        // A plan that is all that was asked for is the output; otherwise it goes where the progress does.
        if arguments.dry_run {
            tell!("{plan}");
        } else {
            note!("{plan}");
        }
        for caution in [caution, start.caution].into_iter().flatten() {
            note!("caution: {caution}");
        }
        if arguments.dry_run {
            return Ok(());
        }
    }
    if memory.is_short(&settings) && !arguments.over_memory {
        return Err(usage(plan::too_large(&memory, &settings, arguments.resume)));
    }
    let skipped = data.skipped().to_vec();
    let mut trainer = Trainer::new(settings, data, &langevin::cpu())?;
    if let Some(model) = &model {
        trainer.init_from(model, WeightsKind::Ema)?;
    }
    let run = match resumed {
        Some(Resumed { checkpoint, folder, lock }) => {
            trainer.resume_from(&checkpoint)?;
            lock.map_or_else(|| LockedRun::lock(RunFolder::new(folder)), Ok)?
        }
        None if arguments.out.is_none() => LockedRun::lock(RunFolder::new(new_run(&name)?))?,
        None => {
            let run = LockedRun::lock(RunFolder::new(folder))?;
            // Another one may have come and gone since the first look.
            check_empty(&run.root, "choose another --out")?;
            run
        }
    };
    write_skipped(&run.root, &skipped)?;
    show::train(&mut trainer, &run, arguments)
}

/// The recipe that the arguments ask for. Where they name none and begin from a model, that says network and process.
pub fn recipe(
    arguments: &TrainArguments,
    trained: Trained,
    model: Option<&Checkpoint>,
) -> Result<Recipe, Failure> {
    let data = arguments.data.as_deref().unwrap_or("digits");
    let usual = match trained {
        Trained::Model => recipe_for_data(data),
        Trained::Classifier { .. } => classifier_recipe_for_data(data),
    };
    let named = match &arguments.recipe {
        Some(name) if Path::new(name).is_file() => {
            let text = fs::read_to_string(name).with_context(|| format!("cannot read the recipe {name}"))?;
            Recipe::parse(name, &text)?
        }
        Some(name) => builtin_recipe(name)?,
        None => {
            let recipe = builtin_recipe(usual)?;
            match model {
                Some(model) => recipe.beginning_from(&model.settings.recipe),
                None => recipe,
            }
        }
    };
    let mut recipe = apply(named, arguments)?;
    match (&mut recipe.objective, trained) {
        (Objective::CrossEntropy { clean }, Trained::Classifier { clean: asked }) => *clean |= asked,
        (Objective::CrossEntropy { .. }, Trained::Model) => {
            return Err(usage("this is the recipe of a classifier: use `langevin train-classifier`"));
        }
        (_, Trained::Classifier { .. }) => {
            return Err(usage(
                "this is the recipe of a model that draws: use `langevin train`, or a recipe of a classifier",
            ));
        }
        (_, Trained::Model) => {}
    }
    if recipe.data.source.is_none() {
        let name = arguments.recipe.as_deref().unwrap_or_default();
        return Err(usage(format!("the recipe {name} names no data: langevin train DATA --recipe {name}")));
    }
    Ok(recipe)
}

/// The recipe with what the arguments change.
pub fn apply(mut recipe: Recipe, arguments: &TrainArguments) -> Result<Recipe, Failure> {
    for assignment in &arguments.set {
        recipe = recipe.with_assignment(assignment)?;
    }
    let source = arguments.data.as_deref().or(recipe.data.source.as_deref());
    recipe.data.source = source.map(absolute);
    recipe.data.labels |= arguments.labels;
    let (read, train) = (&arguments.read, &mut recipe.train);
    recipe.data.size = read.size.or(recipe.data.size);
    recipe.data.split = read.split.clone().or(recipe.data.split);
    recipe.data.channels = read.channels.or(recipe.data.channels);
    recipe.data.on_bad_file = read.on_bad_file.unwrap_or(recipe.data.on_bad_file);
    let data_dir = read.data_dir.as_ref().or(recipe.data.data_dir.as_ref());
    recipe.data.data_dir = data_dir.map(|dir| fs::canonicalize(dir).unwrap_or_else(|_| dir.clone()));
    train.steps = arguments.steps.unwrap_or(train.steps);
    train.batch = arguments.batch.and_then(Amount::number).unwrap_or(train.batch);
    train.micro_batch = arguments.micro_batch.and_then(Amount::number).or(train.micro_batch);
    train.seed = arguments.seed.unwrap_or(train.seed);
    if !arguments.freeze.is_empty() {
        train.freeze.clone_from(&arguments.freeze);
    }
    Ok(recipe)
}

/// A path that a run can be resumed with from another folder; a built-in name stays.
fn absolute(data: &str) -> String {
    if data::is_builtin(data) {
        return data.to_owned();
    }
    // A path that is not UTF-8 has no such form.
    let path = fs::canonicalize(data).ok().and_then(|path| path.to_str().map(str::to_owned));
    path.unwrap_or_else(|| data.to_owned())
}

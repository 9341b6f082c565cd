//! `langevin train`: train a model, from the start or from where it stopped.

use super::resume::{check_data, find_resumed, resumed_recipe};
use super::use_threads;
use crate::args::TrainArguments;
use crate::exit::{Done, Failure, usage};
use crate::feature_files;
use crate::folders::{check_empty, new_run, next_run, run_name};
use crate::plan;
use crate::progress::{Progress, duration};
use crate::say::{note, say};
use crate::signals::Signals;
use anyhow::Context;
use langevin::compute::set_exact;
use langevin::config::{Recipe, Settings, builtin_recipe, recipe_for_data};
use langevin::data;
use langevin::train::{
    Checkpoint, Evaluator, Event, Extras, Measurement, Outcome, RunFolder, Trainer, WeightsKind, train,
};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Runs the command.
pub fn run(arguments: &TrainArguments) -> Done {
    let threads = use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let resumed = if arguments.resume { Some(find_resumed(arguments)?) } else { None };
    let recipe = match &resumed {
        Some((_, checkpoint)) => resumed_recipe(arguments, checkpoint)?,
        None => recipe(arguments)?,
    };
    if let Some(out) = arguments.out.as_deref().filter(|_| !arguments.resume) {
        let advice = format!("choose another --out, or go on with it by --resume --out {}", out.display());
        check_empty(out, &advice)?;
    }
    let source = recipe.data.source.clone().unwrap_or_default();
    let data = data::load(&source, &recipe.data.options(recipe.train.seed))?;
    let settings = Settings::resolve(recipe, &data)?;
    let (steps, resumed_at) = (settings.recipe.train.steps, resumed.as_ref().map(|(_, from)| from.step));
    if let Some((_, checkpoint)) = &resumed {
        check_data(&checkpoint.settings, &settings)?;
        if checkpoint.step >= steps {
            let message = "the run has made its steps: ask for more with --steps";
            return Err(usage(format!("{message} (it stands at {}, of {steps})", checkpoint.step)));
        }
    }
    let folder = match (&resumed, &arguments.out) {
        (Some((folder, _)), _) => folder.clone(),
        (None, Some(out)) => out.clone(),
        (None, None) => next_run(&run_name(&source)),
    };
    if !arguments.quiet || arguments.dry_run {
        let plan = plan::describe(&settings, &data, threads, &folder, !arguments.no_grid, resumed_at);
        let plan = plan.trim_end();
        // A plan that is all that was asked for is the output; otherwise it goes where the progress does.
        if arguments.dry_run {
            say!("{plan}");
            return Ok(());
        }
        note!("{plan}");
    }
    let mut trainer = Trainer::new(settings, data, &langevin::cpu())?;
    if let Some((_, checkpoint)) = &resumed {
        trainer.resume_from(checkpoint)?;
    }
    if let Some(model) = &arguments.init {
        let checkpoint = Checkpoint::open(&langevin::train::find_checkpoint(model)?)?;
        trainer.init_from(&checkpoint, WeightsKind::Ema)?;
    }
    let made = resumed.is_none() && arguments.out.is_none();
    let folder = if made { new_run(&run_name(&source))? } else { folder };
    train_with_progress(&mut trainer, &RunFolder::new(folder), arguments)
}

/// The recipe that the arguments ask for.
pub fn recipe(arguments: &TrainArguments) -> Result<Recipe, Failure> {
    let named = match &arguments.recipe {
        Some(name) if Path::new(name).is_file() => {
            let text = fs::read_to_string(name).with_context(|| format!("cannot read the recipe {name}"))?;
            Recipe::parse(name, &text)?
        }
        Some(name) => builtin_recipe(name)?,
        None => builtin_recipe(recipe_for_data(arguments.data.as_deref().unwrap_or("digits")))?,
    };
    let recipe = apply(named, arguments)?;
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
    let (read, train) = (&arguments.read, &mut recipe.train);
    recipe.data.size = read.size.or(recipe.data.size);
    recipe.data.split = read.split.clone().or(recipe.data.split);
    recipe.data.channels = read.channels.or(recipe.data.channels);
    let data_dir = read.data_dir.as_ref().or(recipe.data.data_dir.as_ref());
    recipe.data.data_dir = data_dir.map(|dir| fs::canonicalize(dir).unwrap_or_else(|_| dir.clone()));
    train.steps = arguments.steps.unwrap_or(train.steps);
    train.batch = arguments.batch.unwrap_or(train.batch);
    train.micro_batch = arguments.micro_batch.or(train.micro_batch);
    train.seed = arguments.seed.unwrap_or(train.seed);
    Ok(recipe)
}

/// A path that a run can be resumed with from another folder; a built-in name stays.
fn absolute(data: &str) -> String {
    if data::is_builtin(data) {
        return data.to_owned();
    }
    fs::canonicalize(data).map_or_else(|_| data.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Trains, shows how it goes, and says how to go on.
fn train_with_progress(trainer: &mut Trainer, folder: &RunFolder, arguments: &TrainArguments) -> Done {
    let signals = Signals::listen()?;
    let (steps, batch) = (trainer.settings().recipe.train.steps, trainer.settings().recipe.train.batch);
    let start = trainer.steps_made();
    let evaluator = evaluator(trainer, &signals, arguments.quiet)?;
    let mut progress = Progress::new("training", steps, start, arguments.quiet);
    let begun = Instant::now();
    let (mut last_step, mut loss, mut speed, mut holdout) = (Instant::now(), None, None, String::new());
    let outcome = train(
        trainer,
        folder,
        Extras { grids: !arguments.no_grid, evaluator: evaluator.as_ref() },
        &mut |event| match event {
            Event::Step { step, report } => {
                let rate = batch as f64 / last_step.elapsed().as_secs_f64().max(1e-9);
                last_step = Instant::now();
                let loss = smoothed(&mut loss, report.loss);
                let speed = smoothed(&mut speed, rate);
                progress.update(step, format!("loss {loss:.4}{holdout}  {speed:.0}/s"));
            }
            Event::Holdout(value) => holdout = format!("  held out {value:.4}"),
            Event::Measuring(drawn, samples) => {
                progress.remark(format!("drawing samples to measure: {drawn} of {samples}"));
                last_step = Instant::now();
            }
            Event::Measured { measurement: Measurement { frechet, nll }, best } => {
                let nll = nll.map_or_else(String::new, |nll| format!(", {nll:.4} bits/dim"));
                let best = if best { ": the best so far, in checkpoints/best" } else { "" };
                progress.say(&format!("Fréchet distance {frechet:.4}{nll}{best}"));
                last_step = Instant::now();
            }
            Event::NotMeasured(error) => {
                progress.say(&format!("the samples could not be measured: {error}"));
                last_step = Instant::now();
            }
            Event::Drawing(taken, steps) => {
                progress.remark(format!("drawing a grid: step {taken} of {steps}"));
                last_step = Instant::now();
            }
            Event::Grid(path) => progress.say(&format!("grid in {}", path.display())),
            Event::Checkpoint(_) => last_step = Instant::now(),
        },
        &|| signals.received().is_some(),
    );
    progress.finish();
    let root = folder.root.display();
    match outcome? {
        Outcome::Finished => {
            if !arguments.quiet {
                let seconds = duration(begun.elapsed().as_secs_f64());
                let made = steps - start;
                say!("{} in {seconds}; everything is in {root}", plan::counted(made, "step"));
                if !arguments.no_grid && trainer.settings().recipe.sample.grid {
                    say!("  its samples:     {}", folder.final_grid().display());
                }
                say!("  draw more:       langevin sample {root} -n 64 --out samples.png");
                say!("  watch noise go:  langevin sample {root} --trajectory noise.gif");
                say!("  look inside:     langevin inspect {root}");
                say!("  train on:        langevin train --resume --out {root} --steps {}", 2 * steps);
            }
            Ok(())
        }
        Outcome::Interrupted { step } => {
            if step < steps {
                let step = plan::thousands(step);
                note!("stopped at step {step}, saved; go on with: langevin train --resume --out {root}");
            } else {
                note!(
                    "stopped before its last grid or measurement; all steps are made and saved: langevin sample {root}"
                );
            }
            Err(Failure::Interrupted(signals.received().unwrap_or(2)))
        }
    }
}

/// What measures the run as it goes, if its settings say so.
fn evaluator(trainer: &Trainer, signals: &Signals, quiet: bool) -> Result<Option<Evaluator>, Failure> {
    let config = &trainer.settings().recipe.evaluate;
    if config.every.is_none() {
        return Ok(None);
    }
    let network = feature_files::load(config.features, None)?.map(|(network, _)| network);
    if !quiet {
        note!("describing the data, to measure samples by");
    }
    let found = Evaluator::new(trainer, network, &mut || signals.flow())?;
    let found = found.ok_or_else(|| Failure::Interrupted(signals.received().unwrap_or(2)))?;
    if let Some(caution) = found.caution().filter(|_| !quiet) {
        note!("caution: {caution}");
    }
    Ok(Some(found))
}

/// An average that follows `value` over some twenty steps.
fn smoothed(average: &mut Option<f64>, value: f64) -> f64 {
    let next = average.map_or(value, |average| average + 0.05 * (value - average));
    *average = Some(next);
    next
}

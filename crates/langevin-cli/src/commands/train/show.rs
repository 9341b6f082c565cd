//! A training run as a person sees it: its progress, what is out of the ordinary, and how to go on.

use crate::accuracy;
use crate::args::TrainArguments;
use crate::exit::{Done, Failure};
use crate::feature_files;
use crate::plan;
use crate::progress::{Progress, duration};
use crate::say::{note, say};
use crate::signals::Signals;
use langevin::data::spread;
use langevin::diffusion::Classes;
use langevin::eval::{Classification, Labelled};
use langevin::math::Objective;
use langevin::train::{
    self, Evaluator, Event, Extras, Holdout, LockedRun, Measurement, Outcome, Spike, StepReport, Trainer,
    WeightsKind,
};
use std::time::Instant;

/// Pictures by which a classifier's accuracy is told at the end of its training.
const MOST_JUDGED: usize = 1000;

/// Trains, shows how it goes, and says how to go on.
pub fn train(trainer: &mut Trainer, folder: &LockedRun, arguments: &TrainArguments) -> Done {
    let signals = Signals::listen()?;
    let (steps, batch) = (trainer.settings().recipe.train.steps, trainer.settings().recipe.train.batch);
    let start = trainer.steps_made();
    let evaluator = evaluator(trainer, &signals, arguments.quiet)?;
    let mut progress = Progress::new("training", steps, start, arguments.quiet);
    let begun = Instant::now();
    let (mut last_step, mut loss, mut speed, mut holdout) = (Instant::now(), None, None, String::new());
    let outcome = train::train(
        trainer,
        folder,
        Extras { grids: !arguments.no_grid, evaluator: evaluator.as_ref() },
        &mut |event| match event {
            Event::Step { step, report, spike, skipped_in_a_row } => {
                let rate = batch as f64 / last_step.elapsed().as_secs_f64().max(1e-9);
                last_step = Instant::now();
                if let Some(remark) = remark(step, report, spike, skipped_in_a_row) {
                    progress.say(&remark);
                }
                if !report.is_skipped() {
                    smoothed(&mut loss, report.loss);
                }
                let speed = smoothed(&mut speed, rate);
                let loss = loss.map_or_else(|| "none yet".to_owned(), |loss| format!("{loss:.4}"));
                progress.update(step, format!("loss {loss}{holdout}  {speed:.0}/s"));
            }
            Event::Holdout(Holdout { loss, accuracy }) => {
                let accuracy =
                    accuracy.map_or_else(String::new, |part| format!(", {:.1} % told", 100.0 * part));
                holdout = format!("  held out {loss:.4}{accuracy}");
            }
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
                let made = plan::counted(steps - start, "step");
                say!("{made}{} in {seconds}; everything is in {root}", skipped(trainer));
                if let Objective::CrossEntropy { clean } = trainer.settings().recipe.objective {
                    tell_accuracy(trainer, &signals)?;
                    match clean {
                        false => say!(
                            "  guide by it:     langevin sample MODEL --classifier {root} --class NAME --guidance 4"
                        ),
                        true => {
                            say!("  judge by it:     langevin evaluate MODEL --judge {root} --guidance 1,2,4")
                        }
                    }
                    say!("  by timestep:     langevin evaluate {root}");
                    say!(
                        "  train on:        langevin train-classifier --resume --out {root} --steps {}",
                        2 * steps
                    );
                    return Ok(());
                }
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
                    "stopped before its last grid or measurement; all steps are made and saved: langevin sample {root}, or to \
                     make up for it: langevin train --resume --out {root}"
                );
            }
            Err(Failure::Interrupted(signals.received().unwrap_or(2)))
        }
    }
}

/// How often the averaged weights of a classifier tell the classes of held-out pictures, or where there are none, of others.
fn tell_accuracy(trainer: &Trainer, signals: &Signals) -> Done {
    let (data, trained, held_out) = trainer.data();
    let (name, indices) = if held_out.is_empty() { ("trained on", trained) } else { ("held out", held_out) };
    let indices = spread(indices, MOST_JUDGED);
    let Classes::Each(labels) = trainer.classes_of(&indices) else { return Ok(()) };
    let network = trainer.network(WeightsKind::Ema);
    let settings = trainer.settings();
    let (network, process, shape) = (&network, trainer.process(), settings.shape);
    let read = |index: usize, out: &mut [f32]| data.read(indices[index], out);
    let labelled = Labelled { read: &read, labels: &labels, seed: 0, batch: settings.micro_batch() };
    let (steps, device) = (accuracy::timesteps(settings), langevin::cpu());
    let classification = Classification { network, process, shape };
    // Whoever stops here has a whole run all the same.
    if let Some(rows) = classification.accuracy(labelled, &steps, &device, &mut |_| signals.flow()) {
        accuracy::print(name, indices.len(), &rows);
    }
    Ok(())
}

/// What is worth a line of its own: a step that was skipped, or that stands far out.
fn remark(step: u64, report: StepReport, spike: Spike, skipped_in_a_row: u64) -> Option<String> {
    let step = plan::thousands(step);
    if report.is_skipped() {
        let what = if report.loss.is_finite() { "gradient" } else { "loss" };
        return Some(format!(
            "step {step} skipped: its {what} is not a finite number ({skipped_in_a_row} in a row)"
        ));
    }
    let times = |what: &str, value: f64, times: f64| format!("{what} {value:.4}, {times:.1} times the usual");
    let parts = [
        spike.loss.map(|usual| times("loss", report.loss, usual)),
        spike.grad_norm.map(|usual| times("gradient norm", report.grad_norm, usual)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("step {step}: {}", parts.join("; ")))
}

/// How many steps were skipped, where any were.
fn skipped(trainer: &Trainer) -> String {
    match trainer.steps_skipped() {
        (0, _) => String::new(),
        (skipped, _) => format!(" ({} skipped in all)", plan::thousands(skipped)),
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

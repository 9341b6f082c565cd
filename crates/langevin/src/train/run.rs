//! A run: the loop around the trainer, which fills the run's folder.

mod measure;

use super::checkpoint::{CheckpointError, WeightsKind};
use super::evaluate::{EvaluateError, Evaluator, Measurement};
use super::folder::RunFolder;
use super::grid::{GridError, draw_grid};
use super::line::LineBuilder;
use super::metrics::{MetricsLine, MetricsLog, StepReport};
use super::trainer::Trainer;
use measure::{Measured, keep_best, measure};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What happens in a run, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step was made.
    Step {
        /// Steps made so far.
        step: u64,
        /// What it gave.
        report: StepReport,
    },
    /// The held-out loss was taken.
    Holdout(f64),
    /// Samples are being drawn to be measured: so many, of so many.
    Measuring(usize, usize),
    /// The samples were measured.
    Measured {
        /// What it came to.
        measurement: Measurement,
        /// Whether it is the best so far, whose checkpoint is kept.
        best: bool,
    },
    /// They could not be.
    NotMeasured(&'a EvaluateError),
    /// A grid is being drawn: reverse steps taken, and to take.
    Drawing(usize, usize),
    /// A grid was written.
    Grid(&'a Path),
    /// A checkpoint was written.
    Checkpoint(&'a Path),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At its stated step.
    Finished,
    /// On request; everything is saved.
    Interrupted {
        /// Steps made.
        step: u64,
    },
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RunError {
    #[error("cannot write {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the grid could not be drawn: {0}")]
    Grid(#[from] GridError),
    #[error(
        "the loss or its gradient at step {step} is not a finite number; the state before it is saved in {checkpoint}: \
         start a new run from there with a lower rate, by --init {checkpoint} --set train.learning_rate=…"
    )]
    NotFinite { step: u64, checkpoint: PathBuf },
}

/// What a run does beside training.
#[derive(Clone, Copy, Default)]
pub struct Extras<'a> {
    /// Whether sample grids are drawn, if the settings ask for them.
    pub grids: bool,
    /// What measures samples, if the settings say when.
    pub evaluator: Option<&'a Evaluator>,
}

/// Trains to the last step of the settings, or until `stop` says so.
///
/// # Errors
/// If a file cannot be written, or the loss is no longer a number.
pub fn train(
    trainer: &mut Trainer,
    folder: &RunFolder,
    extras: Extras,
    observe: &mut dyn FnMut(Event),
    stop: &dyn Fn() -> bool,
) -> Result<Outcome, RunError> {
    let settings = trainer.settings().clone();
    let failed = |path: PathBuf| move |cause| RunError::Write { path, cause };
    fs::create_dir_all(&folder.root).map_err(failed(folder.root.clone()))?;
    let config = settings.recipe.to_toml();
    fs::write(folder.config(), config).map_err(failed(folder.config()))?;
    let log = MetricsLog::open(&folder.metrics(), trainer.steps_made());
    let mut log = log.map_err(failed(folder.metrics()))?;
    let mut line = LineBuilder::new();
    let last = settings.recipe.train.steps;
    let grids = extras.grids && settings.recipe.sample.grid;
    // What a resumed run starts from is on the disk already.
    let mut saved = Some(trainer.steps_made()).filter(|&step| step > 0);
    let mut unmeasured = false;
    if let Some(evaluator) = extras.evaluator
        && let Some(mut line) = log.unmeasured_line(trainer.steps_made())
        && settings.recipe.evaluate.is_due(line.step, last)
        && let Some(measured) = measure(trainer, evaluator, &log, observe, stop)
    {
        // The run was stopped in this measurement.
        (line.frechet, line.nll) = (Some(measured.measurement.frechet), measured.measurement.nll);
        log.amend(&line).map_err(failed(folder.metrics()))?;
        keep_best(trainer, folder, Some(measured))?;
    }
    while trainer.steps_made() < last && !stop() {
        let report = trainer.step();
        let step = trainer.steps_made();
        if !report.grad_norm.is_finite() {
            let checkpoint = folder.checkpoint(step);
            trainer.save(&checkpoint)?;
            return Err(RunError::NotFinite { step: step + 1, checkpoint });
        }
        observe(Event::Step { step, report });
        line.add(report, settings.recipe.train.batch);
        let due = extras.evaluator.filter(|_| settings.recipe.evaluate.is_due(step, last));
        let measured = due.and_then(|evaluator| measure(trainer, evaluator, &log, observe, stop));
        finish_line(trainer, measured, &mut line, &mut log, observe)?;
        keep_best(trainer, folder, measured)?;
        unmeasured = due.is_some() && measured.is_none() && stop();
        if step.is_multiple_of(settings.recipe.train.checkpoint_every) && step < last {
            saved = Some(save(trainer, folder, observe)?);
        }
        if grids && step.is_multiple_of(settings.recipe.sample.grid_every) && step < last {
            draw(trainer, &folder.grid(step), observe, stop)?;
        }
        line.restart_clock();
    }
    let step = trainer.steps_made();
    if saved != Some(step) {
        save(trainer, folder, observe)?;
    }
    if step < last {
        // What the last whole line does not cover would be lost.
        if line.steps > 0 {
            write(&mut log, &line.finish(step))?;
        }
        return Ok(Outcome::Interrupted { step });
    }
    if unmeasured {
        return Ok(Outcome::Interrupted { step });
    }
    if grids && !draw(trainer, &folder.final_grid(), observe, stop)? {
        return Ok(Outcome::Interrupted { step });
    }
    Ok(Outcome::Finished)
}

fn save(trainer: &Trainer, folder: &RunFolder, observe: &mut dyn FnMut(Event)) -> Result<u64, RunError> {
    let path = folder.checkpoint(trainer.steps_made());
    trainer.save(&path)?;
    observe(Event::Checkpoint(&path));
    Ok(trainer.steps_made())
}

/// Draws a grid from the averaged weights; `false` when it was stopped.
fn draw(
    trainer: &Trainer,
    path: &Path,
    observe: &mut dyn FnMut(Event),
    stop: &dyn Fn() -> bool,
) -> Result<bool, RunError> {
    let network = trainer.network(WeightsKind::Ema);
    let drawn = draw_grid(trainer.settings(), trainer.process(), &network, path, &mut |taken, steps| {
        observe(Event::Drawing(taken, steps));
        if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if drawn {
        observe(Event::Grid(path));
    }
    Ok(drawn)
}

/// Writes the line that ends at the present step, if one does.
fn finish_line(
    trainer: &Trainer,
    measured: Option<Measured>,
    line: &mut LineBuilder,
    log: &mut MetricsLog,
    observe: &mut dyn FnMut(Event),
) -> Result<(), RunError> {
    let (train, step) = (&trainer.settings().recipe.train, trainer.steps_made());
    let last = step == train.steps;
    let held_out = trainer.sample_counts().1 > 0;
    let holdout_due = held_out && (last || step.is_multiple_of(train.holdout_every));
    if !last && !step.is_multiple_of(train.log_every) && !holdout_due && measured.is_none() {
        return Ok(());
    }
    let mut finished = line.finish(step);
    finished.frechet = measured.map(|measured| measured.measurement.frechet);
    finished.nll = measured.and_then(|measured| measured.measurement.nll);
    if holdout_due {
        finished.holdout_loss = trainer.holdout_loss();
        if let Some(loss) = finished.holdout_loss {
            observe(Event::Holdout(loss));
        }
    }
    write(log, &finished)
}

fn write(log: &mut MetricsLog, line: &MetricsLine) -> Result<(), RunError> {
    log.write(line).map_err(|cause| RunError::Write { path: log.path().to_owned(), cause })
}

//! A run: the loop around the trainer, which fills the run's folder.

use super::checkpoint::{CheckpointError, WeightsKind};
use super::folder::RunFolder;
use super::grid::{GridError, draw_grid};
use super::metrics::{MetricsLine, MetricsLog, StepReport};
use super::trainer::Trainer;
use crate::config::Settings;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

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

/// Trains to the last step of the settings, or until `stop` says so. Without `grids`, none are drawn, whatever the
/// settings say.
///
/// # Errors
/// If a file cannot be written, or the loss is no longer a number.
pub fn train(
    trainer: &mut Trainer,
    folder: &RunFolder,
    grids: bool,
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
    let grids = grids && settings.recipe.sample.grid;
    // What a resumed run starts from is on the disk already.
    let mut saved = Some(trainer.steps_made()).filter(|&step| step > 0);
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
        finish_line(trainer, &settings, step, &mut line, &mut log, observe)?;
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

/// Writes the line that ends at `step`, if one does.
fn finish_line(
    trainer: &Trainer,
    settings: &Settings,
    step: u64,
    line: &mut LineBuilder,
    log: &mut MetricsLog,
    observe: &mut dyn FnMut(Event),
) -> Result<(), RunError> {
    let train = &settings.recipe.train;
    let last = step == train.steps;
    let held_out = trainer.sample_counts().1 > 0;
    let holdout_due = held_out && (last || step.is_multiple_of(train.holdout_every));
    if !last && !step.is_multiple_of(train.log_every) && !holdout_due {
        return Ok(());
    }
    let mut finished = line.finish(step);
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

/// Gathers the steps of one metrics line.
struct LineBuilder {
    steps: u64,
    samples: usize,
    loss: f64,
    bound: Option<f64>,
    grad_norm: f64,
    lr: f64,
    seconds: f64,
    clock: Instant,
}

impl LineBuilder {
    fn new() -> Self {
        let clock = Instant::now();
        Self { steps: 0, samples: 0, loss: 0.0, bound: None, grad_norm: 0.0, lr: 0.0, seconds: 0.0, clock }
    }

    fn add(&mut self, report: StepReport, samples: usize) {
        self.steps += 1;
        self.samples += samples;
        self.loss += report.loss;
        self.bound = report.bound.map(|bound| self.bound.unwrap_or(0.0) + bound);
        self.grad_norm += report.grad_norm;
        self.lr = report.lr;
        self.seconds += self.clock.elapsed().as_secs_f64();
    }

    /// Time spent on grids and checkpoints is not training time.
    fn restart_clock(&mut self) {
        self.clock = Instant::now();
    }

    fn finish(&mut self, step: u64) -> MetricsLine {
        let steps = self.steps as f64;
        let line = MetricsLine {
            step,
            loss: self.loss / steps,
            vlb: self.bound.map(|bound| bound / steps),
            holdout_loss: None,
            grad_norm: self.grad_norm / steps,
            lr: self.lr,
            images_per_second: self.samples as f64 / self.seconds.max(1e-9),
        };
        *self = Self::new();
        line
    }
}

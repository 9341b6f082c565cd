//! A run: the loop around the trainer, which fills the run's folder.

mod event;
mod logs;
mod measure;

use super::checkpoint::{WeightsKind, clear_leftovers, remove_outdated};
use super::evaluate::Evaluator;
use super::folder::RunFolder;
use super::grid::draw_grid;
use super::lock::LockedRun;
use super::metrics::last_line;
use super::trainer::Trainer;
use crate::config::Settings;
use crate::files::sync_folders;
pub use event::{Event, Outcome, RunError};
use logs::{Logs, NotWritten};
use measure::{Measured, keep_best, measure};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What a run does beside training.
#[derive(Clone, Copy, Default)]
pub struct Extras<'a> {
    /// Whether sample grids are drawn, if the settings ask for them.
    pub grids: bool,
    /// What measures samples, if the settings say when.
    pub evaluator: Option<&'a Evaluator>,
}

/// Trains to the last step of the settings, or until `stop` says so. A trainer that was resumed makes up for the grid and the
/// measurement in which it was stopped.
///
/// # Errors
/// If a file cannot be written, or so many steps in a row as the settings say are skipped. What was saved before stays whole.
pub fn train(
    trainer: &mut Trainer,
    folder: &LockedRun,
    extras: Extras,
    observe: &mut dyn FnMut(Event),
    stop: &dyn Fn() -> bool,
) -> Result<Outcome, RunError> {
    clear_leftovers(folder)?;
    // What a resumed run starts from is on the disk already.
    let saved = Some(trainer.steps_made()).filter(|&step| step > 0);
    let last = saved.map(|step| folder.checkpoint(step));
    let config = trainer.settings().recipe.to_toml();
    let logs = Logs::open(folder, trainer.steps_made(), &config, last)?;
    let mut run = Run { trainer, folder, extras, observe, stop, logs, saved, unmeasured: false };
    run.finish_last_step()?;
    run.trainer.line().restart_clock();
    let last = run.trainer.settings().recipe.train.steps;
    while run.trainer.steps_made() < last && !stop() {
        run.step()?;
    }
    run.finish()
}

/// Whether a run that has made its steps lacks nothing: not its final grid, where `grids` are drawn, nor its last
/// measurement, where there is one.
pub fn is_complete(settings: &Settings, folder: &RunFolder, grids: bool) -> bool {
    let recipe = &settings.recipe;
    let drawn = !(grids && recipe.sample.grid) || folder.final_grid().exists();
    let last = last_line(&folder.metrics()).filter(|line| line.step == recipe.train.steps);
    drawn && (recipe.evaluate.every.is_none() || last.is_none_or(|line| line.frechet.is_some()))
}

/// A run on its way.
struct Run<'a, 'b> {
    trainer: &'a mut Trainer,
    folder: &'a LockedRun,
    extras: Extras<'a>,
    observe: &'a mut dyn FnMut(Event<'_>),
    stop: &'b dyn Fn() -> bool,
    logs: Logs,
    /// The step of the last checkpoint.
    saved: Option<u64>,
    /// Whether the last measurement that was due was stopped.
    unmeasured: bool,
}

impl Run<'_, '_> {
    /// One step, and what is due after it.
    fn step(&mut self) -> Result<(), RunError> {
        let train = &self.trainer.settings().recipe.train;
        let (batch, every, last) = (train.batch, train.checkpoint_every, train.steps);
        let max_skipped = train.max_skipped;
        let report = self.trainer.step();
        let step = self.trainer.steps_made();
        let spike = self.trainer.line().add(report, batch);
        let (_, skipped_in_a_row) = self.trainer.steps_skipped();
        (self.observe)(Event::Step { step, report, spike, skipped_in_a_row });
        let measured = self.measure_if_due();
        self.finish_line(measured)?;
        if measured.is_some_and(|measured| measured.best) {
            keep_best(self.trainer, self.folder).map_err(|cause| self.not_saved(cause))?;
        }
        if skipped_in_a_row >= max_skipped {
            self.save()?;
            let checkpoint = self.folder.checkpoint(step);
            return Err(RunError::NotFinite { count: skipped_in_a_row, step, checkpoint });
        }
        if step < last && step.is_multiple_of(every) {
            self.save()?;
        }
        self.draw_if_due()?;
        self.trainer.line().restart_clock();
        Ok(())
    }

    /// What the step that the run was resumed at may lack: its measurement, and its grid.
    fn finish_last_step(&mut self) -> Result<(), RunError> {
        let step = self.trainer.steps_made();
        if step == 0 {
            return Ok(());
        }
        if self.logs.metrics().unmeasured_line(step).is_some()
            && let Some(measured) = self.measure_if_due()
        {
            // The line last: it is what says that this is done.
            if measured.best {
                keep_best(self.trainer, self.folder).map_err(|cause| self.not_saved(cause))?;
            }
            let found = measured.measurement;
            let written = self.logs.add_measurement(found.frechet, found.nll);
            written.map_err(|error| self.not_written(error))?;
        }
        self.logs.repeat_line(step).map_err(|error| self.not_written(error))?;
        let grid = self.folder.grid(step);
        if !grid.exists() {
            return self.draw_if_due();
        }
        self.logs.add_grid(step, &grid).map_err(|error| self.not_written(error))
    }

    /// What ends a run: its last checkpoint, and the final grid.
    fn finish(mut self) -> Result<Outcome, RunError> {
        let step = self.trainer.steps_made();
        if self.saved != Some(step) {
            self.save()?;
        }
        if step < self.trainer.settings().recipe.train.steps || self.unmeasured {
            return Ok(Outcome::Interrupted { step });
        }
        let path = self.folder.final_grid();
        if self.grids() && !self.draw(&path)? {
            return Ok(Outcome::Interrupted { step });
        }
        Ok(Outcome::Finished)
    }

    fn is_measurement_due(&self) -> bool {
        let recipe = &self.trainer.settings().recipe;
        recipe.evaluate.is_due(self.trainer.steps_made(), recipe.train.steps)
    }

    /// What a measurement came to, if one is due.
    fn measure_if_due(&mut self) -> Option<Measured> {
        let evaluator = self.extras.evaluator.filter(|_| self.is_measurement_due())?;
        let measured = measure(self.trainer, evaluator, self.logs.metrics(), self.observe, self.stop);
        self.unmeasured = measured.is_none() && (self.stop)();
        measured
    }

    fn save(&mut self) -> Result<(), RunError> {
        let (step, keep) = (self.trainer.steps_made(), self.trainer.settings().recipe.train.keep);
        let path = self.folder.checkpoint(step);
        // The lines up to a checkpoint are never behind it.
        self.logs.sync().map_err(|error| self.not_written(error))?;
        self.trainer.save(&path).map_err(|cause| self.not_saved(cause))?;
        let entries = sync_folders(&self.folder.root, 0);
        let failed = |cause| self.not_written(NotWritten { path: self.folder.root.clone(), cause });
        entries.map_err(failed)?;
        self.saved = Some(step);
        remove_outdated(self.folder, &keep, step).map_err(|cause| self.not_saved(cause))?;
        (self.observe)(Event::Checkpoint(&path));
        Ok(())
    }

    fn grids(&self) -> bool {
        self.extras.grids && self.trainer.settings().recipe.sample.grid
    }

    fn draw_if_due(&mut self) -> Result<(), RunError> {
        let (recipe, step) = (&self.trainer.settings().recipe, self.trainer.steps_made());
        if self.grids() && step.is_multiple_of(recipe.sample.grid_every) && step < recipe.train.steps {
            let path = self.folder.grid(step);
            self.draw(&path)?;
        }
        Ok(())
    }

    /// Draws a grid from the averaged weights; `false` when it was stopped.
    fn draw(&mut self, path: &Path) -> Result<bool, RunError> {
        let (trainer, observe, stop) = (&*self.trainer, &mut self.observe, self.stop);
        let network = trainer.network(WeightsKind::Ema);
        let drawn = draw_grid(trainer.settings(), trainer.process(), &network, path, &mut |taken, steps| {
            observe(Event::Drawing(taken, steps));
            if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let drawn = drawn.map_err(|cause| RunError::Grid { cause, last: self.last_checkpoint() })?;
        if drawn {
            let step = self.trainer.steps_made();
            self.logs.add_grid(step, path).map_err(|error| self.not_written(error))?;
            (self.observe)(Event::Grid(path));
        }
        Ok(drawn)
    }

    /// Writes the line that ends at the present step, if one does.
    fn finish_line(&mut self, measured: Option<Measured>) -> Result<(), RunError> {
        let (train, step) = (&self.trainer.settings().recipe.train, self.trainer.steps_made());
        let last = step == train.steps;
        let held_out = self.trainer.sample_counts().1 > 0;
        let holdout_due = held_out && (last || step.is_multiple_of(train.holdout_every));
        let due = self.is_measurement_due();
        if !last && !step.is_multiple_of(train.log_every) && !holdout_due && !due {
            return Ok(());
        }
        let mut finished = self.trainer.line().finish(step);
        finished.frechet = measured.map(|measured| measured.measurement.frechet);
        finished.nll = measured.and_then(|measured| measured.measurement.nll);
        let holdout = if holdout_due { self.trainer.holdout() } else { None };
        if let Some(holdout) = holdout.filter(|holdout| holdout.loss.is_finite()) {
            (finished.holdout_loss, finished.holdout_accuracy) = (Some(holdout.loss), holdout.accuracy);
            (self.observe)(Event::Holdout(holdout));
        }
        self.logs.write(&finished).map_err(|error| self.not_written(error))
    }

    fn last_checkpoint(&self) -> Option<PathBuf> {
        self.saved.map(|step| self.folder.checkpoint(step))
    }

    fn not_written(&self, error: NotWritten) -> RunError {
        error.because(self.last_checkpoint())
    }

    fn not_saved(&self, cause: super::checkpoint::CheckpointError) -> RunError {
        RunError::NotSaved { cause: Box::new(cause), last: self.last_checkpoint() }
    }
}

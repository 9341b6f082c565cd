//! Measurements of a run's samples, and its best checkpoint.

use super::Event;
use crate::train::checkpoint::CheckpointError;
use crate::train::evaluate::{Evaluator, Measurement};
use crate::train::folder::RunFolder;
use crate::train::metrics::MetricsLog;
use crate::train::trainer::Trainer;
use std::ops::ControlFlow;

/// A measurement, and whether it is the best of the run so far.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    /// What it came to.
    pub(super) measurement: Measurement,
    /// Whether it is the best.
    pub(super) best: bool,
}

/// Measures samples from the averaged weights; `None` when it was stopped, or could not be done: that ends no training.
pub(super) fn measure(
    trainer: &Trainer,
    evaluator: &Evaluator,
    log: &MetricsLog,
    observe: &mut dyn FnMut(Event),
    stop: &dyn Fn() -> bool,
) -> Option<Measured> {
    let samples = trainer.settings().recipe.evaluate.samples;
    let found = evaluator.measure(trainer, &mut |drawn| {
        observe(Event::Measuring(drawn, samples));
        if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match found {
        Ok(found) => found.map(|measurement| {
            let best = log.least_frechet().is_none_or(|least| measurement.frechet < least);
            observe(Event::Measured { measurement, best });
            Measured { measurement, best }
        }),
        Err(error) => {
            observe(Event::NotMeasured(&error));
            None
        }
    }
}

/// Keeps the checkpoint of a measurement, the best so far, if the settings ask for it.
pub(super) fn keep_best(trainer: &Trainer, folder: &RunFolder) -> Result<(), CheckpointError> {
    if trainer.settings().recipe.train.keep.best == 0 {
        return Ok(());
    }
    trainer.save(&folder.best())
}

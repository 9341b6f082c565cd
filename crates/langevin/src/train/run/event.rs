//! What happens in a run, how it ends, and why it fails.

use crate::train::checkpoint::CheckpointError;
use crate::train::evaluate::{EvaluateError, Measurement};
use crate::train::grid::GridError;
use crate::train::holdout::Holdout;
use crate::train::line::Spike;
use crate::train::metrics::StepReport;
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
        /// Whether that stands far out from the steps before.
        spike: Spike,
        /// Steps that were skipped up to here, one after the other.
        skipped_in_a_row: u64,
    },
    /// The held-out loss was taken.
    Holdout(Holdout),
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
    #[error("cannot write {path}: {cause}{}", saved(.last))]
    Write { path: PathBuf, cause: std::io::Error, last: Option<PathBuf> },
    #[error("cannot go on with {path}: {cause}")]
    Metrics { path: PathBuf, cause: std::io::Error },
    #[error("{cause}{}", not_saved(.cause, .last))]
    NotSaved { cause: Box<CheckpointError>, last: Option<PathBuf> },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the grid could not be drawn: {cause}{}", saved(.last))]
    Grid { cause: GridError, last: Option<PathBuf> },
    #[error(
        "{count} steps in a row, up to step {step}, had a loss or a gradient that is not a finite number, and were skipped; \
         the weights, which they did not change, are in {checkpoint}: start a new run from there, or from an earlier \
         checkpoint, with a lower rate, by --init {checkpoint} --set train.learning_rate=…"
    )]
    NotFinite { count: u64, step: u64, checkpoint: PathBuf },
}

/// What is safe, and how to go on.
fn saved(last: &Option<PathBuf>) -> String {
    match last {
        Some(path) => {
            format!(
                "; all up to {} is saved: make room or set the permissions right, and go on with langevin train --resume",
                path.display()
            )
        }
        None => "; nothing of this run was saved before".to_owned(),
    }
}

/// The same, of a checkpoint: numbers that are not finite would be there again.
fn not_saved(cause: &CheckpointError, last: &Option<PathBuf>) -> String {
    let CheckpointError::NotFinite { .. } = cause else { return saved(last) };
    let start = match last {
        Some(path) => format!("start a new run from {0} by --init {0}", path.display()),
        None => "start again".to_owned(),
    };
    format!(
        "; {start} with a lower rate (--set train.learning_rate=…) or clipped gradients (train.clip_norm=1)"
    )
}

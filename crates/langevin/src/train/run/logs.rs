//! Where a run writes what it has to say: `config.toml`, `metrics.jsonl`, and the event file that repeats both.

use super::RunError;
use crate::files::write_whole;
use crate::train::checkpoint::RECIPE;
use crate::train::folder::RunFolder;
use crate::train::metrics::{MetricsLine, MetricsLog};
use crate::train::tensorboard::{EventLog, has_events};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The open logs of a run.
pub(super) struct Logs {
    metrics: MetricsLog,
    events: EventLog,
}

/// A file that could not be written, and why.
pub(super) struct NotWritten {
    pub(super) path: PathBuf,
    pub(super) cause: io::Error,
}

impl NotWritten {
    /// As a run's error; `last` is the last checkpoint.
    pub(super) fn because(self, last: Option<PathBuf>) -> RunError {
        RunError::Write { path: self.path, cause: self.cause, last }
    }
}

impl Logs {
    /// Writes the settings, and opens the logs of a run that has made `step` steps; `last` is the checkpoint that it has then.
    pub(super) fn open(
        folder: &RunFolder,
        step: u64,
        config: &str,
        last: Option<PathBuf>,
    ) -> Result<Self, RunError> {
        write_whole(&folder.config(), |file| file.write_all(config.as_bytes()))
            .map_err(|cause| not_written(&folder.config(), cause).because(last.clone()))?;
        let metrics = MetricsLog::open(&folder.metrics(), step);
        let metrics = metrics.map_err(|cause| RunError::Metrics { path: folder.metrics(), cause })?;
        // A run of before there were event files has none.
        let told = step > 0 && has_events(&folder.root);
        let begun = EventLog::begin(&folder.root, step);
        let events = begun.map_err(|(path, cause)| NotWritten { path, cause }.because(last.clone()))?;
        let mut logs = Self { metrics, events };
        // What a resumed run may change, such as its steps, is told once more.
        let same = || fs::read_to_string(folder.checkpoint(step).join(RECIPE)).is_ok_and(|old| old == config);
        if !told || !same() {
            let added = logs.events.add_config(step, config);
            added.map_err(|cause| not_written(logs.events.path(), cause).because(last))?;
        }
        Ok(logs)
    }

    /// The metrics.
    pub(super) fn metrics(&self) -> &MetricsLog {
        &self.metrics
    }

    /// Writes a line into both.
    pub(super) fn write(&mut self, line: &MetricsLine) -> Result<(), NotWritten> {
        self.metrics.write(line).map_err(|cause| not_written(self.metrics.path(), cause))?;
        self.events.add_line(line).map_err(|cause| not_written(self.events.path(), cause))
    }

    /// Adds a measurement to the last line that was there.
    pub(super) fn add_measurement(&mut self, frechet: f64, nll: Option<f64>) -> Result<(), NotWritten> {
        let added = self.metrics.add_measurement(frechet, nll);
        added.map_err(|cause| not_written(self.metrics.path(), cause))
    }

    /// Tells the event file once more of the line that ends at `step`, where the run is resumed: what earlier files have of that
    /// step, which may be less than all, is void.
    pub(super) fn repeat_line(&mut self, step: u64) -> Result<(), NotWritten> {
        let Some(line) = self.metrics.line_of(step) else { return Ok(()) };
        self.events.add_line(&line).map_err(|cause| not_written(self.events.path(), cause))
    }

    /// Adds the sample grid at `path`.
    pub(super) fn add_grid(&mut self, step: u64, path: &Path) -> Result<(), NotWritten> {
        let added = self.events.add_grid(step, path);
        added.map_err(|cause| not_written(self.events.path(), cause))
    }

    /// Waits until both are on the disk.
    pub(super) fn sync(&self) -> Result<(), NotWritten> {
        self.metrics.sync().map_err(|cause| not_written(self.metrics.path(), cause))?;
        self.events.sync().map_err(|cause| not_written(self.events.path(), cause))
    }
}

fn not_written(path: &Path, cause: io::Error) -> NotWritten {
    NotWritten { path: path.to_owned(), cause }
}

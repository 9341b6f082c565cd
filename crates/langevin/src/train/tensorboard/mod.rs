//! The event files of a run, which TensorBoard shows: its numbers, its sample grids and its settings.
//!
//! They repeat what stands in the run's folder for whoever watches it, and nothing is read from them. Each process that
//! trains a run writes a file of its own, whose name sorts after those before.

mod event;
mod record;
#[cfg(test)]
mod tests;
mod write;

use super::metrics::MetricsLine;
use event::Event;
use prost::Message;
use record::record;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How the name of an event file begins; the time follows, in seconds since 1970 with ten digits.
const PREFIX: &str = "events.out.tfevents.";

/// An open event file.
///
/// Every event is written when it is given, in one piece, so that a live TensorBoard sees it.
#[derive(Debug)]
pub struct EventLog {
    file: File,
    path: PathBuf,
}

impl EventLog {
    /// Begins a file in the run's folder. What others there say of `step` and later ones is void, for a run that was resumed at
    /// `step` writes it again.
    ///
    /// # Errors
    /// If it cannot be written; the path that could not comes with it.
    pub fn begin(folder: &Path, step: u64) -> Result<Self, (PathBuf, io::Error)> {
        let last = last_time(folder).map_err(|cause| (folder.to_owned(), cause))?;
        // TensorBoard reads files in the order of their names, so none may sort before what it goes on from, whatever the clock
        // says.
        let time = last.map_or(0, |last| last + 1).max(now() as u64);
        let path = folder.join(format!("{PREFIX}{time:010}.langevin"));
        let created = File::create_new(&path).map_err(|cause| (path.clone(), cause))?;
        let mut log = Self { file: created, path };
        // A run's first start makes nothing void, wherever it stands: so each file has one, that of a new run too.
        let begun = log.write(&Event::version(now())).and_then(|()| log.write(&Event::start(now(), step)));
        begun.map_err(|cause| (log.path.clone(), cause))?;
        Ok(log)
    }

    /// Adds the numbers of a line.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add_line(&mut self, line: &MetricsLine) -> io::Result<()> {
        self.write(&Event::scalars(now(), line))
    }

    /// Adds the sample grid of `step`, the PNG file at `path` as it is.
    ///
    /// # Errors
    /// If that cannot be read, or the event file cannot be written.
    pub fn add_grid(&mut self, step: u64, path: &Path) -> io::Result<()> {
        let unread = |cause: String| io::Error::other(format!("{}: {cause}", path.display()));
        let png = fs::read(path).map_err(|cause| unread(cause.to_string()))?;
        let event = Event::grid(now(), step, png).map_err(|cause| unread(cause.to_string()))?;
        self.write(&event)
    }

    /// Adds the settings that hold from `step` on.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add_config(&mut self, step: u64, toml: &str) -> io::Result<()> {
        self.write(&Event::config(now(), step, toml))
    }

    /// Waits until all events are on the disk.
    ///
    /// # Errors
    /// If the system cannot say so.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.file.write_all(&record(&event.encode_to_vec()))
    }
}

/// Whether a run has an event file.
pub fn has_events(folder: &Path) -> bool {
    last_time(folder).is_ok_and(|last| last.is_some())
}

/// The greatest time in the names of a folder's event files.
fn last_time(folder: &Path) -> io::Result<Option<u64>> {
    let mut last = None;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let time = rest.and_then(|rest| rest.split('.').next().filter(|time| time.len() == 10)?.parse().ok());
        last = last.max(time);
    }
    Ok(last)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

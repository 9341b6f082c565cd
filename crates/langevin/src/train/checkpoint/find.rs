//! Where a model's checkpoint lies, and which checkpoints of a run stay.

use super::{Checkpoint, CheckpointError, STATE};
use crate::config::Keep;
use crate::interop::diffusers::is_pipeline;
use crate::train::folder::RunFolder;
use std::fs;
use std::path::{Path, PathBuf};

/// The newest checkpoint of a run whose files are all as they were written.
#[derive(Debug)]
pub struct Found {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// What is wrong with newer ones, the newest first.
    pub passed_over: Vec<CheckpointError>,
}

/// The newest checkpoint of a run folder, or the checkpoint folder itself; a pipeline's folder is one too.
///
/// # Errors
/// If `path` is neither, or the run has none yet.
pub fn find_checkpoint(path: &Path) -> Result<PathBuf, CheckpointError> {
    if path.join(STATE).is_file() || is_pipeline(path) {
        return Ok(path.to_owned());
    }
    let newest = checkpoints(path)?.pop();
    newest.map(|(_, folder)| folder).ok_or_else(|| CheckpointError::NoCheckpoint { path: path.to_owned() })
}

/// The newest checkpoint of a run that training can go on from: every file is checked against the manifest, and one that is
/// damaged is passed over.
///
/// # Errors
/// If there is none; where all are damaged, says what is wrong with the newest.
pub fn newest_checkpoint(run: &RunFolder) -> Result<Found, CheckpointError> {
    // A pipeline or a single checkpoint in place of a run is opened for its own message.
    let newest = find_checkpoint(&run.root)?;
    if newest == run.root {
        return Ok(Found { checkpoint: Checkpoint::open(&newest)?, passed_over: Vec::new() });
    }
    let mut passed_over = Vec::new();
    for (_, folder) in checkpoints(&run.root)?.into_iter().rev() {
        let opened = Checkpoint::open(&folder).and_then(|found| found.check_all().map(|()| found));
        match opened {
            Ok(checkpoint) => return Ok(Found { checkpoint, passed_over }),
            Err(error @ CheckpointError::Damaged { .. }) => passed_over.push(error),
            // Of another version, or out of reach for now: going back behind it would lose it.
            Err(error) => return Err(error),
        }
    }
    Err(passed_over.into_iter().next().unwrap_or(CheckpointError::NoCheckpoint { path: run.root.clone() }))
}

/// Clears what a crash left behind: removes checkpoints that are not whole, and puts back one whose replacement did not
/// come. Only the holder of the run's lock may do so.
pub(in crate::train) fn clear_leftovers(run: &RunFolder) -> Result<(), CheckpointError> {
    let folder = run.checkpoints();
    let entries = fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    for path in entries {
        let failed = |cause| CheckpointError::Write { path: path.clone(), cause };
        let whole = path.with_extension("");
        let ours = step_of(&whole).is_some() || whole == run.best();
        match path.extension().and_then(|ending| ending.to_str()).filter(|_| ours) {
            Some("old") if !whole.exists() => fs::rename(&path, &whole).map_err(failed)?,
            Some("old" | "partial" | "gone") => fs::remove_dir_all(&path).map_err(failed)?,
            _ => {}
        }
    }
    Ok(())
}

/// Removes the checkpoints that `keep` lets go now that `newest` is written, each under another name first, so that none is
/// ever there in part.
pub(in crate::train) fn remove_outdated(
    run: &RunFolder,
    keep: &Keep,
    newest: u64,
) -> Result<(), CheckpointError> {
    let there = checkpoints(&run.root)?;
    // Those of later steps are damaged ones that the run was not resumed from: they stand for nothing.
    let steps: Vec<u64> = there.iter().map(|(step, _)| *step).filter(|step| *step <= newest).collect();
    let outdated = keep.outdated(&steps);
    for (_, folder) in there.iter().filter(|(step, _)| outdated.contains(step)) {
        let gone = folder.with_extension("gone");
        let removed = fs::rename(folder, &gone).and_then(|()| fs::remove_dir_all(&gone));
        removed.map_err(|cause| CheckpointError::Write { path: folder.clone(), cause })?;
    }
    Ok(())
}

/// The checkpoints of a run with their steps, the oldest first.
fn checkpoints(run: &Path) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
    let folder = run.join("checkpoints");
    if !folder.is_dir() {
        let error = if run.join("config.toml").is_file() {
            CheckpointError::NoCheckpoint { path: run.to_owned() }
        } else {
            CheckpointError::NotAModel { path: run.to_owned() }
        };
        return Err(error);
    }
    let read = |cause| CheckpointError::Read { path: folder.clone(), cause };
    let mut found: Vec<(u64, PathBuf)> = fs::read_dir(&folder)
        .map_err(read)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((step_of(&path)?, path)))
        .collect();
    found.sort();
    Ok(found)
}

/// The step in a checkpoint folder's name.
fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()
}

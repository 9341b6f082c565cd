//! Where a model's checkpoint lies.

use super::{CheckpointError, STATE};
use crate::interop::diffusers::is_pipeline;
use std::fs;
use std::path::{Path, PathBuf};

/// The newest checkpoint of a run folder, or the checkpoint folder itself; a pipeline's folder is one too.
///
/// # Errors
/// If `path` is neither, or the run has none yet.
pub fn find_checkpoint(path: &Path) -> Result<PathBuf, CheckpointError> {
    if path.join(STATE).is_file() || is_pipeline(path) {
        return Ok(path.to_owned());
    }
    let folder = path.join("checkpoints");
    if !folder.is_dir() {
        let error = if path.join("config.toml").is_file() {
            CheckpointError::NoCheckpoint { path: path.to_owned() }
        } else {
            CheckpointError::NotAModel { path: path.to_owned() }
        };
        return Err(error);
    }
    let read = |cause| CheckpointError::Read { path: folder.clone(), cause };
    let mut found: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(read)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|entry| step_of(entry).is_some() && entry.join(STATE).is_file())
        .collect();
    found.sort_by_key(|entry| step_of(entry));
    found.pop().ok_or_else(|| CheckpointError::NoCheckpoint { path: path.to_owned() })
}

/// The step in a checkpoint folder's name.
fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()
}

//! What tells a folder's content from what was there before.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// The files that are written anew with every checkpoint and every pipeline.
const FILES: [&str; 3] = ["langevin/manifest.json", "langevin/state.json", "model_index.json"];

/// When and how long the files of a checkpoint are that say what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp([Option<(SystemTime, u64)>; 3]);

impl Stamp {
    /// Of the checkpoint or pipeline in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self(FILES.map(|name| {
            let file = fs::metadata(folder.join(name)).ok()?;
            Some((file.modified().ok()?, file.len()))
        }))
    }
}

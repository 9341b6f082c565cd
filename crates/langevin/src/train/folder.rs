//! The folder that a run is.
//!
//! ```text
//! runs/digits-001/
//!   config.toml                 every setting, resolved
//!   metrics.jsonl               a line each `log_every` steps
//!   events.out.tfevents.*       numbers, grids and settings once more, for TensorBoard; one file a process that trained
//!   samples/step-0000500.png    grids on the way, from the averaged weights
//!   checkpoints/step-0000500/   .partial while it is written, .old while it goes
//!   checkpoints/best/           the one of the least Fréchet distance, where that is measured
//!   final.png                   the grid of the last step
//!   run.lock                    locked while a process writes to the run
//! ```

use std::path::PathBuf;

/// Paths within a run's folder.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// The folder.
    pub root: PathBuf,
}

impl RunFolder {
    /// The run in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The settings.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The metrics.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// The folder of the checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// The checkpoint of `step`.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.root.join(format!("checkpoints/step-{step:07}"))
    }

    /// The checkpoint of the least Fréchet distance.
    pub fn best(&self) -> PathBuf {
        self.root.join("checkpoints/best")
    }

    /// The grid of `step`.
    pub fn grid(&self, step: u64) -> PathBuf {
        self.root.join(format!("samples/step-{step:07}.png"))
    }

    /// The grid of the last step.
    pub fn final_grid(&self) -> PathBuf {
        self.root.join("final.png")
    }
}

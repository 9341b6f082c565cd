//! Training: the objective, the optimiser, the loop, and the folder that a run is.

mod batch;
mod checkpoint;
mod cross_entropy;
mod ema;
mod evaluate;
mod exact;
mod folder;
mod freeze;
mod gradients;
mod grid;
mod holdout;
mod line;
mod lock;
mod memory;
mod metrics;
mod objective;
mod optimizer;
mod progress;
mod quarters;
mod rate;
mod run;
mod spikes;
mod tensorboard;
mod timesteps;
mod trainer;
mod transfer;

pub use batch::{Batch, Source};
pub use checkpoint::{
    Checkpoint, CheckpointError, Found, WeightsKind, find_checkpoint, newest_checkpoint, write_converted,
};
pub use ema::Ema;
pub use evaluate::{EvaluateError, Evaluator, Measurement};
pub use folder::RunFolder;
pub use freeze::{FreezeError, learning_parameters};
pub use gradients::Gradients;
pub use grid::{GridError, draw_grid};
pub use holdout::Holdout;
pub use line::Spike;
pub use lock::{LockError, LockedRun, is_written_to};
pub use memory::{estimate_bytes, largest_that_fits};
pub use metrics::{MetricsLine, MetricsLog, StepReport};
pub use objective::Losses;
pub use optimizer::Optimizer;
pub use quarters::Quarters;
pub use rate::learning_rate;
pub use run::{Event, Extras, Outcome, RunError, is_complete, train};
pub use timesteps::{LossHistory, TimestepDraw};
pub use trainer::{InitError, Trainer, TrainerError};
pub use transfer::{Transfer, TransferError, check_samples};

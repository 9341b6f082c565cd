//! Training: the objective, the optimiser, the loop, and the folder that a run is.

mod batch;
mod checkpoint;
mod ema;
mod evaluate;
mod folder;
mod gradients;
mod grid;
mod holdout;
mod line;
mod memory;
mod metrics;
mod objective;
mod optimizer;
mod rate;
mod run;
mod timesteps;
mod trainer;

pub use batch::{Batch, Source};
pub use checkpoint::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint, write_converted};
pub use ema::Ema;
pub use evaluate::{EvaluateError, Evaluator, Measurement};
pub use folder::{RunFolder, newest_checkpoint};
pub use gradients::Gradients;
pub use grid::{GridError, draw_grid};
pub use memory::estimate_bytes;
pub use metrics::{MetricsLine, MetricsLog, StepReport};
pub use objective::Losses;
pub use optimizer::Optimizer;
pub use rate::learning_rate;
pub use run::{Event, Extras, Outcome, RunError, train};
pub use timesteps::{LossHistory, TimestepDraw};
pub use trainer::Trainer;

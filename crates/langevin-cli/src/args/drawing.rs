//! What the commands that draw from a model have in common.

use super::{GuidanceArguments, Weights, size};
use clap::Args;

/// How a model is opened, and how it computes.
#[derive(Clone, Debug, Args)]
pub struct DrawingArguments {
    /// Size of the samples of a pipeline of diffusers [default: its own]
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    #[command(flatten)]
    pub guidance: GuidanceArguments,
    /// Which weights to use
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: Weights,
    /// Samples computed at a time
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub batch: usize,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Compute convolutions directly instead of by Winograd's method: slower, and rounds less
    #[arg(long)]
    pub exact: bool,
    /// Print no progress
    #[arg(long)]
    pub quiet: bool,
}

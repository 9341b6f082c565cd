//! The arguments of `langevin denoise`.

use super::{Weights, size};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct DenoiseArguments {
    /// The picture
    pub image: PathBuf,
    /// A run's folder, a checkpoint's, or a pipeline that diffusers saved
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// Size of the samples of a pipeline of diffusers [default: its own]
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// The class of the picture, counted from 0, for a model that knows classes
    #[arg(long, value_name = "K")]
    pub class: Option<String>,
    /// The timestep to start from, 1 (a trace of noise) to T (nothing but noise)
    #[arg(long, value_name = "T")]
    pub from: usize,
    /// Steps back, fewer than the timesteps that lie before it, evenly spread [default: every timestep]
    #[arg(long, value_name = "S")]
    pub steps: Option<usize>,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Which weights to use
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: Weights,
    /// Compute convolutions directly instead of by Winograd's method: slower, and rounds less
    #[arg(long)]
    pub exact: bool,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Print no progress
    #[arg(long)]
    pub quiet: bool,
    /// Where to write the picture, its noisy form, and what became of it
    #[arg(long, value_name = "FILE.png", default_value = "denoise.png")]
    pub out: PathBuf,
    /// Also write the result alone, in the model's size and depth
    #[arg(long, value_name = "FILE.png")]
    pub result: Option<PathBuf>,
}

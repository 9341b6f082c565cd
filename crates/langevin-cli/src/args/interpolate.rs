//! The arguments of `langevin interpolate`.

use super::{DrawingArguments, SamplerArguments};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "The sampler is ddim if none is named: one that draws noise at its steps has no way between two samples."
)]
pub struct InterpolateArguments {
    /// A run's folder (its newest checkpoint), a checkpoint's, or a pipeline that diffusers saved
    pub model: PathBuf,
    /// The seed whose first sample it begins with
    #[arg(long, value_name = "SEED")]
    pub from: u64,
    /// The seed whose first sample it ends with
    #[arg(long, value_name = "SEED")]
    pub to: u64,
    /// Samples on the way, both ends among them [default: 9, or 33 for a .gif]
    #[arg(short = 'n', value_name = "N")]
    pub count: Option<usize>,
    #[command(flatten)]
    pub sampler: SamplerArguments,
    #[command(flatten)]
    pub drawing: DrawingArguments,
    /// A strip (.png), an animation there and back (.gif), a folder for single pictures, or a .npz (uint8) or .npy (float32,
    /// unclipped) file
    #[arg(long, value_name = "DIR|FILE", default_value = "interpolate.png")]
    pub out: PathBuf,
}

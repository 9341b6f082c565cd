//! The arguments of `langevin diffuse`.

use super::ReadArguments;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct DiffuseArguments {
    /// A data set, or one picture
    pub data: String,
    /// Pictures of a data set to show
    #[arg(short = 'n', value_name = "N", default_value_t = 4)]
    pub count: usize,
    /// The schedule: linear, scaled-linear, cosine or sigmoid
    #[arg(long, value_name = "NAME", default_value = "linear")]
    pub schedule: String,
    /// T, the steps of the process
    #[arg(long, value_name = "T", default_value_t = 1000)]
    pub timesteps: usize,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub read: ReadArguments,
    /// Where to write the strip
    #[arg(long, value_name = "FILE.png", default_value = "diffuse.png")]
    pub out: PathBuf,
}

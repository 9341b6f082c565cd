//! The arguments of `langevin evaluate`.

use super::{ReadArguments, Weights};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    /// The variational bound on the negative log-likelihood, with its parts, in bits per dimension
    Nll,
    /// The negative log-likelihood by the probability-flow ODE, in bits per dimension
    NllOde,
}

#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// A run's folder (its newest checkpoint), a checkpoint's, or a pipeline that diffusers saved
    pub model: PathBuf,
    /// The data: a built-in set, a folder, a file [default: the run's own, its held-out part apart]
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    #[command(flatten)]
    pub read: ReadArguments,
    /// What to measure, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "nll")]
    pub metrics: Vec<Metric>,
    /// Samples of each part of the data, the first [default: all]
    #[arg(short = 'n', value_name = "N")]
    pub count: Option<usize>,
    /// Terms of the bound for each sample, drawn one from each of so many groups of timesteps: an estimate without bias
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub terms: usize,
    /// Compute the bound's term at every timestep
    #[arg(long, conflicts_with = "terms")]
    pub full: bool,
    /// Steps of the ODE, of four evaluations and gradients each
    #[arg(long, value_name = "S", default_value_t = 50)]
    pub ode_steps: usize,
    /// Seed of the timesteps and of all noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The class of the samples, counted from 0, for a model that knows classes
    #[arg(long, value_name = "K")]
    pub class: Option<usize>,
    /// Evaluations of the network at a time; the result does not depend on it
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub batch: usize,
    /// Which weights to use
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: Weights,
    /// Also draw the terms over the timesteps
    #[arg(long, value_name = "FILE.png")]
    pub plot: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
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

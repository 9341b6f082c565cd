//! The arguments of `langevin features`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct FeaturesArguments {
    #[command(subcommand)]
    pub command: Option<FeaturesCommand>,
}

#[derive(Debug, Subcommand)]
pub enum FeaturesCommand {
    /// Download the weights of a network, check them, and keep them where `evaluate` looks
    Fetch(FetchArguments),
}

#[derive(Debug, Args)]
pub struct FetchArguments {
    /// The network: inception or lite0
    pub name: String,
    /// Where to get the file from [default: where its authors published it]
    #[arg(long, value_name = "URL", conflicts_with = "file")]
    pub url: Option<String>,
    /// Take a file that was downloaded by other means
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print no progress
    #[arg(long)]
    pub quiet: bool,
}

//! The arguments of `langevin bench`.

use super::size;
use clap::{Args, ValueEnum};

/// What a benchmark times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// The network's prediction, without gradient
    Forward,
    /// A whole training step
    Train,
}

#[derive(Debug, Args)]
pub struct BenchArguments {
    /// A built-in recipe (see `langevin recipes`) or a TOML file [default: digits]
    #[arg(long, value_name = "NAME|FILE")]
    pub recipe: Option<String>,
    /// Change one setting of the recipe, as in model.dropout=0; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Samples a batch [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Size of the random pictures [default: the recipe's, or 32x32]
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Compute convolutions directly instead of by Winograd's method: slower, and rounds less
    #[arg(long)]
    pub exact: bool,
    /// Rounds of about a second, of which the median is shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rounds: usize,
    /// Time only this
    #[arg(long, value_enum, value_name = "WORK")]
    pub only: Option<Work>,
    /// Also show where the time of a training step goes, or with --only forward that of a prediction
    #[arg(long, conflicts_with = "rounds_on_stdin")]
    pub profile: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// For `cargo xtask compare`: a round for each line of the standard input, which says its seconds
    #[arg(long, hide = true, requires = "only")]
    pub rounds_on_stdin: bool,
}

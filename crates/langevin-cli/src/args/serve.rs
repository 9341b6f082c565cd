//! The arguments of `langevin serve`.

use clap::Args;
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// The folder of runs, or a single run's
    #[arg(value_name = "RUNS_DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// A model to draw from beside those of the runs: a checkpoint's folder, or a pipeline that diffusers saved
    #[arg(long, value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "P", default_value_t = 7860)]
    pub port: u16,
    /// The address to listen on; on one that others can reach, a token is asked of them
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// The token that is asked for [default: LANGEVIN_TOKEN, or on an address that others can reach one made up at the start]
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Another name that browsers reach this server by; may be given again
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Requests that may wait for their turn
    #[arg(long, value_name = "N")]
    pub queue: Option<usize>,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Compute convolutions directly instead of by Winograd's method: slower, and rounds less
    #[arg(long)]
    pub exact: bool,
}

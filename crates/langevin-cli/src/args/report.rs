//! The arguments of `langevin report`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// A run's folder; it may be in training
    pub run: PathBuf,
    /// Where to write the page, in place of what is there [default: the run's name with .html, in the present folder]
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
}

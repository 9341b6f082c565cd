//! The command line.

mod bench;
mod convert;
mod denoise;
mod diffuse;
mod drawing;
mod evaluate;
mod features;
mod guidance;
mod inpaint;
mod interpolate;
mod report;
mod sampling;
mod serve;

pub use bench::{BenchArguments, Work};
pub use convert::{ConvertArguments, Source, Target};
pub use denoise::DenoiseArguments;
pub use diffuse::DiffuseArguments;
pub use drawing::DrawingArguments;
pub use evaluate::{EvaluateArguments, Metric};
pub use features::{FeaturesArguments, FeaturesCommand, FetchArguments};
pub use guidance::GuidanceArguments;
pub use inpaint::InpaintArguments;
pub use interpolate::InterpolateArguments;
pub use report::ReportArguments;
pub use sampling::{CompareSamplersArguments, SampleArguments, SamplerArguments};
pub use serve::ServeArguments;

use clap::{Args, Parser, Subcommand, ValueEnum};
use langevin::data::{Channels, OnBadFile};
use langevin::train::WeightsKind;
use std::path::PathBuf;

/// Train a denoising diffusion model on pictures or points, and sample from it.
#[derive(Debug, Parser)]
#[command(name = "langevin", version, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model; without any argument, on the built-in 8x8 digits
    Train(Box<TrainArguments>),
    /// Train a classifier of noisy pictures, to guide samples by or to judge them
    TrainClassifier(Box<TrainClassifierArguments>),
    /// Draw samples from a trained model
    Sample(Box<SampleArguments>),
    /// List the samplers: what each is good for, and where it comes from
    Samplers,
    /// Draw the same samples with several samplers in several numbers of steps, and measure each
    CompareSamplers(Box<CompareSamplersArguments>),
    /// Measure a model or samples: likelihood, Fréchet and kernel distance, Inception score, precision and recall
    Evaluate(Box<EvaluateArguments>),
    /// List the networks whose features samples are compared by, or download their weights
    Features(FeaturesArguments),
    /// Show data turning to noise: the forward process
    Diffuse(DiffuseArguments),
    /// Add noise to a picture, and let a model take it away
    Denoise(DenoiseArguments),
    /// Fill in a part of a picture, in several ways that fit the rest
    Inpaint(Box<InpaintArguments>),
    /// Go from one sample to another through samples
    Interpolate(Box<InterpolateArguments>),
    /// Say what a model or a data set is
    Inspect(InspectArguments),
    /// Make a model of another program out of a trained one, or the other way round
    Convert(ConvertArguments),
    /// Time a recipe's network on this machine: how fast it trains and predicts
    Bench(BenchArguments),
    /// Make one HTML file of a run: curves, grids, settings and measures
    Report(ReportArguments),
    /// Show runs as they train, draw from trained models and look at the theory, in a browser
    Serve(ServeArguments),
    /// List the built-in recipes, or print one
    Recipes(RecipesArguments),
}

/// Where data comes from and how it is read.
#[derive(Clone, Debug, Args)]
pub struct ReadArguments {
    /// Resize and centre-crop pictures to this size
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// The part of a data set that has several, or "all" [default: train]
    #[arg(long, value_name = "NAME")]
    pub split: Option<String>,
    /// Convert pictures to grey, rgb or rgba
    #[arg(long, value_name = "KIND")]
    pub channels: Option<Channels>,
    /// Where to look for the files of a built-in data set
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What to do about files that cannot be used: "fail" names them all, "skip" leaves them out [default: fail]
    #[arg(long, value_name = "fail|skip")]
    pub on_bad_file: Option<OnBadFile>,
}

#[derive(Debug, Args)]
pub struct TrainArguments {
    /// A built-in set (digits, fashion-mnist, swiss-roll, eight-gaussians, two-moons, checkerboard), a folder or a
    /// .zip of pictures, an IDX file, a .npy or a .npz [default: the recipe's own, or digits]
    pub data: Option<String>,
    /// A built-in recipe (see `langevin recipes`) or a TOML file [default: the one that fits the data]
    #[arg(long, value_name = "NAME|FILE")]
    pub recipe: Option<String>,
    /// Change one setting of the recipe, as in train.learning_rate=2e-4; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The run's folder [default: runs/NAME-001 (of a classifier NAME-classifier-001), then -002, …; with --resume, the newest
    /// run]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Optimiser steps in total
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Samples an optimiser step; "auto" takes the largest power of two that fits into memory, 1024 at most
    #[arg(long, value_name = "N|auto", value_parser = amount)]
    pub batch: Option<Amount>,
    /// Samples a forward pass; fewer than --batch needs less memory and gives the same step; "auto" takes what fits
    #[arg(long, value_name = "N|auto", value_parser = amount)]
    pub micro_batch: Option<Amount>,
    /// Seed of weights, data order, timesteps, noise and dropout
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub read: ReadArguments,
    /// Learn the classes of the data too, so that one can be asked for (data.labels of the recipe)
    #[arg(long)]
    pub labels: bool,
    /// Start from the averaged weights of another model; without --recipe, with its network and process, too
    #[arg(long, value_name = "MODEL", conflicts_with = "resume")]
    pub init: Option<PathBuf>,
    /// Parts of the network that keep their weights, such as down or up.0.attention (train.freeze of the recipe)
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',')]
    pub freeze: Vec<String>,
    /// Go on from the last checkpoint of a run
    #[arg(long)]
    pub resume: bool,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Compute convolutions directly instead of by Winograd's method: slower, and rounds less
    #[arg(long)]
    pub exact: bool,
    /// Draw no sample grids, not even the last
    #[arg(long)]
    pub no_grid: bool,
    /// Print the plan, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Start even if the plan needs more memory than is free
    #[arg(long)]
    pub over_memory: bool,
    /// Print neither plan nor progress
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct TrainClassifierArguments {
    #[command(flatten)]
    pub train: TrainArguments,
    /// Learn from pictures without noise alone: a judge of samples, and no guide
    #[arg(long)]
    pub clean: bool,
}

/// A number of samples, or what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Number(usize),
    /// As many as fit into memory.
    Auto,
}

impl Amount {
    /// The number, where it is one.
    pub fn number(self) -> Option<usize> {
        match self {
            Self::Number(number) => Some(number),
            Self::Auto => None,
        }
    }
}

/// Which weights of a model.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Weights {
    /// The moving average
    Ema,
    /// As trained
    Raw,
}

impl From<Weights> for WeightsKind {
    fn from(weights: Weights) -> Self {
        match weights {
            Weights::Ema => Self::Ema,
            Weights::Raw => Self::Raw,
        }
    }
}

#[derive(Debug, Args)]
pub struct InspectArguments {
    /// A run's folder, a checkpoint's, a pipeline that diffusers saved, or a data set
    pub what: String,
    #[command(flatten)]
    pub read: ReadArguments,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RecipesArguments {
    /// The recipe to print
    pub name: Option<String>,
}

fn amount(text: &str) -> Result<Amount, String> {
    match text {
        "auto" => Ok(Amount::Auto),
        _ => text.parse().map(Amount::Number).map_err(|_| "expected a number, or auto".to_owned()),
    }
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text
        .split_once(['x', 'X'])
        .and_then(|(height, width)| Some([height.parse().ok()?, width.parse().ok()?]));
    match sides {
        Some(sides) if !sides.contains(&0) => Ok(sides),
        _ => Err("expected height and width, such as 32x32".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn amounts_are_numbers_or_auto() {
        assert_eq!((amount("16"), amount("auto")), (Ok(Amount::Number(16)), Ok(Amount::Auto)));
        for wrong in ["", "Auto", "-1", "1.5"] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_height_by_width() {
        assert_eq!(size("20x28"), Ok([20, 28]));
        for wrong in ["", "20", "x", "20x", "0x4", "20x28x3", "-1x4"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}

//! The arguments of the commands that sample.

use super::{GuidanceArguments, Weights, size};
use clap::Args;
use langevin::math::{Last, Sigmas, Spacing, Variance};
use std::path::PathBuf;

/// Which sampler, and how it is set.
#[derive(Clone, Debug, Args)]
pub struct SamplerArguments {
    /// The sampler (see `langevin samplers`), or a scheduler of diffusers by its class name [default: ddpm, or the
    /// scheduler that a pipeline of diffusers names]
    #[arg(long, value_name = "NAME")]
    pub sampler: Option<String>,
    /// Steps; fewer are faster [default: the sampler's own; all of the model's for ddpm]
    #[arg(long, value_name = "S")]
    pub steps: Option<usize>,
    /// How much noise the steps add, from 0 (none) to 1 (as ddpm), for samplers that can
    #[arg(long, value_name = "ETA", allow_negative_numbers = true)]
    pub eta: Option<f64>,
    /// Order of the method, for those that have several
    #[arg(long, value_name = "N")]
    pub order: Option<usize>,
    /// Which timesteps are visited: leading, trailing, linspace, quadratic, leading-open or linspace-open
    /// [default: trailing]
    #[arg(long, value_name = "NAME")]
    pub spacing: Option<Spacing>,
    /// How noise levels are chosen: schedule (timesteps, by --spacing), karras or log-snr [default: schedule]
    #[arg(long, value_name = "NAME")]
    pub sigmas: Option<Sigmas>,
    /// Where the last step ends: data, sigma-min (its noise is left) or denoise (and one evaluation more) [default: data]
    #[arg(long, value_name = "NAME")]
    pub last: Option<Last>,
    /// Variance of ddpm's steps: fixed-large, fixed-small or learned [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = variance)]
    pub variance: Option<Variance>,
    /// Noise that euler and heun add and take away again: Karras et al.'s S_churn, S_tmin, S_tmax and S_noise
    #[arg(
        long,
        value_name = "S[,MIN,MAX[,NOISE]]",
        value_delimiter = ',',
        num_args = 1,
        allow_negative_numbers = true
    )]
    pub churn: Option<Vec<f64>>,
    /// Bound the predicted picture to [-1, 1] by dynamic thresholding at this quantile of its values, instead of clipping
    #[arg(long, value_name = "Q", conflicts_with = "no_clip")]
    pub threshold: Option<f64>,
    /// Do not bound the predicted picture
    #[arg(long)]
    pub no_clip: bool,
    /// For a scheduler of diffusers: one field of its configuration, as in solver_order=3; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SampleArguments {
    /// A run's folder (its newest checkpoint), a checkpoint's, or a pipeline that diffusers saved
    pub model: PathBuf,
    /// Size of the samples of a pipeline of diffusers [default: its own]
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// Samples; with --class all, of each class [default: 16 pictures, 8 of each class, or 2000 points]
    #[arg(short = 'n', value_name = "N")]
    pub count: Option<usize>,
    #[command(flatten)]
    pub sampler: SamplerArguments,
    /// Seed of x_T and of the steps' noise; sample k of a seed is always the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub guidance: GuidanceArguments,
    /// Noise in place of the seed's: x_T [n, channels, height, width], for samplers whose steps draw noise
    /// [steps + 1, n, channels, height, width] (--last denoise is a step more); float32. For ddim-inversion, the pictures,
    /// in [-1, 1]
    #[arg(long, value_name = "FILE.npy", conflicts_with = "seed")]
    pub noise: Option<PathBuf>,
    /// Samples computed at a time [default: 16 pictures, or all points]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Which weights to use
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: Weights,
    /// A folder for single pictures, or a .png (grid or plot), .npz (uint8) or .npy (float32, unclipped) file
    /// [default: samples-seedN.png]
    #[arg(long, value_name = "DIR|FILE")]
    pub out: Option<PathBuf>,
    /// Also show noise turning into samples: a strip (.png) or an animation (.gif)
    #[arg(long, value_name = "FILE")]
    pub trajectory: Option<PathBuf>,
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

#[derive(Debug, Args)]
pub struct CompareSamplersArguments {
    /// A run's folder (its newest checkpoint), a checkpoint's, or a pipeline that diffusers saved
    pub model: PathBuf,
    /// Size of the samples of a pipeline of diffusers [default: its own]
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// Which samplers, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub samplers: Vec<String>,
    /// Which numbers of steps, separated by commas [default: 5, 10, 20, 50]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub steps: Vec<usize>,
    /// How noise levels are chosen: schedule (timesteps, by --spacing), karras or log-snr
    #[arg(long, value_name = "NAME", default_value_t)]
    pub sigmas: Sigmas,
    /// Which timesteps are visited: leading, trailing, linspace, quadratic, leading-open or linspace-open
    #[arg(long, value_name = "NAME", default_value = "trailing")]
    pub spacing: Spacing,
    /// Samples of each run [default: 4 pictures, of up to 64, or 2000 points]
    #[arg(short = 'n', value_name = "N")]
    pub count: Option<usize>,
    /// Seed of x_T and of the steps' noise; sample k of a seed is always the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub guidance: GuidanceArguments,
    /// Steps of the reference, by ddim: the solution that all samplers without noise approach
    #[arg(long, value_name = "S", default_value_t = 1000)]
    pub reference: usize,
    /// Which weights to use
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: Weights,
    /// The contact sheet; the table goes beside it, as .csv
    #[arg(long, value_name = "FILE.png", default_value = "compare-samplers.png")]
    pub out: PathBuf,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Print no progress
    #[arg(long)]
    pub quiet: bool,
}

fn variance(text: &str) -> Result<Variance, String> {
    let known = Variance::ALL.into_iter().find(|variance| variance.name() == text);
    known.ok_or_else(|| "expected fixed-large, fixed-small or learned".to_owned())
}

//! The arguments of `langevin evaluate`.

use super::{GuidanceArguments, ReadArguments, SamplerArguments, Weights};
use clap::{Args, ValueEnum};
use langevin::config::FeatureChoice;
use std::path::PathBuf;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    /// The variational bound on the negative log-likelihood, with its parts, in bits per dimension
    Nll,
    /// The negative log-likelihood by the probability-flow ODE, in bits per dimension
    NllOde,
    /// The Fréchet distance of the samples' features and the data's
    Frechet,
    /// The same by Inception's features: the Fréchet Inception distance
    Fid,
    /// The kernel distance of the features, with its spread over subsets
    Kid,
    /// The Inception score: how sure a classifier is of each sample, and how many classes it sees
    Is,
    /// Precision, recall, density and coverage
    Prdc,
    /// All that the model, the data and the features allow, but the ODE
    All,
}

impl Metric {
    /// Whether it is said of samples.
    pub fn of_samples(self) -> bool {
        !matches!(self, Self::Nll | Self::NllOde)
    }
}

#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// A model: a run's folder (its newest checkpoint), a checkpoint's, or a pipeline that diffusers saved; or samples: a folder
    /// or a .zip of pictures, a .npz (arr_0), points in a .npy
    #[arg(value_name = "MODEL|SAMPLES")]
    pub what: PathBuf,
    /// The data: a built-in set, a folder, a file [default: the run's own, its held-out part apart]
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    #[command(flatten)]
    pub read: ReadArguments,
    /// What to measure, separated by commas [default: nll of a model, frechet of samples]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub metrics: Vec<Metric>,
    /// Samples of each part of the data, spread evenly over it [default: all]
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
    /// What samples are compared by: pixels, their elements, or of more than 64 so many principal components; lite0,
    /// EfficientNet-Lite0; inception, Inception v3, as papers report FID [default: inception for fid, pixels for pictures of up to 16x16 and points]
    #[arg(long, value_name = "pixels|lite0|inception", value_parser = features)]
    pub features: Option<FeatureChoice>,
    /// The weights of the features' network [default: what `langevin features fetch` got]
    #[arg(long, value_name = "FILE")]
    pub features_file: Option<PathBuf>,
    /// Samples that a model draws [default: as many as the first part of the data has, at most 10,000]
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    #[command(flatten)]
    pub sampler: SamplerArguments,
    /// A classifier that says which class each sample is of: agreement, Fréchet distance, precision and recall by the weights
    /// of --guidance (several, separated by commas)
    #[arg(long, value_name = "CLASSIFIER")]
    pub judge: Option<PathBuf>,
    /// Neighbours of precision, recall, density and coverage
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub neighbours: usize,
    /// Compare with the mean and covariance in this file (mu, sigma; as pytorch-fid saves them) in place of data
    #[arg(long, value_name = "FILE.npz", conflicts_with_all = ["data", "count"])]
    pub statistics: Option<PathBuf>,
    /// Also write the mean and covariance of the first part of the data
    #[arg(long, value_name = "FILE.npz", conflicts_with = "statistics")]
    pub save_statistics: Option<PathBuf>,
    /// Seed of the timesteps, of all noise, of samples and of subsets
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub guidance: GuidanceArguments,
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

fn features(text: &str) -> Result<FeatureChoice, String> {
    match text {
        "pixels" => Ok(FeatureChoice::Pixels),
        "lite0" => Ok(FeatureChoice::Lite0),
        "inception" => Ok(FeatureChoice::Inception),
        _ => Err("expected pixels, lite0 or inception".to_owned()),
    }
}

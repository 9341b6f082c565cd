//! The arguments of `langevin convert`.

use super::{Weights, size};
use clap::{Args, ValueEnum};
use langevin::interop::foreign::AttentionOrder;
use std::path::PathBuf;

/// What a model can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// A run's folder or a checkpoint's
    Langevin,
    /// A pipeline of one UNet2DModel, or that model's folder
    Diffusers,
    /// A state dict of improved-diffusion or guided-diffusion
    Openai,
    /// A state dict of a PyTorch port of Ho et al.
    Ho,
}

/// What a model can become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A pipeline folder for DDPMPipeline.from_pretrained
    Diffusers,
    /// A checkpoint folder, for `langevin sample` and `langevin train --init`
    Langevin,
}

/// In which order a state dict joins queries, keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// Head by head, within a head queries, keys, values
    HeadsFirst,
    /// All queries, all keys, all values (use_new_attention_order)
    QueriesFirst,
}

impl From<Order> for AttentionOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::HeadsFirst => Self::HeadsFirst,
            Order::QueriesFirst => Self::QueriesFirst,
        }
    }
}

#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// A run's folder, a checkpoint's, a pipeline's, or a file with a state dict (.pt, .ckpt, .safetensors)
    #[arg(value_name = "SRC")]
    pub source: PathBuf,
    /// The folder to make
    #[arg(value_name = "DST")]
    pub target: PathBuf,
    /// What SRC is [default: what it looks like]
    #[arg(long, value_enum, value_name = "KIND")]
    pub from: Option<Source>,
    /// What DST becomes [default: diffusers; langevin if SRC is of diffusers]
    #[arg(long, value_enum, value_name = "KIND")]
    pub to: Option<Target>,
    /// Which weights of a run, or of a file that holds both
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: Weights,
    /// Size of the pictures, where SRC does not say it
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// A setting that a state dict does not say, as in model.heads=4 or diffusion.schedule.kind=cosine; may be given
    /// again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// How a state dict of OpenAI's joins queries, keys and values [default: that of the published model]
    #[arg(long, value_enum, value_name = "ORDER")]
    pub attention_order: Option<Order>,
    /// Where in a file the state dict lies, if it holds several
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,
}

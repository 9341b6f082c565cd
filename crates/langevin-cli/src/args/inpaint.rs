//! The arguments of `langevin inpaint`.

use super::{DrawingArguments, SamplerArguments};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "RePaint (Lugmayr et al. 2022) works with any sampler that goes from noise to data; its authors take ddpm, and \
                  250 steps, which is the most that is taken without --steps. The network is evaluated S + (R - 1) J \
                  floor((S - 1)/J) times, 2,410 times by default."
)]
pub struct InpaintArguments {
    /// The picture
    pub image: PathBuf,
    /// A run's folder (its newest checkpoint), a checkpoint's, or a pipeline that diffusers saved
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// Where to fill in: a picture of the same size, or of the model's; what is neither black nor wholly transparent is filled in
    /// [default: what is not opaque in the picture itself]
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// Fillings, each with noise of its own
    #[arg(short = 'n', value_name = "N", default_value_t = 4)]
    pub count: usize,
    #[command(flatten)]
    pub sampler: SamplerArguments,
    /// Steps that a jump goes back towards noise
    #[arg(long, value_name = "J", default_value_t = 10)]
    pub jump: usize,
    /// How often each stretch of --jump steps is sampled: more fits the known part better; 1 never goes back
    #[arg(long, value_name = "R", default_value_t = 10)]
    pub resamples: usize,
    /// Seed of all noise; filling k of a seed is always the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub drawing: DrawingArguments,
    /// A .png file (the picture, what is known of it, and the fillings), or for the fillings alone a folder for single pictures,
    /// a .npz (uint8) or a .npy (float32, unclipped) file
    #[arg(long, value_name = "DIR|FILE", default_value = "inpaint.png")]
    pub out: PathBuf,
}

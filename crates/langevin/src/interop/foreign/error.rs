//! What can be wrong with a state dict.

use crate::config::RecipeError;
use crate::interop::diffusers::PipelineError;
use crate::interop::torch::TorchError;
use crate::models::weights::WeightsError;
use std::path::PathBuf;

/// Why a state dict cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ForeignError {
    #[error(
        "{path} is not recognised: its tensors are called {names} and so on, as neither OpenAI's diffusion code nor the \
         PyTorch ports of Ho et al. call them"
    )]
    Unknown { path: PathBuf, names: String },
    #[error(
        "{path} comes from denoising-diffusion-pytorch, whose U-Net has RMS normalisation, linear attention and a first \
         convolution of 7x7: the network here has none of them, so its weights have no place"
    )]
    Lucidrains { path: PathBuf },
    #[error("{path} holds {what}, no network that denoises pictures: it cannot be converted")]
    NotADenoiser { path: PathBuf, what: &'static str },
    #[error("{path} was asked for as {asked}, but its names are those of {found}: leave --from out")]
    OtherOrigin { path: PathBuf, asked: &'static str, found: &'static str },
    #[error("{path} holds several state dicts: {found}; choose one with --key")]
    Several { path: PathBuf, found: String },
    #[error("{path} has no state dict under {key:?}: {found}")]
    NoKey { path: PathBuf, key: String, found: String },
    #[error("{path} is not a whole U-Net of {origin}: {message}")]
    Structure { path: PathBuf, origin: &'static str, message: String },
    #[error(
        "{path} does not say the size of its pictures, and its levels are not those of a published model: give --size HxW"
    )]
    NoSize { path: PathBuf },
    #[error("{path} does not go together with its settings: {message}")]
    Settings { path: PathBuf, message: String },
    #[error(transparent)]
    Set(#[from] RecipeError),
    #[error("{path}: {cause}")]
    Misfit { path: PathBuf, cause: WeightsError },
    #[error(transparent)]
    Torch(#[from] TorchError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

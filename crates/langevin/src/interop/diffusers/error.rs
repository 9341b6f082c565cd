//! What can be wrong with a pipeline's folder.

use crate::interop::safetensors::SafetensorsError;
use crate::interop::torch::TorchError;
use std::path::PathBuf;

/// Why a folder cannot be read as a pipeline of diffusers.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PipelineError {
    #[error("cannot read {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("{path} is not sound JSON: {message}")]
    Json { path: PathBuf, message: String },
    #[error("{path} describes {what}: only pipelines of one UNet2DModel and a scheduler are read")]
    NotAUnet { path: PathBuf, what: String },
    #[error("{path} is missing, which says the noise schedule: give the folder of the whole pipeline")]
    NoScheduler { path: PathBuf },
    #[error("{path}: {message}")]
    Config { path: PathBuf, message: String },
    #[error("{path} does not say the size of the samples (sample_size is null): give it with --size HxW")]
    NoSize { path: PathBuf },
    #[error(
        "{folder} holds no weights: expected diffusion_pytorch_model.safetensors, its .index.json and parts, or a .bin"
    )]
    NoWeights { folder: PathBuf },
    #[error("{folder} holds several variants of the weights and no plain ones: {found}; leave one of them")]
    Variants { folder: PathBuf, found: String },
    #[error("{path} is not a sound index of weights: {message}")]
    Index { path: PathBuf, message: String },
    #[error("{path} says that {name} lies in {file}, where it is not")]
    NotInPart { path: PathBuf, name: String, file: String },
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    #[error(transparent)]
    Torch(#[from] TorchError),
}

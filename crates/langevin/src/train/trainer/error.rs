//! Why a training cannot begin.

use crate::train::checkpoint::CheckpointError;
use crate::train::{FreezeError, TransferError};
use langevin_math::MathError;

/// Why there is no training of such settings.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrainerError {
    #[error(transparent)]
    Diffusion(#[from] MathError),
    #[error(transparent)]
    Freeze(#[from] FreezeError),
}

/// Why a training does not begin from a model.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum InitError {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

//! The weights of a checkpoint, as trained or averaged.

use super::{Checkpoint, CheckpointError, EMA, RAW, WeightsKind};
use crate::interop::diffusers::{WEIGHTS_FILE, foreign_error, read_unet_weights};
use crate::interop::safetensors;
use crate::models::ModelConfig;
use crate::models::weights::{Weights, WeightsError};
use std::fs;

impl Checkpoint {
    /// The weights, for a network whose parameters are `names`.
    ///
    /// # Errors
    /// If the file cannot be read or is malformed.
    pub fn weights(&self, kind: WeightsKind, names: &[String]) -> Result<Weights, CheckpointError> {
        self.check_raw(kind)?;
        if let Some(pipeline) = &self.pipeline {
            return Ok(pipeline.weights(names)?);
        }
        let file = self.weights_file(kind);
        self.check_file(file)?;
        Ok(match file {
            WEIGHTS_FILE => read_unet_weights(&self.folder, names)?,
            file => safetensors::read(&self.folder.join(file))?,
        })
    }

    /// The file that has them.
    fn weights_file(&self, kind: WeightsKind) -> &'static str {
        match (kind, &self.settings.recipe.model) {
            (WeightsKind::Raw, _) => RAW,
            (WeightsKind::Ema, ModelConfig::Unet(_)) if !self.folder.join(EMA).is_file() => WEIGHTS_FILE,
            (WeightsKind::Ema, _) => EMA,
        }
    }

    /// Checks that a file of weights is as large as the network, before either is in memory.
    ///
    /// # Errors
    /// If the file cannot be read, or is smaller than the network's parameters.
    pub fn check_size(&self, kind: WeightsKind) -> Result<(), CheckpointError> {
        self.check_raw(kind)?;
        let path = self.folder.join(self.weights_file(kind));
        let size = match &self.pipeline {
            Some(pipeline) => pipeline.weight_bytes()?,
            None => {
                let facts = fs::metadata(&path);
                facts.map_err(|cause| CheckpointError::Read { path: path.clone(), cause })?.len()
            }
        };
        let parameters = self.settings.recipe.model.parameter_count(self.settings.shape);
        if size >= 2 * parameters {
            return Ok(());
        }
        let message = format!("{size} bytes cannot hold the {parameters} parameters of the network");
        Err(CheckpointError::State { path, message })
    }

    /// What to say of weights that do not fit the network: another program's in its own words.
    pub fn misfit(&self, cause: WeightsError) -> CheckpointError {
        let cause = if self.pipeline.is_some() { foreign_error(cause) } else { cause };
        CheckpointError::Misfit { path: self.folder.clone(), cause }
    }

    /// Refuses the weights as trained where there are none: in what another program trained.
    fn check_raw(&self, kind: WeightsKind) -> Result<(), CheckpointError> {
        let foreign = self.pipeline.is_some() || !self.folder.join(RAW).is_file() && !self.is_resumable();
        if kind == WeightsKind::Raw && foreign {
            return Err(CheckpointError::NoRaw { path: self.folder.clone() });
        }
        Ok(())
    }
}

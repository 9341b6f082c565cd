//! The models that can be drawn from: every checkpoint of every run, and one from elsewhere.

mod data;
mod facts;
mod routes;

pub use data::DataCache;
pub use facts::{Facts, ModelKey};
pub use routes::{Which, router};

use crate::error::ApiError;
use crate::runs::Runs;
use langevin::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use utoipa::ToSchema;

/// The id of the model that `--model` names.
const GIVEN: &str = "model";

/// Why the model from elsewhere cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the model {path} cannot be served: {cause}")]
pub struct ModelError {
    path: PathBuf,
    cause: Box<CheckpointError>,
}

/// A model that can be drawn from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelName {
    /// What requests call it.
    pub id: String,
    /// Its run; none for the model from elsewhere.
    pub run: Option<String>,
    /// Its checkpoint within the run.
    pub checkpoint: String,
    /// What it was trained on.
    pub data: Option<String>,
}

/// Where models are looked for.
pub struct Models {
    runs: Arc<Runs>,
    given: Option<PathBuf>,
}

impl Models {
    /// The models of `runs`, and `given`.
    ///
    /// # Errors
    /// If `given` is no model.
    pub fn new(runs: Arc<Runs>, given: Option<PathBuf>) -> Result<Self, ModelError> {
        let given = given
            .map(|path| {
                let folder =
                    find_checkpoint(&path).and_then(|folder| Checkpoint::open(&folder).map(|_| folder));
                folder.map_err(|cause| ModelError { path, cause: Box::new(cause) })
            })
            .transpose()?;
        Ok(Self { runs, given })
    }

    /// All of them: the one from elsewhere, then the newest run's newest checkpoint first.
    pub fn list(&self) -> Vec<ModelName> {
        let given = self.given.as_ref().map(|folder| ModelName {
            id: GIVEN.to_owned(),
            run: None,
            checkpoint: folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            data: None,
        });
        let of_runs = self.runs.list().into_iter().flat_map(|run| {
            let mut names: Vec<ModelName> = run
                .checkpoints
                .iter()
                .map(|checkpoint| ModelName {
                    id: format!("{}/{checkpoint}", run.name),
                    run: Some(run.name.clone()),
                    checkpoint: checkpoint.clone(),
                    data: run.data.clone(),
                })
                .collect();
            names.reverse();
            // The best is an older one once more: it stands last.
            names.sort_by_key(|name| name.checkpoint == "best");
            names
        });
        given.into_iter().chain(of_runs).collect()
    }

    /// What is known of a model without its weights. The id is looked up among those that there are; it is never a path.
    ///
    /// # Errors
    /// If there is no such model, or it is unsound.
    pub fn facts(&self, id: &str, weights: WeightsKind) -> Result<Facts, ApiError> {
        let folder = match &self.given {
            Some(folder) if id == GIVEN => Some(folder.clone()),
            _ => id.rsplit_once('/').and_then(|(run, checkpoint)| self.runs.checkpoint(run, checkpoint)),
        };
        let missing =
            || ApiError::missing(format!("there is no model {id:?}: GET /api/v1/models lists them"));
        Facts::open(id, &folder.ok_or_else(missing)?, weights)
    }
}

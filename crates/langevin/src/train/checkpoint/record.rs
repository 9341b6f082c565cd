//! What a run that begins from a checkpoint says of it.

use super::manifest::hash;
use super::{Checkpoint, MANIFEST};
use crate::config::Beginning;
use std::fs;

impl Checkpoint {
    /// The record of a run that begins from here: where it lies, its step, and the sum of its manifest, as far as it has them.
    pub fn record(&self) -> Beginning {
        let folder = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        let sum = self.manifest.as_ref().and_then(|_| hash(&self.folder.join(MANIFEST)).ok());
        Beginning {
            model: folder.to_string_lossy().into_owned(),
            step: self.pipeline.is_none().then_some(self.step),
            manifest: sum.map(|(_, sum)| sum),
        }
    }
}

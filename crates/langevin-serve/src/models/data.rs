//! What a model was trained on.

use super::{Facts, ModelKey};
use langevin::data::{self, Dataset};
use std::sync::{Arc, Mutex, PoisonError};

/// The data of the model that was asked for last: data sets are large, and one is looked at many times.
#[derive(Default)]
pub struct DataCache {
    kept: Mutex<Option<(ModelKey, Arc<Dataset>)>>,
}

impl DataCache {
    /// The data of a model; waits where somebody else reads some.
    ///
    /// # Errors
    /// If the model does not say what it was trained on, or that cannot be read, or has changed its shape.
    pub fn of(&self, facts: &Facts) -> Result<Arc<Dataset>, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = facts.key();
        if let Some((known, data)) = &*kept
            && *known == key
        {
            return Ok(Arc::clone(data));
        }
        // The old one goes first: two large ones may not fit.
        *kept = None;
        let recipe = &facts.checkpoint.settings.recipe;
        let source = recipe.data.source.as_deref().filter(|_| facts.checkpoint.pipeline.is_none());
        let source = source.ok_or("the model does not say what it was trained on")?;
        let read = data::load(source, &recipe.data.options(recipe.train.seed));
        let data =
            Arc::new(read.map_err(|error| format!("what the model was trained on cannot be read: {error}"))?);
        let shape = facts.shape();
        if [data.height(), data.width(), data.channels()] != [shape.height, shape.width, shape.channels] {
            return Err(format!("{source} has another shape than when the model was trained on it"));
        }
        *kept = Some((key, Arc::clone(&data)));
        Ok(data)
    }
}

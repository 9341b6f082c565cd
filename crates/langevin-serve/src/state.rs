//! What every request can reach.

use crate::jobs::Queue;
use crate::limits::Limits;
use crate::models::{DataCache, Models};
use crate::runs::Runs;
use std::sync::Arc;

/// What is shared by all requests; a clone is another handle to the same.
#[derive(Clone)]
pub struct App {
    /// What a request may ask for.
    pub limits: Limits,
    /// The runs.
    pub runs: Arc<Runs>,
    /// The models.
    pub models: Arc<Models>,
    /// What the models were trained on.
    pub data: Arc<DataCache>,
    /// What computes.
    pub queue: Arc<Queue>,
}

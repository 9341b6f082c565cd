//! What a job is asked, and what is seen of it.

use crate::models::Facts;
use crate::work::{ResultView, Work};
use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What came of a job.
pub struct Outcome {
    /// As it is shown.
    pub view: ResultView,
    /// Files by their names: `grid.png`, `samples.npz`, `0.png`, ….
    pub files: Vec<(String, Bytes)>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for its turn.
    Queued,
    /// It computes.
    Running,
    /// Its result is there.
    Done,
    /// It was given up.
    Cancelled,
    /// It cannot be done.
    Failed,
}

impl JobState {
    /// Whether nothing more will come.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Failed)
    }
}

/// What is asked for, ready to be queued.
pub struct Ticket {
    /// The model.
    pub facts: Facts,
    /// What to do with it.
    pub work: Box<dyn Work>,
    /// The request, for who comes back to it.
    pub request: Value,
    /// The command line that does the same.
    pub command: Option<String>,
    /// Whether its frames are kept: who waits for the result alone needs none.
    pub frames: bool,
}

/// A job as clients see it.
#[derive(Serialize, ToSchema)]
pub struct JobView {
    pub id: String,
    pub kind: &'static str,
    pub state: JobState,
    /// How many are before it in the queue.
    pub position: Option<usize>,
    /// How many jobs had begun before it did.
    pub turn: Option<u64>,
    pub step: usize,
    pub steps: usize,
    pub model: String,
    /// The request's body, without its pictures.
    #[schema(value_type = Object)]
    pub request: Value,
    /// The command line that gives the same.
    pub command: Option<String>,
    pub error: Option<String>,
    /// Samples.
    pub count: usize,
    /// Seconds spent computing.
    pub seconds: Option<f64>,
    pub result: Option<ResultView>,
}

//! The theory in a model's own numbers: what is answered at once, without a job.

mod data;
mod diffuse;
mod field;
mod schedule;

use crate::state::App;
use utoipa_axum::router::OpenApiRouter;

/// The routes of the theory.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(schedule::router())
        .merge(diffuse::router())
        .merge(field::router())
        .merge(data::router())
}

//! What a model was trained on, to look at.

use crate::error::{Answer, ApiError, ErrorBody};
use crate::models::{Facts, Which};
use crate::pictures::{data_uri, sheet};
use crate::state::App;
use axum::Json;
use axum::extract::{Query, State};
use langevin::data::Dataset;
use langevin::tensor::to_points;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Columns of a sheet.
const COLUMNS: usize = 8;

/// The route.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(data))
}

/// How many of whose data.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The model's id.
    model: String,
    /// How many, spread evenly.
    #[serde(default = "eight")]
    count: usize,
}

fn eight() -> usize {
    8
}

/// Some of a model's data.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum DataView {
    /// Pictures on a sheet, close together.
    Pictures {
        count: usize,
        columns: usize,
        height: usize,
        width: usize,
        /// The number of each in the data.
        indices: Vec<usize>,
        /// As a data URI.
        png: String,
    },
    /// Points.
    Points { points: Vec<[f32; 2]> },
}

/// The data of a model, read on a thread that may wait for them.
pub async fn of(app: &App, facts: &Facts) -> Answer<Arc<Dataset>> {
    let (cache, facts) = (Arc::clone(&app.data), facts.clone());
    app.at_once(move || cache.of(&facts)).await?.map_err(ApiError::wrong)
}

/// Some of what a model was trained on.
#[utoipa::path(get, path = "/data", tag = "theory", params(Asked),
    responses((status = 200, body = DataView), (status = 400, body = ErrorBody)))]
async fn data(State(app): State<App>, Query(Asked { model, count }): Query<Asked>) -> Answer<Json<DataView>> {
    let facts = Which { model }.facts(&app).await?;
    let most = if facts.levels().is_some() { app.limits.count } else { app.limits.points };
    if !(1..=most).contains(&count) {
        return Err(ApiError::wrong(format!("count is {count}: ask for 1 to {most}")));
    }
    let data = of(&app, &facts).await?;
    let count = count.min(data.len());
    let indices: Vec<usize> = (0..count).map(|index| index * data.len() / count).collect();
    let view = app.at_once(move || {
        let (size, shape) = (data.sample_len(), facts.shape());
        let mut samples = vec![0.0; count * size];
        for (&index, sample) in indices.iter().zip(samples.chunks_mut(size)) {
            data.read(index, sample);
        }
        if facts.levels().is_none() {
            return Ok(DataView::Points { points: to_points(&samples) });
        }
        let columns = COLUMNS.min(count);
        let png = data_uri(&sheet(&samples, shape, columns).map_err(ApiError::failed)?);
        let (height, width) = (shape.height, shape.width);
        Ok(DataView::Pictures { count, columns, height, width, indices, png })
    });
    view.await?.map(Json)
}

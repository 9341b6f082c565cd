//! The field that a network of points has learned.

use crate::error::{Answer, ApiError, ErrorBody};
use crate::models::Which;
use crate::state::App;
use crate::work::Weights;
use axum::Json;
use axum::extract::{Query, State};
use langevin::SampleOptions;
use langevin::tensor::{from_samples, to_vec};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Cells a side.
const CELLS: usize = 48;

/// Half a side of the square that is shown: noise reaches about so far, and so do the built-in points.
const REACH: f32 = 3.0;

/// The route.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(field))
}

/// Which field.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The model's id.
    model: String,
    /// Which of its weights.
    #[serde(default)]
    weights: Weights,
    /// The timestep, from 1 to T.
    t: usize,
    /// Cells a side.
    #[serde(default = "twenty_four")]
    cells: usize,
}

fn twenty_four() -> usize {
    24
}

/// The score ∇ ln p_t(x) = −ε̂/σ_t at the middle of each cell, row by row from below.
#[derive(Serialize, ToSchema)]
struct FieldView {
    t: usize,
    /// The ends of both axes.
    range: [f32; 2],
    x: Vec<f32>,
    y: Vec<f32>,
    u: Vec<f32>,
    v: Vec<f32>,
}

/// The learned score of a model of points.
#[utoipa::path(get, path = "/field", tag = "theory", params(Asked),
    responses((status = 200, body = FieldView), (status = 400, body = ErrorBody)))]
async fn field(State(app): State<App>, Query(asked): Query<Asked>) -> Answer<Json<FieldView>> {
    let Asked { model, weights, t, cells } = asked;
    let facts = Which { model }.facts_of(&app, weights.into()).await?;
    if facts.levels().is_some() {
        return Err(ApiError::wrong("this is a model of pictures: only that of points has a field to show"));
    }
    let total = facts.process.len();
    if !(1..=total).contains(&t) || !(2..=CELLS).contains(&cells) {
        return Err(ApiError::wrong(format!("give t from 1 to {total}, and 2 to {CELLS} cells")));
    }
    let computed = app.at_once(move || {
        let model = facts.load()?;
        let middle = |cell: usize| REACH * ((2 * cell + 1) as f32 / cells as f32 - 1.0);
        let lattice: Vec<[f32; 2]> =
            (0..cells).flat_map(|row| (0..cells).map(move |column| [middle(column), middle(row)])).collect();
        let level = facts.process.table.level(t - 1);
        let denoiser =
            model.sampling().denoiser(&SampleOptions::default()).map_err(|error| error.to_string())?;
        let x = from_samples(lattice.as_flattened().to_vec(), facts.shape(), &langevin::cpu());
        let eps = to_vec(denoiser.denoise(x, level).eps);
        let score = |axis: usize| eps.chunks(2).map(|eps| -eps[axis] / level.sigma() as f32).collect();
        let (u, v) = (score(0), score(1));
        let axis = |axis: usize| lattice.iter().map(|point| point[axis]).collect();
        Ok::<_, String>(FieldView { t, range: [-REACH, REACH], x: axis(0), y: axis(1), u, v })
    });
    Ok(Json(computed.await?.map_err(ApiError::failed)?))
}

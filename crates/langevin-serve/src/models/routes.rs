//! What can be asked of models and samplers.

use super::facts::ModelFacts;
use super::{Facts, ModelName};
use crate::error::{Answer, ApiError, ErrorBody};
use crate::state::App;
use axum::Json;
use axum::extract::{Query, State};
use langevin::math::Variance;
use langevin::sampler::{Knob, Knobs, SAMPLERS};
use langevin::train::WeightsKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of models.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(describe)).routes(routes!(samplers))
}

/// All models.
#[derive(Serialize, ToSchema)]
struct ModelList {
    models: Vec<ModelName>,
}

/// Which model.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Its id.
    pub model: String,
}

impl Which {
    /// Its settings, read on a thread that may wait for files.
    pub async fn facts(self, app: &App) -> Answer<Facts> {
        self.facts_of(app, WeightsKind::Ema).await
    }

    /// The same, for either weights.
    pub async fn facts_of(self, app: &App, weights: WeightsKind) -> Answer<Facts> {
        let models = app.models.clone();
        let read = tokio::task::spawn_blocking(move || models.facts(&self.model, weights));
        read.await.map_err(|error| ApiError::failed(format!("reading the model broke off: {error}")))?
    }
}

/// A sampler that requests may name.
#[derive(Serialize, ToSchema)]
struct SamplerView {
    name: &'static str,
    good_for: &'static str,
    source: &'static str,
    /// Its own η; none where it has none.
    eta: Option<f64>,
    /// Its own order, and the highest; none where it has one only.
    order: Option<[usize; 2]>,
    /// Its own number of steps; none where that is every timestep.
    steps: Option<usize>,
    /// Evaluations of the network a step.
    evaluations: usize,
    /// Whether nothing but x_T decides about a sample, as it stands.
    deterministic: bool,
}

/// All samplers that go from noise to data.
#[derive(Serialize, ToSchema)]
struct SamplerList {
    samplers: Vec<SamplerView>,
}

/// Lists the models.
#[utoipa::path(get, path = "/models", tag = "models", responses((status = 200, body = ModelList)))]
async fn list(State(app): State<App>) -> Answer<Json<ModelList>> {
    let models = tokio::task::spawn_blocking(move || app.models.list()).await;
    let models = models.map_err(|error| ApiError::failed(format!("reading broke off: {error}")))?;
    Ok(Json(ModelList { models }))
}

/// What a model is.
#[utoipa::path(get, path = "/models/describe", tag = "models", params(Which),
    responses((status = 200, body = ModelFacts), (status = 404, body = ErrorBody)))]
async fn describe(State(app): State<App>, Query(which): Query<Which>) -> Answer<Json<ModelFacts>> {
    Ok(Json(which.facts(&app).await?.describe()))
}

/// Lists the samplers.
#[utoipa::path(get, path = "/samplers", tag = "models", responses((status = 200, body = SamplerList)))]
async fn samplers() -> Json<SamplerList> {
    let view = |sampler: &'static langevin::sampler::Sampler| {
        let knobs = Knobs::new(Variance::FixedLarge);
        let order = sampler.knobs.iter().find_map(|knob| match knob {
            Knob::Order(own, most) => Some([*own, *most]),
            _ => None,
        });
        SamplerView {
            name: sampler.name,
            good_for: sampler.good_for,
            source: sampler.source,
            eta: sampler.eta(&knobs),
            order,
            steps: sampler.steps,
            evaluations: sampler.evaluations,
            deterministic: !sampler.draws_noise(&knobs),
        }
    };
    Json(SamplerList { samplers: SAMPLERS.iter().filter(|sampler| !sampler.inverts()).map(view).collect() })
}

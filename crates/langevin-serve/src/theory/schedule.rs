//! The coefficients of a process, timestep by timestep.

use crate::error::{Answer, ApiError, ErrorBody};
use crate::models::Which;
use crate::state::App;
use axum::Json;
use axum::extract::{Query, State};
use langevin::diffusion::Process;
use langevin::math::{Prediction, Schedule, Variance};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Rows of an answer.
const ROWS: usize = 1000;

/// The schedules that have a name.
const NAMES: [&str; 4] = ["linear", "scaled-linear", "cosine", "sigmoid"];

/// T, if a schedule is named without.
const TIMESTEPS: usize = 1000;

/// The route.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(schedule))
}

/// Whose process: a model's, or that of a schedule by its name.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// A model's id.
    pub model: Option<String>,
    /// linear, scaled-linear, cosine or sigmoid.
    pub schedule: Option<String>,
    /// T; 1000 if left out.
    pub timesteps: Option<usize>,
}

impl Whose {
    /// The process, and its schedule's name.
    ///
    /// # Errors
    /// If neither is given, or there is none of that name or length.
    pub async fn process(self, app: &App) -> Answer<(String, Process)> {
        match (self.schedule, self.model) {
            (Some(name), _) => {
                let unknown =
                    || ApiError::wrong(format!("there is no schedule {name:?}: {}", NAMES.join(", ")));
                let known = NAMES.contains(&name.as_str()).then(|| serde_json::json!({ "kind": name }));
                let schedule: Option<Schedule> = known.and_then(|known| serde_json::from_value(known).ok());
                let (schedule, timesteps) =
                    (schedule.ok_or_else(unknown)?, self.timesteps.unwrap_or(TIMESTEPS));
                let process = Process::new(&schedule, timesteps, Prediction::Epsilon, Variance::FixedLarge);
                Ok((name, process.map_err(ApiError::wrong)?))
            }
            (None, Some(model)) => {
                let facts = Which { model }.facts(app).await?;
                Ok((facts.checkpoint.settings.recipe.diffusion.schedule.name(), facts.process))
            }
            (None, None) => Err(ApiError::wrong("give a model, or a schedule and timesteps")),
        }
    }
}

/// The coefficients at some timesteps, in order.
#[derive(Serialize, ToSchema)]
struct ScheduleView {
    schedule: String,
    timesteps: usize,
    /// Counted from 1, as in the papers.
    t: Vec<usize>,
    /// β_t
    beta: Vec<f64>,
    /// ᾱ_t = ∏ (1 − β_s)
    alpha_bar: Vec<f64>,
    /// ᾱ_t / (1 − ᾱ_t)
    snr: Vec<f64>,
    /// ln SNR
    log_snr: Vec<f64>,
    /// β̃_t = (1 − ᾱ_{t−1}) / (1 − ᾱ_t) β_t
    posterior_variance: Vec<f64>,
}

/// The coefficients of a process: some 1,000 timesteps of it, evenly spread, with both ends.
#[utoipa::path(get, path = "/schedule", tag = "theory", params(Whose),
    responses((status = 200, body = ScheduleView), (status = 400, body = ErrorBody)))]
async fn schedule(State(app): State<App>, Query(whose): Query<Whose>) -> Answer<Json<ScheduleView>> {
    let (schedule, process) = whose.process(&app).await?;
    let (table, timesteps) = (&process.table, process.len());
    let rows = timesteps.min(ROWS);
    let shown: Vec<usize> = (0..rows).map(|row| row * (timesteps - 1) / (rows - 1).max(1)).collect();
    let column = |of: &dyn Fn(usize) -> f64| shown.iter().map(|&t| of(t)).collect();
    Ok(Json(ScheduleView {
        schedule,
        timesteps,
        t: shown.iter().map(|t| t + 1).collect(),
        beta: column(&|t| table.beta(t)),
        alpha_bar: column(&|t| table.alpha_bar(t)),
        snr: column(&|t| table.snr(t)),
        log_snr: column(&|t| table.log_snr(t)),
        posterior_variance: column(&|t| table.posterior_variance(t)),
    }))
}

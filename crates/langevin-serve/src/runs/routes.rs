//! What can be asked of runs.

use super::events::{Events, stream};
use super::tail::Tail;
use super::{RunSummary, Runs};
use crate::error::{Answer, ApiError, ErrorBody};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use langevin::train::{MetricsLine, RunFolder};
use serde::{Deserialize, Serialize};
use std::fs;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of runs.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(run))
        .routes(routes!(metrics))
        .routes(routes!(events))
        .routes(routes!(grid))
        .routes(routes!(report))
}

/// All runs.
#[derive(Serialize, ToSchema)]
struct RunList {
    /// The one that changed last first.
    runs: Vec<RunSummary>,
}

/// A run with its settings.
#[derive(Serialize, ToSchema)]
struct RunDetail {
    #[serde(flatten)]
    summary: RunSummary,
    /// Every setting, resolved, in TOML.
    config: String,
}

/// Lines of metrics.
#[derive(Serialize, ToSchema)]
struct Metrics {
    /// As in `metrics.jsonl`; at most some 5,000, evenly chosen.
    #[schema(value_type = Vec<Object>)]
    lines: Vec<MetricsLine>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct After {
    /// Only what comes after this step.
    #[serde(default)]
    after: u64,
}

/// Reads files on a thread that may wait for them.
async fn blocking<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| ApiError::failed(format!("reading broke off: {error}")))
}

async fn find(runs: &Arc<Runs>, name: String) -> Answer<RunFolder> {
    let theirs = Arc::clone(runs);
    let asked = name.clone();
    let folder = blocking(move || theirs.folder(&asked)).await?;
    folder.ok_or_else(|| ApiError::missing(format!("there is no run {name:?}: GET /api/v1/runs lists them")))
}

/// Lists the runs.
#[utoipa::path(get, path = "/runs", tag = "runs", responses((status = 200, body = RunList)))]
async fn list(State(app): State<App>) -> Answer<Json<RunList>> {
    let runs = blocking(move || app.runs.list()).await?;
    Ok(Json(RunList { runs }))
}

/// A run, and its settings.
#[utoipa::path(get, path = "/runs/{name}", tag = "runs", params(("name" = String, Path)),
    responses((status = 200, body = RunDetail), (status = 404, body = ErrorBody)))]
async fn run(State(app): State<App>, Path(name): Path<String>) -> Answer<Json<RunDetail>> {
    let folder = find(&app.runs, name.clone()).await?;
    let detail = blocking(move || RunDetail {
        summary: RunSummary::of(&name, &folder),
        config: fs::read_to_string(folder.config()).unwrap_or_default(),
    });
    Ok(Json(detail.await?))
}

/// The lines of a run's metrics.
#[utoipa::path(get, path = "/runs/{name}/metrics", tag = "runs", params(("name" = String, Path), After),
    responses((status = 200, body = Metrics), (status = 404, body = ErrorBody)))]
async fn metrics(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(After { after }): Query<After>,
) -> Answer<Json<Metrics>> {
    let folder = find(&app.runs, name).await?;
    let lines = blocking(move || Tail::new(folder.metrics()).all(after)).await?;
    let lines = lines.map_err(|error| ApiError::failed(format!("its metrics cannot be read: {error}")))?;
    Ok(Json(Metrics { lines }))
}

/// A run as it goes: server-sent events `run`, `metrics` (whose id is the step) and `reset`.
#[utoipa::path(get, path = "/runs/{name}/events", tag = "runs", params(("name" = String, Path), After),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, body = ErrorBody)))]
async fn events(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Answer<Sse<impl futures_util::Stream<Item = <Events as futures_util::Stream>::Item>>> {
    find(&app.runs, name.clone()).await?;
    let place = app.stream()?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let events = stream(Arc::clone(&app.runs), name, last.unwrap_or(after), place);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// The grid of samples of a step.
#[utoipa::path(get, path = "/runs/{name}/grids/{step}", tag = "runs",
    params(("name" = String, Path), ("step" = u64, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404, body = ErrorBody)))]
async fn grid(State(app): State<App>, Path((name, step)): Path<(String, u64)>) -> Answer<Response> {
    let folder = find(&app.runs, name.clone()).await?;
    let read = blocking(move || {
        let own = fs::read(folder.grid(step));
        own.or_else(|error| match RunSummary::of(&name, &folder) {
            summary if summary.steps == step => fs::read(folder.final_grid()),
            _ => Err(error),
        })
    });
    let bytes = read.await?.map_err(|_| ApiError::missing(format!("step {step} has no grid")))?;
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-cache")], bytes).into_response())
}

/// The run as one HTML file that needs nothing else.
#[utoipa::path(get, path = "/runs/{name}/report", tag = "runs", params(("name" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = ErrorBody)))]
async fn report(State(app): State<App>, Path(name): Path<String>) -> Answer<Response> {
    let folder = find(&app.runs, name.clone()).await?;
    let text = blocking(move || crate::report::report(&folder.root)).await?;
    let text = text.map_err(ApiError::failed)?;
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{safe}.html\"")),
    ];
    Ok((headers, text).into_response())
}

//! What can be asked of jobs.

use super::events::{Events, stream};
use super::job::Job;
use super::view::{JobView, Ticket};
use crate::error::{Answer, ApiError, ErrorBody};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of jobs.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, cancel))
        .routes(routes!(events))
        .routes(routes!(file))
}

/// A job that was taken.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// Its id.
    id: String,
    /// Where its events come from.
    events: String,
}

/// How a request is answered.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// Whether the answer comes when the job is done; the job then ends with the connection.
    #[serde(default)]
    wait: bool,
}

/// All jobs.
#[derive(Serialize, ToSchema)]
struct JobList {
    /// Without their results.
    jobs: Vec<JobView>,
    queue: QueueView,
}

/// The queue.
#[derive(Serialize, ToSchema)]
struct QueueView {
    /// How many wait.
    length: usize,
    /// How many may wait.
    limit: usize,
    /// How many compute.
    running: usize,
}

/// Queues a job and answers: at once, or when it is done.
pub async fn submit(app: &App, ticket: Ticket, Wait { wait }: Wait) -> Answer<Response> {
    let job = app.queue.submit(Ticket { frames: !wait, ..ticket })?;
    if !wait {
        let id = job.id.clone();
        let events = format!("/api/v1/jobs/{id}/events");
        return Ok((StatusCode::ACCEPTED, Json(Taken { id, events })).into_response());
    }
    // A connection that is closed drops this function where it waits.
    let _given_up = GivenUp { app, job: &job };
    let mut watching = job.watch();
    while !job.state().is_over() {
        watching.changed().await;
    }
    Ok(Json(job.view(true)).into_response())
}

/// Gives a job up when it is dropped; one that has ended stays as it is.
struct GivenUp<'a> {
    app: &'a App,
    job: &'a Arc<Job>,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if !self.job.state().is_over() {
            self.app.queue.cancel(self.job);
        }
    }
}

fn find(app: &App, id: &str) -> Answer<Arc<Job>> {
    let missing = || {
        ApiError::missing(format!("there is no job {id:?}, or no more: results are kept for a while only"))
    };
    let job = app.queue.job(id).ok_or_else(missing)?;
    job.seen();
    Ok(job)
}

/// Lists the jobs that are known.
#[utoipa::path(get, path = "/jobs", tag = "jobs", responses((status = 200, body = JobList)))]
async fn list(State(app): State<App>) -> Json<JobList> {
    let (jobs, length, running) = app.queue.list();
    let jobs = jobs.iter().map(|job| job.view(false)).collect();
    Json(JobList { jobs, queue: QueueView { length, limit: app.limits.queue, running } })
}

/// A job, with its result once it is there.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobView), (status = 404, body = ErrorBody)))]
async fn show(State(app): State<App>, Path(id): Path<String>) -> Answer<Json<JobView>> {
    Ok(Json(find(&app, &id)?.view(true)))
}

/// Gives a job up. One that has ended stays as it is.
#[utoipa::path(delete, path = "/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobView), (status = 404, body = ErrorBody)))]
async fn cancel(State(app): State<App>, Path(id): Path<String>) -> Answer<Json<JobView>> {
    let job = find(&app, &id)?;
    app.queue.cancel(&job);
    Ok(Json(job.view(true)))
}

/// A job as it goes: server-sent events `job` and `frame` (whose id is its number).
#[utoipa::path(get, path = "/jobs/{id}/events", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, body = ErrorBody)))]
async fn events(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<Sse<impl futures_util::Stream<Item = <Events as futures_util::Stream>::Item>>> {
    let job = find(&app, &id)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    Ok(Sse::new(stream(&job, last.unwrap_or(0), app.stream()?)).keep_alive(KeepAlive::default()))
}

/// A file of a job's result.
#[utoipa::path(get, path = "/jobs/{id}/{file}", tag = "jobs", params(("id" = String, Path), ("file" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 404, body = ErrorBody)))]
async fn file(State(app): State<App>, Path((id, name)): Path<(String, String)>) -> Answer<Response> {
    let job = find(&app, &id)?;
    let outcome = job.outcome();
    let file = outcome.as_ref().and_then(|outcome| outcome.files.iter().find(|(known, _)| *known == name));
    let (name, bytes) =
        file.ok_or_else(|| ApiError::missing(format!("the job {id} has no file {name:?}")))?;
    let kind = if name.ends_with(".png") { "image/png" } else { "application/octet-stream" };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, max-age=3600")];
    Ok((headers, bytes.clone()).into_response())
}

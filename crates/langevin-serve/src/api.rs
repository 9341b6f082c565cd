//! All routes, and their description.

use crate::error::ApiError;
use crate::guard::{Guard, watch};
use crate::limits::Limits;
use crate::state::App;
use crate::{assets, jobs, models, runs, theory, work};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router, middleware};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Langevin",
        description = "Runs as they train, samples from trained models, and the theory in their own numbers. What computes is a \
                       job of a queue: POST answers 202 with its id, GET /jobs/{id}/events says how it goes. With ?wait=true the \
                       answer comes when it is done, and a connection that is closed ends it. A job that nobody asks for or \
                       watches for a minute is given up."
    ),
    tags(
        (name = "runs", description = "Training runs"),
        (name = "models", description = "Models and samplers"),
        (name = "compute", description = "What computes"),
        (name = "jobs", description = "The queue"),
        (name = "theory", description = "Answered at once")
    )
)]
struct Description;

/// Pages, files and the API, behind the guard.
pub fn router(app: App, guard: Guard) -> Router {
    let described = OpenApiRouter::new()
        .merge(runs::router())
        .merge(models::router())
        .merge(work::router())
        .merge(jobs::router())
        .merge(theory::router())
        .routes(routes!(limits));
    let api = OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", described);
    let (api, description) = api.split_for_parts();
    let description = description.to_json().unwrap_or_default();
    let json = [(header::CONTENT_TYPE, "application/json")];
    let pages = Router::new()
        .route("/", get(assets::runs))
        .route("/studio", get(assets::studio))
        .route("/theory", get(assets::theory))
        .route("/assets/{name}", get(assets::file))
        .route("/favicon.ico", get(assets::icon))
        .route("/api/v1/openapi.json", get(move || async move { (json, description) }));
    pages
        .merge(api)
        .fallback(|| async { ApiError::missing("there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take that method")
                .into_response()
        })
        .with_state(app)
        .layer(middleware::from_fn_with_state(Arc::new(guard), watch))
}

/// What a request may ask for.
#[utoipa::path(get, path = "/limits", tag = "models", responses((status = 200, body = Limits)))]
async fn limits(State(app): State<App>) -> Json<Limits> {
    Json(app.limits)
}

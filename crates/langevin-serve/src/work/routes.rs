//! Requests for jobs.

use super::denoise::Denoise;
use super::inpaint::Inpaint;
use super::interpolate::Interpolate;
use super::requests::{DenoiseRequest, InpaintRequest, InterpolateRequest, SampleRequest, TermsRequest};
use super::sample::Sample;
use super::terms::Terms;
use super::trajectories::Trajectories;
use super::wish::{Weights, model_arguments, plan};
use super::{Work, room};
use crate::body::Body;
use crate::error::{Answer, ApiError, ErrorBody};
use crate::jobs::{Taken, Ticket, Wait, submit};
use crate::models::Facts;
use crate::pictures::{as_sample, covered, decode};
use crate::state::App;
use axum::extract::{Query, State};
use axum::response::Response;
use langevin::{Inpainting, Renoising};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Steps of inpainting if none are asked for: Lugmayr et al. 2022, section 5.
const INPAINTING_STEPS: usize = 250;

/// The routes of requests that compute.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(samples))
        .routes(routes!(interpolate))
        .routes(routes!(denoise))
        .routes(routes!(inpaint))
        .routes(routes!(terms))
        .routes(routes!(trajectories))
}

/// Reads a model's settings on a thread that may wait for its files.
async fn facts(app: &App, model: &str, weights: Weights) -> Answer<Facts> {
    let (models, model) = (app.models.clone(), model.to_owned());
    let read = tokio::task::spawn_blocking(move || models.facts(&model, weights.into()));
    read.await.map_err(|error| ApiError::failed(format!("reading the model broke off: {error}")))?
}

fn ticket(
    facts: Facts,
    work: impl Work + 'static,
    request: &impl Serialize,
    command: Option<String>,
) -> Ticket {
    let request = serde_json::to_value(request).unwrap_or(Value::Null);
    Ticket { facts, work: Box::new(work), request, command, frames: true }
}

fn only_pictures(facts: &Facts) -> Answer<()> {
    match facts.levels() {
        Some(_) => Ok(()),
        None => Err(ApiError::wrong("this is a model of points, not of pictures")),
    }
}

/// Draws samples.
#[utoipa::path(post, path = "/samples", tag = "compute", params(Wait), request_body = SampleRequest,
    responses((status = 202, body = Taken), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn samples(
    State(app): State<App>,
    Query(wait): Query<Wait>,
    Body(request): Body<SampleRequest>,
) -> Answer<Response> {
    let facts = facts(&app, &request.model, request.weights).await?;
    let wish = request.wish(request.seed);
    let options = wish.options(&facts, request.count, &app.limits)?;
    let (model, weights) = model_arguments(&facts);
    let (arguments, SampleRequest { count, seed, .. }) = (wish.arguments(), &request);
    let command =
        format!("langevin sample {model}{weights}{arguments} -n {count} --seed {seed} --out samples.png");
    let work = Sample::new(options, &facts);
    submit(&app, ticket(facts, work, &request, Some(command)), wait).await
}

/// Draws points, and keeps where they were on their way.
#[utoipa::path(post, path = "/trajectories", tag = "compute", params(Wait), request_body = SampleRequest,
    responses((status = 202, body = Taken), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn trajectories(
    State(app): State<App>,
    Query(wait): Query<Wait>,
    Body(request): Body<SampleRequest>,
) -> Answer<Response> {
    let facts = facts(&app, &request.model, request.weights).await?;
    if facts.levels().is_some() {
        return Err(ApiError::wrong("this is a model of pictures, not of points"));
    }
    let wish = request.wish(request.seed);
    let options = wish.options(&facts, request.count, &app.limits)?;
    let (model, weights) = model_arguments(&facts);
    let (arguments, SampleRequest { count, seed, .. }) = (wish.arguments(), &request);
    let command = format!(
        "langevin sample {model}{weights}{arguments} -n {count} --seed {seed} --trajectory points.gif"
    );
    let work = Trajectories { sample: Sample::new(options, &facts) };
    submit(&app, ticket(facts, work, &request, Some(command)), wait).await
}

/// Draws the samples between those of two seeds.
#[utoipa::path(post, path = "/interpolate", tag = "compute", params(Wait), request_body = InterpolateRequest,
    responses((status = 202, body = Taken), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn interpolate(
    State(app): State<App>,
    Query(wait): Query<Wait>,
    Body(request): Body<InterpolateRequest>,
) -> Answer<Response> {
    let facts = facts(&app, &request.model, request.weights).await?;
    let InterpolateRequest { from_seed, to_seed, frames, .. } = request;
    if frames < 2 {
        return Err(ApiError::wrong(format!("frames is {frames}: ask for 2 at least, the two ends")));
    }
    let wish = request.wish(from_seed);
    let options = wish.options(&facts, frames, &app.limits)?;
    let (model, weights) = model_arguments(&facts);
    let arguments = wish.arguments();
    let command = format!(
        "langevin interpolate {model}{weights} --from {from_seed} --to {to_seed}{arguments} -n {frames} --out interpolation.png"
    );
    let work = Interpolate { sample: Sample::new(options, &facts), seeds: [from_seed, to_seed] };
    let draws = work.sample.draws_noise(&facts)?;
    if draws {
        let sentence = "this sampler draws noise on its way, so that nothing leads from one seed to the other: take ddim with eta 0, \
                        or another that is deterministic";
        return Err(ApiError::wrong(sentence));
    }
    submit(&app, ticket(facts, work, &request, Some(command)), wait).await
}

/// Makes a picture noisy, and denoises it.
#[utoipa::path(post, path = "/denoise", tag = "compute", params(Wait), request_body = DenoiseRequest,
    responses((status = 202, body = Taken), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn denoise(
    State(app): State<App>,
    Query(wait): Query<Wait>,
    Body(request): Body<DenoiseRequest>,
) -> Answer<Response> {
    let facts = facts(&app, &request.model, request.weights).await?;
    only_pictures(&facts)?;
    facts.check_class(request.class)?;
    let DenoiseRequest { from, steps, seed, class, .. } = request;
    let total = facts.process.len();
    if !(1..=total).contains(&from) {
        return Err(ApiError::wrong(format!("from is {from}: this model's timesteps are 1 to {total}")));
    }
    if let Some(steps) = steps.filter(|steps| !(1..=from).contains(steps)) {
        return Err(ApiError::wrong(format!("steps is {steps}: from {from} there are 1 to {from}")));
    }
    let (facts, text, limits) = (Arc::new(facts), request.picture.clone(), app.limits);
    let theirs = Arc::clone(&facts);
    let read = app.at_once(move || as_sample(decode("picture", &text, &limits)?, &theirs));
    let picture = read.await??;
    let facts = Arc::unwrap_or_clone(facts);
    let (model, weights) = model_arguments(&facts);
    let fewer = steps.map_or_else(String::new, |steps| format!(" --steps {steps}"));
    let class_argument = class.map_or_else(String::new, |class| format!(" --class {class}"));
    let command = format!(
        "langevin denoise PICTURE --model {model}{weights} --from {from}{fewer}{class_argument} --seed {seed}"
    );
    let room = room(&facts);
    let work = Denoise { picture, wanted: Renoising { timestep: from - 1, steps, seed, class }, room };
    submit(&app, ticket(facts, work, &request, Some(command)), wait).await
}

/// Draws the masked part of a picture anew.
#[utoipa::path(post, path = "/inpaint", tag = "compute", params(Wait), request_body = InpaintRequest,
    responses((status = 202, body = Taken), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn inpaint(
    State(app): State<App>,
    Query(wait): Query<Wait>,
    Body(request): Body<InpaintRequest>,
) -> Answer<Response> {
    let facts = facts(&app, &request.model, request.weights).await?;
    only_pictures(&facts)?;
    let mut wish = request.wish(request.seed);
    let mut options = wish.options(&facts, request.count, &app.limits)?;
    // As the program does; written down, so that the command line says it.
    let steps = plan(&facts, &options)?.grid.len();
    let steps = if wish.steps.is_none() { steps.min(INPAINTING_STEPS) } else { steps };
    (wish.steps, options.steps) = (Some(steps), Some(steps));
    let InpaintRequest { jump, resamples, seed, count, .. } = request;
    if jump == 0 || resamples == 0 {
        return Err(ApiError::wrong("jump and resamples are 1 at least"));
    }
    let (facts, texts, limits) =
        (Arc::new(facts), (request.picture.clone(), request.mask.clone()), app.limits);
    let theirs = Arc::clone(&facts);
    let read = app.at_once(move || {
        let picture = decode("picture", &texts.0, &limits)?;
        let mask = covered(&decode("mask", &texts.1, &limits)?, &picture, &theirs)?;
        Ok::<_, ApiError>((as_sample(picture, &theirs)?, mask))
    });
    let (known, mask) = read.await??;
    let facts = Arc::unwrap_or_clone(facts);
    let inpainting = Inpainting { known, mask, jump, resamples };
    let sample = Sample::new(options, &facts);
    let (steps, most) = (inpainting.steps(sample.steps(&facts)?), app.limits.steps * 4);
    if steps > most {
        let sentence = format!(
            "with jump {jump} and {resamples} resamples these are {steps} steps: ask for {most} at most"
        );
        return Err(ApiError::wrong(sentence));
    }
    let (model, weights) = model_arguments(&facts);
    let arguments = wish.arguments();
    let command = format!(
        "langevin inpaint PICTURE --mask MASK --model {model}{weights}{arguments} --jump {jump} --resamples {resamples} -n {count} \
         --seed {seed}"
    );
    submit(&app, ticket(facts, Inpaint { sample, inpainting }, &request, Some(command)), wait).await
}

/// Evaluates the bound on the likelihood of the model's own data.
#[utoipa::path(post, path = "/terms", tag = "compute", params(Wait), request_body = TermsRequest,
    responses((status = 202, body = Taken), (status = 400, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn terms(
    State(app): State<App>,
    Query(wait): Query<Wait>,
    Body(request): Body<TermsRequest>,
) -> Answer<Response> {
    /// Pictures of one request.
    const MOST: usize = 1024;
    let facts = facts(&app, &request.model, request.weights).await?;
    only_pictures(&facts)?;
    facts.check_class(request.class)?;
    let TermsRequest { count, seed, class, .. } = request;
    if !(1..=MOST).contains(&count) {
        return Err(ApiError::wrong(format!("count is {count}: ask for 1 to {MOST} pictures")));
    }
    let (model, weights) = model_arguments(&facts);
    let command = format!("langevin evaluate {model}{weights} --metrics nll -n {count} --seed {seed}");
    let work = Terms { data: app.data.clone(), count, seed, class, room: room(&facts) };
    submit(&app, ticket(facts, work, &request, Some(command)), wait).await
}

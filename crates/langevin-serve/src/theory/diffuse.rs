//! A picture on its way to noise.

use super::schedule::Whose;
use crate::body::Body;
use crate::error::{Answer, ApiError, ErrorBody};
use crate::models::Which;
use crate::pictures::{data_uri, decode};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use langevin::data::{Channels, Picture, encode_png};
use langevin::math::rng::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Moments of one answer.
const MOMENTS: usize = 16;

/// The longer side of an answer's pictures; larger ones are made smaller.
const SIDE: usize = 512;

/// The route.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(diffuse))
}

/// Which picture, and when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DiffuseRequest {
    /// A picture in base64 or as a data URI; or else `model` and `index`.
    picture: Option<String>,
    /// A model, for its data and its process.
    model: Option<String>,
    /// The picture's number in the model's data.
    index: Option<usize>,
    /// A schedule in place of the model's.
    schedule: Option<String>,
    /// Its T.
    timesteps: Option<usize>,
    /// The timesteps to show, 0 (the picture) to T.
    t: Vec<usize>,
    /// Seed of the noise, the same at every t.
    #[serde(default)]
    seed: u64,
    /// Height and width to resize the picture to.
    size: Option<[usize; 2]>,
}

/// x_t
#[derive(Serialize, ToSchema)]
struct MomentView {
    t: usize,
    /// As a data URI.
    png: String,
}

/// A picture at some timesteps.
#[derive(Serialize, ToSchema)]
struct DiffuseView {
    height: usize,
    width: usize,
    frames: Vec<MomentView>,
}

/// A picture without channels that say nothing: browsers send grey ones as opaque colours, and noise would colour them.
fn plain(picture: Picture) -> Picture {
    let opaque = (picture.levels - 1) as u16;
    let all =
        |is: fn(&[u16], u16) -> bool| picture.samples.chunks(picture.channels).all(|pixel| is(pixel, opaque));
    if picture.channels < 3 || picture.channels == 4 && !all(|pixel, opaque| pixel[3] == opaque) {
        return picture;
    }
    let grey = all(|pixel, _| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    picture.with_channels(if grey { Channels::Grey } else { Channels::Rgb })
}

/// Shows x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε of a picture.
#[utoipa::path(post, path = "/diffuse", tag = "theory", request_body = DiffuseRequest,
    responses((status = 200, body = DiffuseView), (status = 400, body = ErrorBody)))]
async fn diffuse(State(app): State<App>, Body(request): Body<DiffuseRequest>) -> Answer<Json<DiffuseView>> {
    let DiffuseRequest { picture, model, index, schedule, timesteps, t, seed, size } = request;
    if t.len() > MOMENTS {
        return Err(ApiError::wrong(format!("these are {} timesteps: ask for {MOMENTS} at most", t.len())));
    }
    let whose = Whose { model: model.clone(), schedule, timesteps };
    let (_, process) = whose.process(&app).await?;
    if let Some(t) = t.iter().find(|&&t| t > process.len()) {
        return Err(ApiError::wrong(format!(
            "t is {t}: this process has 0, the picture, to {}",
            process.len()
        )));
    }
    let (sample, shape) = match (picture, model) {
        (Some(text), _) => {
            let limits = app.limits;
            let read = app.at_once(move || {
                let picture = plain(decode("picture", &text, &limits)?);
                let [height, width] = size.unwrap_or([picture.height, picture.width]);
                let longest = height.max(width);
                // Both sides by one factor, so that the picture keeps its form.
                let share = |side: usize| (side as f64 * SIDE as f64 / longest as f64) as usize;
                let fit = |side: usize| if longest > SIDE { share(side).max(1) } else { side.max(1) };
                let picture = picture.fit(fit(height), fit(width));
                Ok::<_, ApiError>((picture.to_scaled(), [picture.height, picture.width, picture.channels]))
            });
            read.await??
        }
        (None, Some(model)) => {
            let facts = Which { model }.facts(&app).await?;
            if facts.levels().is_none() {
                return Err(ApiError::wrong("this is a model of points, not of pictures"));
            }
            let data = super::data::of(&app, &facts).await?;
            let index = index.unwrap_or(0);
            if index >= data.len() {
                return Err(ApiError::wrong(format!(
                    "index is {index}: the data have 0 to {}",
                    data.len() - 1
                )));
            }
            let mut sample = vec![0.0; data.sample_len()];
            data.read(index, &mut sample);
            (sample, [data.height(), data.width(), data.channels()])
        }
        (None, None) => return Err(ApiError::wrong("give a picture, or a model whose data have one")),
    };
    let drawn = app.at_once(move || {
        let (mut eps, mut x_t) = (vec![0.0; sample.len()], vec![0.0; sample.len()]);
        Stream::new(seed, Purpose::SampleStart, 0).normal(0, &mut eps);
        let mut frame = |t: usize| {
            match t.checked_sub(1) {
                Some(timestep) => process.diffuse(timestep, &sample, &eps, &mut x_t),
                None => x_t.copy_from_slice(&sample),
            }
            Ok(MomentView { t, png: data_uri(&encode_png(&x_t, shape, 256)?) })
        };
        t.into_iter().map(&mut frame).collect::<Result<Vec<_>, langevin::data::DataError>>()
    });
    let frames = drawn.await?.map_err(ApiError::failed)?;
    Ok(Json(DiffuseView { height: shape[0], width: shape[1], frames }))
}

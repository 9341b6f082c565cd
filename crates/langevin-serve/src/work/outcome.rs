//! What came of a job, as it is shown, and the files with it.

use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use axum::body::Bytes;
use langevin::data::{encode_npz, encode_npz_f32, encode_png, to_bytes};
use langevin::render::{self, Pictures, PlotOptions, Series};
use langevin::tensor::to_points;
use serde::Serialize;
use utoipa::ToSchema;

/// One group of timesteps of the bound on the likelihood.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TermView {
    /// Its first timestep, counted from 1.
    pub t: usize,
    /// Its last timestep.
    pub to: usize,
    /// L of one of them, in bits per dimension.
    pub bits: f64,
    /// Its standard error.
    pub error: f64,
    /// Mean of (ε̂ − ε)².
    pub mse_eps: f64,
    /// Mean of (x̂_0 − x_0)².
    pub mse_x0: f64,
}

/// A result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ResultView {
    /// Pictures, as files.
    Pictures {
        count: usize,
        height: usize,
        width: usize,
        /// All of them on a sheet.
        grid: String,
        /// All of them as the array `arr_0`, uint8.
        npz: String,
        /// Each of them, at the model's depth.
        pictures: Vec<String>,
        /// The picture that was sent, in the model's shape.
        original: Option<String>,
    },
    /// Points.
    Points {
        points: Vec<[f32; 2]>,
        /// All of them as the array `arr_0`, float32.
        npz: String,
    },
    /// The bound on the negative log-likelihood, in bits per dimension.
    Terms {
        total: f64,
        standard_error: f64,
        /// L_0.
        decoder: f64,
        /// L_1 + … + L_{T−1}.
        sum: f64,
        /// L_T.
        prior: f64,
        /// Pictures that it is the mean over.
        count: usize,
        terms: Vec<TermView>,
    },
    /// Points on their way.
    Trajectories {
        /// The timestep of each moment.
        t: Vec<f64>,
        /// The points of each moment.
        points: Vec<Vec<[f32; 2]>>,
    },
}

impl ResultView {
    /// Bytes that it takes, as far as they count.
    pub fn bytes(&self) -> usize {
        let point = size_of::<[f32; 2]>();
        match self {
            Self::Points { points, .. } => point * points.len(),
            Self::Trajectories { points, .. } => points.iter().map(|moment| point * moment.len()).sum(),
            Self::Pictures { .. } | Self::Terms { .. } => 0,
        }
    }
}

/// Samples as a result: pictures with their files, or points.
///
/// # Errors
/// If one is infinite or no number.
pub fn drawn(facts: &Facts, job: &Job, samples: &[f32], original: Option<&[f32]>) -> Result<Outcome, String> {
    let (shape, id) = (facts.shape(), &job.id);
    if let Some(index) = samples.iter().position(|value| !value.is_finite()) {
        let sample = index / shape.elements();
        return Err(format!("sample {sample} is infinite or no number: take more steps, or another sampler"));
    }
    let place = |name: &str| format!("/api/v1/jobs/{id}/{name}");
    let count = samples.len() / shape.elements();
    let Some(levels) = facts.levels() else {
        let npz = encode_npz_f32(samples, &[count, 2]).map_err(sentence)?;
        let view = ResultView::Points { points: to_points(samples), npz: place("samples.npz") };
        let series = [Series { points: &to_points(samples), ..Series::default() }];
        let plot = render::scatter(&series, &PlotOptions::default()).map_err(sentence)?;
        let plot = render::encode_png(&plot).map_err(sentence)?;
        return Ok(Outcome {
            view,
            files: vec![("samples.npz".into(), npz.into()), ("grid.png".into(), plot.into())],
        });
    };
    let one = [shape.height, shape.width, shape.channels];
    let mut files: Vec<(String, Bytes)> = Vec::new();
    for (index, sample) in samples.chunks(shape.elements()).enumerate() {
        files.push((format!("{index}.png"), encode_png(sample, one, levels).map_err(sentence)?.into()));
    }
    let pictures = files.iter().map(|(name, _)| place(name)).collect();
    let sheet = render::grid(&Pictures::new(samples, shape.batch(count)).map_err(sentence)?, None);
    files.push(("grid.png".into(), render::encode_png(&sheet.map_err(sentence)?).map_err(sentence)?.into()));
    files.push((
        "samples.npz".into(),
        encode_npz(&to_bytes(samples), shape.batch(count)).map_err(sentence)?.into(),
    ));
    if let Some(original) = original {
        files.push(("original.png".into(), encode_png(original, one, levels).map_err(sentence)?.into()));
    }
    let view = ResultView::Pictures {
        count,
        height: shape.height,
        width: shape.width,
        grid: place("grid.png"),
        npz: place("samples.npz"),
        pictures,
        original: original.map(|_| place("original.png")),
    };
    Ok(Outcome { view, files })
}

/// An error as a sentence.
pub fn sentence(error: impl std::fmt::Display) -> String {
    error.to_string()
}

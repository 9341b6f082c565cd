//! What two sets of samples say of each other.

use super::Gathered;
use langevin_metrics::{
    Features, InceptionScore, KernelDistance, KernelOptions, MetricsError, Prdc, Statistics,
    frechet_distance, inception_score, kernel_distance, prdc,
};
use std::ops::ControlFlow;

/// Splits of the samples for the Inception score, as Salimans et al. 2016 take them.
const SPLITS: usize = 10;

/// What is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QualityOptions {
    /// The Fréchet distance.
    pub frechet: bool,
    /// The kernel distance.
    pub kernel: Option<KernelOptions>,
    /// Precision, recall, density and coverage, with so many neighbours.
    pub neighbours: Option<usize>,
}

/// How good samples are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// The Fréchet distance.
    pub frechet: Option<f64>,
    /// The kernel distance.
    pub kernel: Option<KernelDistance>,
    /// Precision, recall, density and coverage.
    pub prdc: Option<Prdc>,
    /// What to know before these are believed.
    pub cautions: Vec<String>,
}

/// Measures `samples` against `reference`; either needs what the options use of it: [`Kept`](super::Kept). `observe` may stop: the result
/// is then `None`.
///
/// # Errors
/// If there are too few samples.
pub fn compare(
    samples: &Gathered,
    reference: &Gathered,
    options: QualityOptions,
    observe: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Option<Quality>, MetricsError> {
    let dimensions = samples.statistics.dimensions();
    let (x, y) =
        (Features::new(&samples.features, dimensions)?, Features::new(&reference.features, dimensions)?);
    let mut quality = Quality::default();
    if options.frechet {
        let (distance, cautions) = frechet_of(&samples.statistics, &reference.statistics)?;
        (quality.frechet, quality.cautions) = (Some(distance), cautions);
    }
    if let Some(options) = options.kernel {
        let Some(found) = kernel_distance(x, y, options, &mut |_, _| observe())? else { return Ok(None) };
        quality.kernel = Some(found);
    }
    if let Some(neighbours) = options.neighbours {
        let Some(found) = prdc(y, x, neighbours, &mut |_, _| observe())? else { return Ok(None) };
        quality.prdc = Some(found);
    }
    Ok(Some(quality))
}

/// The Fréchet distance of two sets, and what to know before it is believed.
///
/// # Errors
/// If their features are of different kinds.
pub fn frechet_of(samples: &Statistics, reference: &Statistics) -> Result<(f64, Vec<String>), MetricsError> {
    let caution = |set: &str, of: &Statistics| of.caution().map(|caution| format!("{set}: {caution}"));
    let cautions = caution("samples", samples).into_iter().chain(caution("reference", reference)).collect();
    Ok((frechet_distance(samples, reference)?, cautions))
}

/// The Inception score of samples whose logits were [kept](super::Kept), over ten splits of them.
///
/// # Errors
/// If there are no logits.
pub fn score(samples: &Gathered) -> Result<InceptionScore, MetricsError> {
    inception_score(Features::new(&samples.logits, samples.classes)?, SPLITS.min(samples.count))
}

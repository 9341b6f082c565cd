//! What two sets of samples say of each other.

use super::Gathered;
use langevin_math::rng::{Purpose, Stream};
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
    if let Some(mut options) = options.kernel {
        let (fewest, most) = (samples.count.min(reference.count), samples.count.max(reference.count));
        if most <= options.subset_size && samples.count == reference.count {
            // Every subset would be the whole sets: one says it all.
            options.subsets = 1;
        }
        if fewest < options.subset_size {
            let (asked, wanted) =
                (options.subset_size, "kernel distances are comparable between subsets of one size");
            quality.cautions.push(format!("subsets of {fewest} samples, not of {asked}: {wanted}"));
        }
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

/// The Inception score of samples whose logits were [kept](super::Kept), and the number of splits: ten, or as many as leave each two
/// samples. The samples are shuffled by `seed` first, for they may be ordered by class.
///
/// # Errors
/// If there are no logits.
pub fn score(samples: &Gathered, seed: u64) -> Result<(InceptionScore, usize), MetricsError> {
    let splits = SPLITS.min(samples.count / 2).max(1);
    let order = Stream::new(seed, Purpose::Subset, u64::MAX).permutation(samples.count);
    let row = |index: usize| &samples.logits[index * samples.classes..(index + 1) * samples.classes];
    let shuffled: Vec<f32> = order.into_iter().flat_map(row).copied().collect();
    Ok((inception_score(Features::new(&shuffled, samples.classes)?, splits)?, splits))
}

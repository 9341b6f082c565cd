//! The features of all samples of a source, as far as what is measured needs them.

use super::{Describer, SampleSource};
use langevin_metrics::{Features, MetricsError, Statistics, StatisticsBuilder};
use std::ops::ControlFlow;

/// What is kept beside the mean and the covariance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The features of every sample: for the kernel distance and for neighbours.
    pub features: bool,
    /// The logits of every sample: for the Inception score.
    pub logits: bool,
}

/// What is known of a set of samples.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// Samples.
    pub count: usize,
    /// Mean and covariance of their features.
    pub statistics: Statistics,
    /// `[count, dimensions]`, where they are kept.
    pub features: Vec<f32>,
    /// `[count, classes]`, where they are kept.
    pub logits: Vec<f32>,
    /// Classes of the logits.
    pub classes: usize,
}

/// Describes every sample of `source`, `batch` at a time; the result does not depend on it. `observe` is told the samples done, and
/// may stop: the result is then `None`.
///
/// # Errors
/// If there are fewer than two samples, or a feature is not finite.
pub fn gather(
    source: &mut dyn SampleSource,
    describer: &Describer,
    kept: Kept,
    batch: usize,
    observe: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Gathered>, MetricsError> {
    let dimensions = describer.dimensions();
    let (count, shape, levels) = (source.count(), source.shape(), source.levels());
    let mut builder = StatisticsBuilder::new(dimensions)?;
    let (mut features, mut logits) = (Vec::new(), Vec::new());
    for first in (0..count).step_by(batch.max(1)) {
        let range = first..count.min(first + batch.max(1));
        let done = range.end;
        let Some(samples) = source.read(range) else { return Ok(None) };
        let described = describer.describe(&samples, shape, levels)?;
        builder.push(Features::new(&described.features, dimensions)?)?;
        if kept.features {
            features.extend(described.features);
        }
        if kept.logits {
            logits.extend(described.logits);
        }
        if observe(done).is_break() {
            return Ok(None);
        }
    }
    let statistics = builder.finish()?;
    Ok(Some(Gathered { count, statistics, features, logits, classes: describer.classes() }))
}

//! How good samples are: drawn or read, described, and compared with each part of the data.

use super::describer::{describer, feature_name};
use super::drawing::{HowDrawn, described, draw};
use super::reference::{Reference, of_file, of_part};
use super::subject::Subject;
use super::{Asked, Part};
use crate::args::Metric;
use crate::exit::{Failure, usage};
use langevin::data::write_statistics;
use langevin::eval::quality::{
    DataSource, Describer, Gathered, Kept, Quality, QualityOptions, compare, score,
};
use langevin_metrics::{InceptionScore, KernelOptions};
use std::path::Path;

/// Samples that a model draws at most, if nothing is said.
const MOST_SAMPLES: usize = 10_000;

/// What a comparison came to.
pub struct Comparison {
    /// The numbers.
    pub quality: Quality,
    /// Samples of the reference, where that is known.
    pub reference: Option<u64>,
    /// Whether its mean and covariance were known from before.
    pub cached: bool,
}

/// What the samples were, and how they were seen.
pub struct Judged {
    /// The features' name.
    pub features: &'static str,
    /// Their number.
    pub dimensions: usize,
    /// The file of the network's weights, and its SHA-256.
    pub weights: Option<(String, String)>,
    /// Samples.
    pub samples: usize,
    /// How a model drew them: sampler, steps and seed.
    pub drawn: Option<HowDrawn>,
    /// The Inception score.
    pub inception_score: Option<InceptionScore>,
    /// Neighbours of precision, recall, density and coverage.
    pub neighbours: usize,
}

/// Samples that have been described, and what is to be said of them.
pub struct Judge<'a> {
    asked: Asked<'a>,
    describer: Describer,
    options: QualityOptions,
    samples: Gathered,
    judged: Judged,
}

impl<'a> Judge<'a> {
    /// Draws or reads the samples and describes them, if anything of samples is to be measured.
    pub fn new(asked: Asked<'a>, subject: &Subject, parts: &[Part]) -> Result<Option<Self>, Failure> {
        let arguments = asked.arguments;
        let wants = |metric| asked.wants(metric, subject);
        if !Metric::SAMPLES.into_iter().any(wants) {
            return Ok(None);
        }
        let name = feature_name(asked, subject)?;
        let (describer, weights) = match describer(asked, name, subject, parts)? {
            Some(found) => found,
            None => return Err(asked.interrupted()),
        };
        let explicit = |metric| arguments.metrics.contains(&metric);
        let alone = arguments.statistics.is_some();
        if alone && (explicit(Metric::Kid) || explicit(Metric::Prdc)) {
            return Err(usage("kid and prdc compare sample by sample: give --data in place of --statistics"));
        }
        if explicit(Metric::Is) && describer.classes() == 0 {
            return Err(usage("pixels tell no classes: --metrics is takes --features inception or lite0"));
        }
        let options = QualityOptions {
            frechet: wants(Metric::Frechet) || wants(Metric::Fid),
            kernel: (wants(Metric::Kid) && !alone)
                .then_some(KernelOptions { seed: arguments.seed, ..KernelOptions::default() }),
            neighbours: (wants(Metric::Prdc) && !alone).then_some(arguments.neighbours),
        };
        let logits = wants(Metric::Is) && describer.classes() > 0;
        let kept = Kept { features: options.kernel.is_some() || options.neighbours.is_some(), logits };
        let (samples, drawn) = match subject {
            Subject::Model(model) => {
                let most = parts.first().map_or(MOST_SAMPLES, Part::len).min(MOST_SAMPLES);
                let count = arguments.samples.unwrap_or(most);
                draw(asked, model, count, &describer, kept)?
            }
            Subject::Samples(set) => {
                let indices: Vec<usize> = (0..set.len()).collect();
                let mut source = DataSource { set, indices: &indices };
                (described(asked, &mut source, &describer, kept, "the samples")?, None)
            }
        };
        let judged = Judged {
            features: describer.name(),
            dimensions: describer.dimensions(),
            weights,
            samples: samples.count,
            drawn,
            inception_score: logits.then(|| score(&samples)).transpose()?,
            neighbours: arguments.neighbours,
        };
        Ok(Some(Self { asked, describer, options, samples, judged }))
    }

    /// Compares the samples with a part of the data, or with a file of statistics; the part's own go to `save`.
    pub fn against(&self, part: Option<&Part>, save: Option<&Path>) -> Result<Comparison, Failure> {
        let Self { asked, describer, options, samples, judged } = self;
        let kept = Kept { features: options.kernel.is_some() || options.neighbours.is_some(), logits: false };
        let Reference { gathered, count, cached } = match part {
            Some(part) => of_part(*asked, part, describer, kept, judged)?,
            None => of_file(*asked, describer)?,
        };
        if let Some(path) = save {
            write_statistics(path, &gathered.statistics)?;
        }
        let found = compare(samples, &gathered, *options, &mut || asked.flow())?;
        let quality = found.ok_or_else(|| asked.interrupted())?;
        Ok(Comparison { quality, reference: count, cached })
    }

    /// What the samples were.
    pub fn finish(self) -> Judged {
        self.judged
    }
}

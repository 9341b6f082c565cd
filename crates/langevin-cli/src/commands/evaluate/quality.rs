//! How good samples are: drawn or read, described, and compared with each part of the data.

use super::drawing::{HowDrawn, described, draw};
use super::reference::{Reference, of_file, of_part};
use super::subject::Subject;
use super::wanted::Wanted;
use super::{Asked, Part};
use crate::exit::{Failure, usage};
use crate::feature_files::{Loaded, load};
use crate::say::note;
use langevin::data::write_statistics;
use langevin::eval::quality::{
    DataSource, Describer, Gathered, Kept, PIXEL_COMPONENTS, Quality, QualityOptions, compare, score,
};
use langevin_metrics::{InceptionScore, KernelOptions};
use std::path::Path;

/// Samples that a model draws at most, if nothing is said.
const MOST_SAMPLES: usize = 10_000;

/// What a comparison came to.
pub struct Comparison {
    /// The numbers.
    pub quality: Quality,
    /// Whether the reference's mean and covariance were known from before.
    pub cached: bool,
}

/// What the samples were, and how they were seen.
pub struct Judged {
    /// The features' name.
    pub features: &'static str,
    /// Their number.
    pub dimensions: usize,
    /// The network's weights.
    pub weights: Option<Loaded>,
    /// Samples.
    pub samples: usize,
    /// How a model drew them.
    pub drawn: Option<HowDrawn>,
    /// The Inception score, and over how many splits.
    pub inception_score: Option<(InceptionScore, usize)>,
    /// Neighbours of precision, recall, density and coverage.
    pub neighbours: usize,
    /// What to know before any of it is believed.
    pub cautions: Vec<String>,
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
    pub fn new(
        asked: Asked<'a>,
        mut wanted: Wanted,
        subject: &Subject,
        parts: &[Part],
    ) -> Result<Option<Self>, Failure> {
        if !wanted.compares() && !wanted.is {
            return Ok(None);
        }
        let arguments = asked.arguments;
        let count = match subject {
            Subject::Model(_) => {
                let most = parts.first().map_or(MOST_SAMPLES, Part::len).min(MOST_SAMPLES);
                arguments.samples.unwrap_or(most)
            }
            Subject::Samples(set) => set.len(),
        };
        let mut cautions = check_counts(arguments.neighbours, &mut wanted, count, parts)?;
        let (describer, weights) = describer(asked, wanted, subject.shape().elements(), parts)?;
        cautions.extend(weights.as_ref().and_then(Loaded::caution));
        let kernel = KernelOptions { seed: arguments.seed, ..KernelOptions::default() };
        let options = QualityOptions {
            frechet: wanted.frechet,
            kernel: wanted.kid.then_some(kernel),
            neighbours: wanted.prdc.then_some(arguments.neighbours),
        };
        let kept = Kept { features: wanted.kid || wanted.prdc, logits: wanted.is };
        let (samples, drawn) = match subject {
            Subject::Model(model) => draw(asked, model, count, &describer, kept)?,
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
            inception_score: wanted.is.then(|| score(&samples, arguments.seed)).transpose()?,
            neighbours: arguments.neighbours,
            cautions,
        };
        Ok(Some(Self { asked, describer, options, samples, judged }))
    }

    /// Compares the samples with a part of the data, or with a file of statistics; the part's own go to `save`. `None` where nothing
    /// is to be compared.
    pub fn against(&self, part: Option<&Part>, save: Option<&Path>) -> Result<Option<Comparison>, Failure> {
        let Self { asked, describer, options, samples, judged } = self;
        let features = options.kernel.is_some() || options.neighbours.is_some();
        if !options.frechet && !features {
            return Ok(None);
        }
        let kept = Kept { features, logits: false };
        let Reference { gathered, cached } = match part {
            Some(part) => of_part(*asked, part, describer, kept, judged)?,
            None => of_file(*asked, describer)?,
        };
        if let Some(path) = save {
            write_statistics(path, &gathered.statistics)?;
        }
        let found = compare(samples, &gathered, *options, &mut || asked.flow())?;
        let quality = found.ok_or_else(|| asked.interrupted())?;
        Ok(Some(Comparison { quality, cached }))
    }

    /// What the samples were.
    pub fn finish(self) -> Judged {
        self.judged
    }
}

/// Refuses sets that are too small for what is wanted of them, or leaves it out where it was not asked for by name.
fn check_counts(
    neighbours: usize,
    wanted: &mut Wanted,
    samples: usize,
    parts: &[Part],
) -> Result<Vec<String>, Failure> {
    let sets = parts.iter().map(|part| (part.name.as_str(), part.len()));
    let compared = if wanted.compares() { sets.collect() } else { Vec::new() };
    let sets: Vec<(&str, usize)> = std::iter::once(("the samples", samples)).chain(compared).collect();
    if let Some((name, count)) = sets.iter().find(|(_, count)| *count < 2) {
        return Err(usage(format!("{name}: {count} is too few to be measured, at least 2 are needed")));
    }
    let Some((name, count)) = sets.iter().find(|(_, count)| *count <= neighbours).filter(|_| wanted.prdc)
    else {
        return Ok(Vec::new());
    };
    let message = format!("{name}: {count} samples have no {neighbours} neighbours each (--neighbours)");
    if !wanted.lenient {
        return Err(usage(message));
    }
    wanted.prdc = false;
    Ok(vec![format!("{message}, so precision, recall, density and coverage are left out")])
}

/// What describes the samples and the parts of the data, and its weights.
pub fn describer(
    asked: Asked,
    wanted: Wanted,
    elements: usize,
    parts: &[Part],
) -> Result<(Describer, Option<Loaded>), Failure> {
    let arguments = asked.arguments;
    if let Some((network, weights)) = load(wanted.features, arguments.features_file.as_deref())? {
        return Ok((Describer::Network(network), Some(weights)));
    }
    if let Some(plain) = Describer::plain_pixels(elements) {
        return Ok((plain, None));
    }
    let Some(part) = parts.first() else {
        return Err(usage("pixels of this size are compared by components of the data: give --data"));
    };
    if arguments.save_statistics.is_some() {
        return Err(usage(format!(
            "--save-statistics of pixels is for pictures of up to {PIXEL_COMPONENTS} numbers: components of the data cannot be \
             found again from it"
        )));
    }
    if !arguments.quiet {
        note!("finding the {PIXEL_COMPONENTS} principal components of {}", part.name);
    }
    let found = Describer::pixels(&mut part.source())?;
    Ok((found.ok_or_else(|| asked.interrupted())?, None))
}

//! What samples are compared with: a part of the data, described now or before, or a file of statistics.

use super::drawing::described;
use super::quality::Judged;
use super::{Asked, Part};
use crate::exit::{Failure, usage};
use langevin::data::{read_statistics, write_statistics};
use langevin::eval::quality::{Describer, Gathered, Kept};
use langevin_metrics::Statistics;
use std::fs;
use std::path::PathBuf;

/// A reference.
pub struct Reference {
    /// Its statistics, and its features where they are kept.
    pub gathered: Gathered,
    /// Its samples, where their number is known.
    pub count: Option<u64>,
    /// Whether it was known from before.
    pub cached: bool,
}

/// A part of the data. Where mean and covariance are all that is needed of a network's features, they are kept for the next time.
pub fn of_part(
    asked: Asked,
    part: &Part,
    describer: &Describer,
    kept: Kept,
    judged: &Judged,
) -> Result<Reference, Failure> {
    let place = cache(part, judged).filter(|_| !kept.features);
    let known = place.as_ref().filter(|place| place.is_file()).and_then(|place| read_statistics(place).ok());
    let cached = known.is_some();
    let gathered = match known {
        Some(statistics) => only(statistics),
        None => described(asked, &mut part.source(), describer, kept, &part.name)?,
    };
    if let Some(place) = place.filter(|_| !cached) {
        // What cannot be kept is computed again.
        let folder = place.parent().map(fs::create_dir_all);
        if folder.is_some_and(|made| made.is_ok()) {
            let _ = write_statistics(&place, &gathered.statistics);
        }
    }
    Ok(Reference { count: Some(part.len() as u64), gathered, cached })
}

/// The file of statistics that the arguments name.
pub fn of_file(asked: Asked, describer: &Describer) -> Result<Reference, Failure> {
    let path = asked.arguments.statistics.as_ref().ok_or_else(|| usage("give --data or --statistics"))?;
    let statistics = read_statistics(path)?;
    let (got, expected) = (statistics.dimensions(), describer.dimensions());
    if got != expected {
        return Err(usage(format!(
            "{} is of {got} features, and {} gives {expected}: choose the --features that it was made by",
            path.display(),
            describer.name()
        )));
    }
    Ok(Reference { count: statistics.count(), gathered: only(statistics), cached: true })
}

fn only(statistics: Statistics) -> Gathered {
    let count = statistics.count().unwrap_or(0) as usize;
    Gathered { count, statistics, features: Vec::new(), logits: Vec::new(), classes: 0 }
}

/// Where the statistics of a part by a network's features are kept.
fn cache(part: &Part, judged: &Judged) -> Option<PathBuf> {
    let (_, weights) = judged.weights.as_ref()?;
    let folder = dirs::cache_dir()?.join("langevin").join("statistics");
    let version = env!("CARGO_PKG_VERSION");
    Some(folder.join(format!("{}-{}-{}-{version}.npz", part.key(), judged.features, &weights[..8])))
}

//! What samples are compared with: a part of the data, described now or before, or a file of statistics.

use super::drawing::described;
use super::quality::Judged;
use super::{Asked, Part};
use crate::download::hex;
use crate::exit::{Failure, usage};
use langevin::data::{read_statistics, write_statistics};
use langevin::eval::quality::{Describer, Gathered, Kept};
use langevin::features::REVISION;
use langevin_metrics::Statistics;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;

/// A reference.
pub struct Reference {
    /// Its statistics, and its features where they are kept.
    pub gathered: Gathered,
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
    let place = if kept.features { None } else { cache(part, judged) };
    let known = place.as_ref().filter(|place| place.is_file()).and_then(|place| read_statistics(place).ok());
    // A file that is not what its name promises is made again.
    let known = known.filter(|known| {
        known.dimensions() == describer.dimensions() && known.count() == Some(part.len() as u64)
    });
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
    Ok(Reference { gathered, cached })
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
    Ok(Reference { gathered: only(statistics), cached: false })
}

fn only(statistics: Statistics) -> Gathered {
    let count = statistics.count().unwrap_or(0) as usize;
    Gathered { count, statistics, features: Vec::new(), logits: Vec::new(), classes: 0 }
}

/// Where the statistics of a part by a network's features are kept.
fn cache(part: &Part, judged: &Judged) -> Option<PathBuf> {
    let weights = judged.weights.as_ref()?;
    let folder = dirs::cache_dir()?.join("langevin").join("statistics");
    let key = format!("{} {REVISION} {} {}", judged.features, weights.sha256, part.key());
    Some(folder.join(format!("{}-{}.npz", judged.features, hex(&Sha256::digest(key)))))
}

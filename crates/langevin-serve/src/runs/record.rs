//! A run with all that its folder tells, read once.

use super::tail::Tail;
use super::{RunSummary, own_name};
use langevin::config::Recipe;
use langevin::train::{Checkpoint, MetricsLine, RunFolder};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of grids that are read; where there are more, they are thinned out evenly.
const MOST_BYTES: u64 = 20 << 20;

/// How every PNG begins; its first chunk, which comes next, has the size.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Why a run cannot be told of.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder is none, or not a run's.
    #[error("{path} is no run: give a folder that `langevin train` made, such as runs/digits-001")]
    NotARun { path: PathBuf },
    /// A file of the run is there, and cannot be read.
    #[error("cannot read {path}: {cause}")]
    Read { path: PathBuf, cause: io::Error },
}

/// A grid of samples.
pub struct Grid {
    /// The step that it was drawn at.
    pub step: u64,
    /// The file.
    pub png: Vec<u8>,
    /// Width and height, as the file says.
    pub size: (u32, u32),
}

/// All that is known of a run.
pub struct Record {
    /// What it is, and how far it has come.
    pub summary: RunSummary,
    /// Every setting, as it was written.
    pub config: String,
    /// The same, if it can be understood.
    pub recipe: Option<Recipe>,
    /// How many parameters the network has, where a checkpoint says the shape of a sample.
    pub parameters: Option<u64>,
    /// Every line of the metrics.
    pub lines: Vec<MetricsLine>,
    /// Grids in the order of their steps, the last among them.
    pub grids: Vec<Grid>,
}

impl Record {
    /// Of the run in `root`, as it is now: it may be in training.
    ///
    /// # Errors
    /// If there is no run, or one of its files cannot be read.
    pub fn read(root: &Path) -> Result<Self, RecordError> {
        let folder = RunFolder::new(root);
        let config = match fs::read(folder.config()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(cause) if folder.config().is_file() => {
                return Err(RecordError::Read { path: folder.config(), cause });
            }
            Err(_) => return Err(RecordError::NotARun { path: root.to_owned() }),
        };
        let name = own_name(root);
        let summary = RunSummary::of(&name, &folder);
        let lines = Tail::new(folder.metrics()).rest(0);
        let lines = lines.map_err(|cause| RecordError::Read { path: folder.metrics(), cause })?;
        Ok(Self {
            recipe: Recipe::parse(&name, &config).ok(),
            parameters: parameters(&folder, &summary),
            grids: grids(&folder, &summary)?,
            summary,
            config,
            lines,
        })
    }
}

/// As the newest checkpoint that is sound has them.
fn parameters(folder: &RunFolder, summary: &RunSummary) -> Option<u64> {
    let newest_first = summary.checkpoints.iter().rev();
    let settings = newest_first
        .filter_map(|name| Checkpoint::open(&folder.checkpoints().join(name)).ok())
        .map(|checkpoint| checkpoint.settings)
        .next()?;
    Some(settings.recipe.model.parameter_count(settings.shape))
}

fn grids(folder: &RunFolder, summary: &RunSummary) -> Result<Vec<Grid>, RecordError> {
    let files = summary.grids.iter().map(|&step| {
        let own = folder.grid(step);
        let last = step == summary.steps && !own.is_file();
        (step, if last { folder.final_grid() } else { own })
    });
    // What has gone since it was listed is left out.
    let files: Vec<(u64, PathBuf, u64)> =
        files.filter_map(|(step, path)| Some((step, path.clone(), path.metadata().ok()?.len()))).collect();
    let sizes: Vec<u64> = files.iter().map(|(.., size)| *size).collect();
    let mut grids = Vec::new();
    for (step, path, _) in evenly(&sizes, MOST_BYTES).into_iter().map(|index| files[index].clone()) {
        match fs::read(&path) {
            Ok(png) => grids.extend(png_size(&png).map(|size| Grid { step, png, size })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(RecordError::Read { path, cause }),
        }
    }
    Ok(grids)
}

/// Which of some files to take so that they have no more than so many bytes: the first, the last, and between them as many as
/// fit, at even distances.
fn evenly(sizes: &[u64], most: u64) -> Vec<usize> {
    let spread = |count: usize| -> Vec<usize> {
        (0..count).map(|index| index * (sizes.len() - 1) / (count - 1).max(1)).collect()
    };
    let bytes = |indices: &[usize]| indices.iter().map(|&index| sizes[index]).sum::<u64>();
    let counts = (3..=sizes.len()).rev();
    let fitting = counts.map(spread).find(|indices| bytes(indices) <= most);
    fitting.unwrap_or_else(|| spread(sizes.len().min(2)))
}

/// Width and height of a PNG; none of another file.
fn png_size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.strip_prefix(PNG)?;
    let (width, rest) = header.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*rest.first_chunk()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_always_stay() {
        assert_eq!(evenly(&[], 10), [0; 0]);
        assert_eq!(evenly(&[99], 10), [0]);
        assert_eq!(evenly(&[99, 99, 99], 10), [0, 2]);
        assert_eq!(evenly(&[1; 9], 10), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(evenly(&[2; 9], 10), [0, 2, 4, 6, 8]);
        assert_eq!(evenly(&[1, 9, 1, 9, 1], 10), [0, 2, 4]);
    }

    #[test]
    fn a_png_says_its_size_and_nothing_else_has_one() {
        let png = [PNG, &300_u32.to_be_bytes(), &20_u32.to_be_bytes(), b"..."].concat();
        assert_eq!(png_size(&png), Some((300, 20)));
        assert_eq!(png_size(&png[..20]), None);
        assert_eq!(png_size(b"<svg onload=alert(1)>, and long enough to be one"), None);
    }
}

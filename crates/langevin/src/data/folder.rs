//! A folder of pictures, searched through with all its sub-folders.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::gather::{Files, gather};
use super::{DataError, DataOptions, Dataset, catalogue, file_name};

pub(super) fn accepts(path: &Path, _first: &[u8]) -> bool {
    path.is_dir()
}

pub(super) fn load(path: &Path, options: &DataOptions) -> Result<Dataset, DataError> {
    let mut found = Vec::new();
    collect(path, "", &mut HashSet::new(), &mut found)?;
    found.sort_by(|(a, _), (b, _)| catalogue::by_path(a, b));
    let (names, paths) = found.into_iter().unzip();
    gather(file_name(path), &path.display().to_string(), &Folder { names, paths }, options)
}

struct Folder {
    names: Vec<String>,
    paths: Vec<PathBuf>,
}

impl Files for Folder {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = File::open(&self.paths[index]).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|cause| cause.to_string())
    }
}

/// Collects (name below the source, path) of every file; `seen` keeps a link that leads back from being followed.
fn collect(
    folder: &Path,
    below: &str,
    seen: &mut HashSet<PathBuf>,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), DataError> {
    let real = folder.canonicalize().map_err(|cause| DataError::io(folder, cause))?;
    if !seen.insert(real) {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|cause| DataError::io(folder, cause))? {
        let entry = entry.map_err(|cause| DataError::io(folder, cause))?;
        let own = entry.file_name().to_string_lossy().into_owned();
        if catalogue::is_hidden(&own) {
            continue;
        }
        let name = if below.is_empty() { own } else { format!("{below}/{own}") };
        let path = entry.path();
        let kind = fs::metadata(&path).map_err(|cause| DataError::io(&path, cause))?;
        if kind.is_dir() {
            collect(&path, &name, seen, found)?;
        } else if kind.is_file() {
            found.push((name, path));
        }
    }
    Ok(())
}

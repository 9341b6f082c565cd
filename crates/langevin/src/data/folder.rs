//! A folder of pictures, searched through with all its sub-folders.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::bad::shown;
use super::gather::{Files, gather};
use super::{DataError, DataOptions, Dataset, catalogue, file_name, open};

pub(super) fn accepts(path: &Path, _first: &[u8]) -> bool {
    path.is_dir()
}

pub(super) fn load(path: &Path, options: &DataOptions) -> Result<Dataset, DataError> {
    let mut found = Walk::through(path)?;
    found.sort_by(|(a, _), (b, _)| catalogue::by_path(a, b));
    let (names, places) = found.into_iter().unzip();
    gather(file_name(path), &path.display().to_string(), &Folder { names, places }, options)
}

/// Where a file is, or why it cannot be one of the set.
type Place = Result<PathBuf, String>;

struct Folder {
    names: Vec<String>,
    places: Vec<Place>,
}

impl Folder {
    fn open(&self, index: usize) -> Result<File, String> {
        let path = self.places[index].as_ref().map_err(Clone::clone)?;
        open(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => "it was removed while the set was read".to_owned(),
            _ => format!("it cannot be opened: {cause}"),
        })
    }
}

impl Files for Folder {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn size(&self, index: usize) -> Result<u64, String> {
        let metadata = self.open(index)?.metadata();
        metadata.map(|metadata| metadata.len()).map_err(|cause| format!("it cannot be read: {cause}"))
    }

    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = self.open(index)?.take(limit).read_to_end(&mut bytes);
        read.map(|_| bytes).map_err(|cause| format!("it cannot be read: {cause}"))
    }
}

/// What a folder holds, each real folder once.
///
/// A link to a folder is followed after all that is no link, so that the order in which a system lists them decides nothing.
#[derive(Default)]
struct Walk {
    /// Every folder that was read, with its name.
    seen: HashMap<PathBuf, String>,
    /// Links to folders that are still to be followed.
    links: BTreeSet<(String, PathBuf)>,
    found: Vec<(String, Place)>,
}

impl Walk {
    /// The name below the source and the place of every file.
    fn through(root: &Path) -> Result<Vec<(String, Place)>, DataError> {
        let mut walk = Self::default();
        walk.folder(root, "").map_err(|cause| DataError::io(root, cause))?;
        let root = root.canonicalize().map_err(|cause| DataError::io(root, cause))?;
        while let Some((name, path)) = walk.links.pop_first() {
            match path.canonicalize().ok().and_then(|real| walk.leads_back(&root, &real)) {
                Some(reason) => walk.bad(format!("{name}/"), reason),
                None => walk.sub_folder(&path, &name),
            }
        }
        Ok(walk.found)
    }

    /// Why a link to the folder `real` is not followed, if it leads to what is read without it.
    fn leads_back(&self, root: &Path, real: &Path) -> Option<String> {
        if root.starts_with(real) {
            return Some("it is a link back to a folder that it lies in".to_owned());
        }
        self.seen
            .get(real)
            .map(|other| format!("it is a link to the folder '{other}', which is read already"))
    }

    fn bad(&mut self, name: String, reason: String) {
        self.found.push((name, Err(reason)));
    }

    fn sub_folder(&mut self, path: &Path, name: &str) {
        if let Err(cause) = self.folder(path, name) {
            self.bad(
                format!("{name}/"),
                format!("the folder cannot be read, and what is in it is not known: {cause}"),
            );
        }
    }

    fn folder(&mut self, folder: &Path, name: &str) -> io::Result<()> {
        let real = folder.canonicalize()?;
        if let Some(other) = self.seen.get(&real) {
            // Two links led to it: to itself, and to a folder that holds it.
            let reason = format!("a link leads to the folder '{other}' a second time");
            self.bad(format!("{name}/"), reason);
            return Ok(());
        }
        let entries = fs::read_dir(folder)?;
        self.seen.insert(real, name.to_owned());
        for entry in entries {
            let entry = entry?;
            let own = entry.file_name();
            if !catalogue::is_hidden(&own.to_string_lossy()) {
                let own = shown(&own);
                let name = if name.is_empty() { own } else { format!("{name}/{own}") };
                self.entry(entry.path(), name);
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: PathBuf, name: String) {
        let link = fs::read_link(&path).ok();
        match (fs::metadata(&path), link) {
            (Ok(kind), None) if kind.is_dir() => self.sub_folder(&path, &name),
            (Ok(kind), Some(_)) if kind.is_dir() => {
                self.links.insert((name, path));
            }
            (Ok(kind), _) if kind.is_file() => self.found.push((name, Ok(path))),
            (Ok(_), _) => self.bad(name, "it is a pipe, a socket or a device".to_owned()),
            (Err(cause), Some(target)) => {
                let target = shown(target.as_os_str());
                let reason = match cause.kind() {
                    io::ErrorKind::NotFound => format!("it is a link to '{target}', which does not exist"),
                    _ => format!("it is a link to '{target}', which cannot be followed: {cause}"),
                };
                self.bad(name, reason);
            }
            (Err(cause), None) => self.bad(name, format!("it cannot be looked at: {cause}")),
        }
    }
}

//! The manifest of a checkpoint: size and SHA-256 of each of its files, so that damage is seen before it is believed.

use super::{CheckpointError, MANIFEST};
use crate::files::write_whole;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Bytes that are hashed at a time.
const CHUNK: usize = 1 << 20;

/// What each file of a checkpoint should be, by its path below the checkpoint's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    files: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Describes every file below `folder` as it is read back, and writes that into it.
    pub(super) fn write(folder: &Path) -> Result<(), CheckpointError> {
        let mut files = BTreeMap::new();
        for name in files_below(folder)? {
            let path = folder.join(&name);
            let (bytes, sha256) = hash(&path).map_err(|cause| CheckpointError::Read { path, cause })?;
            files.insert(name, Entry { bytes, sha256 });
        }
        let path = folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(&Self { files }).expect("a manifest has a JSON form");
        let written = write_whole(&path, |file| file.write_all(text.as_bytes()));
        written.map_err(|cause| CheckpointError::Write { path, cause })
    }

    /// The manifest of the checkpoint in `folder`; `None` where there is none, as in pipelines of other programs.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, CheckpointError> {
        let path = folder.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                return Err(CheckpointError::Damaged { path, message: "it is not text".to_owned() });
            }
            Err(cause) => return Err(CheckpointError::Read { path, cause }),
        };
        let damaged = |message| CheckpointError::Damaged { path: path.clone(), message };
        let manifest: Self = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let inside =
            |name: &str| Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        match manifest.files.keys().find(|name| !inside(name)) {
            Some(name) => Err(damaged(format!("it names {name:?}, which is no file of a checkpoint"))),
            None => Ok(Some(manifest)),
        }
    }

    /// Checks that a file that is to be read is one of those that were written.
    pub(super) fn check_listed(&self, folder: &Path, name: &str) -> Result<(), CheckpointError> {
        if self.files.contains_key(name) {
            return Ok(());
        }
        let message = "it is not among the files that were written".to_owned();
        Err(CheckpointError::Damaged { path: folder.join(name), message })
    }

    /// Checks that every file is there, in its size.
    pub(super) fn check_sizes(&self, folder: &Path) -> Result<(), CheckpointError> {
        for (name, entry) in &self.files {
            let path = folder.join(name);
            match fs::metadata(&path) {
                Ok(facts) if facts.is_file() && facts.len() == entry.bytes => {}
                Ok(facts) => {
                    let (found, expected) = (facts.len(), entry.bytes);
                    let message = format!("it has {found} bytes, and {expected} were written");
                    return Err(CheckpointError::Damaged { path, message });
                }
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                    return Err(CheckpointError::Damaged { path, message: "it is gone".to_owned() });
                }
                Err(cause) => return Err(CheckpointError::Read { path, cause }),
            }
        }
        Ok(())
    }

    /// Checks the content of the files whose names `choose` takes.
    pub(super) fn check_content(
        &self,
        folder: &Path,
        choose: impl Fn(&str) -> bool,
    ) -> Result<(), CheckpointError> {
        for (name, entry) in self.files.iter().filter(|(name, _)| choose(name)) {
            let path = folder.join(name);
            let found = hash(&path).map_err(|cause| CheckpointError::Read { path: path.clone(), cause })?;
            if found != (entry.bytes, entry.sha256.clone()) {
                let message = "its content is not what was written (SHA-256)".to_owned();
                return Err(CheckpointError::Damaged { path, message });
            }
        }
        Ok(())
    }
}

/// Paths of the files below `folder`, with `/` between the parts.
fn files_below(folder: &Path) -> Result<Vec<String>, CheckpointError> {
    let (mut found, mut folders) = (Vec::new(), vec![(folder.to_owned(), String::new())]);
    while let Some((path, below)) = folders.pop() {
        let read = |cause| CheckpointError::Read { path: path.clone(), cause };
        for entry in fs::read_dir(&path).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            match entry.file_type().map_err(read)?.is_dir() {
                true => folders.push((entry.path(), format!("{name}/"))),
                false => found.push(name),
            }
        }
    }
    Ok(found)
}

/// The size and the SHA-256 of a file.
pub(super) fn hash(path: &PathBuf) -> io::Result<(u64, String)> {
    let (mut file, mut hasher, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
        bytes += read as u64;
    }
    let digest = hasher.finalize();
    Ok((bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of FIPS 180-4's examples: of nothing, and of "abc".
    #[test]
    fn files_are_known_by_size_and_sum() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::create_dir(folder.path().join("langevin")).unwrap();
        fs::write(folder.path().join("empty"), "").unwrap();
        fs::write(folder.path().join("inner/abc"), "abc").unwrap();
        Manifest::write(folder.path()).unwrap();
        let manifest = Manifest::read(folder.path()).unwrap().unwrap();
        let sums: Vec<(&str, u64, &str)> = manifest
            .files
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.bytes, entry.sha256.as_str()))
            .collect();
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sums, [("empty", 0, of_nothing), ("inner/abc", 3, of_abc)]);
        manifest.check_sizes(folder.path()).unwrap();
        manifest.check_content(folder.path(), |_| true).unwrap();
    }

    #[test]
    fn every_kind_of_damage_is_seen_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir(folder.path().join("langevin")).unwrap();
        fs::write(&a, "whole").unwrap();
        fs::write(&b, "other").unwrap();
        Manifest::write(folder.path()).unwrap();
        let manifest = Manifest::read(folder.path()).unwrap().unwrap();
        fs::write(&a, "whome").unwrap();
        manifest.check_sizes(folder.path()).unwrap();
        manifest.check_content(folder.path(), |name| name == "b").unwrap();
        let message = manifest.check_content(folder.path(), |_| true).unwrap_err().to_string();
        assert!(message.contains("/a is damaged") && message.contains("SHA-256"), "{message}");
        fs::write(&a, "whol").unwrap();
        let message = manifest.check_sizes(folder.path()).unwrap_err().to_string();
        assert!(message.contains("it has 4 bytes, and 5 were written"), "{message}");
        fs::remove_file(&a).unwrap();
        assert!(manifest.check_sizes(folder.path()).unwrap_err().to_string().contains("it is gone"));
    }

    #[test]
    fn where_there_is_none_nothing_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), None);
        fs::create_dir(folder.path().join("langevin")).unwrap();
        for text in [
            "",
            "{\"files\": 3}",
            "{\"files\": {}, \"more\": 1}",
            "{\"files\": {\"/dev/zero\": {\"bytes\": 0, \"sha256\": \"\"}}}",
        ] {
            fs::write(folder.path().join(MANIFEST), text).unwrap();
            let message = Manifest::read(folder.path()).unwrap_err().to_string();
            assert!(message.contains("manifest.json is damaged"), "{message}");
        }
    }
}

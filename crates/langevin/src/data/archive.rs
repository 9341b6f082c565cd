//! A `.zip` archive of pictures, read in place by all threads.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use zip::ZipArchive;

use super::gather::{Files, gather};
use super::{DataError, DataOptions, Dataset, catalogue, file_name};

pub(super) fn accepts(_path: &Path, first: &[u8]) -> bool {
    first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06")
}

pub(super) fn load(path: &Path, options: &DataOptions) -> Result<Dataset, DataError> {
    let source = path.display().to_string();
    let archive = open(path)?;
    let mut entries: Vec<(String, usize)> = (0..archive.len())
        .filter_map(|index| Some((archive.name_for_index(index)?.replace('\\', "/"), index)))
        .filter(|(name, _)| !name.ends_with('/') && !catalogue::is_hidden(name))
        .collect();
    entries.sort_by(|(a, _), (b, _)| catalogue::by_path(a, b));
    let (names, indices) = entries.into_iter().unzip();
    gather(file_name(path), &source, &Archive { names, indices, archive }, options)
}

/// Opens an archive; its clones share the file and the table of contents.
pub(super) fn open(path: &Path) -> Result<ZipArchive<SharedFile>, DataError> {
    let file = File::open(path).map_err(|cause| DataError::io(path, cause))?;
    ZipArchive::new(SharedFile { file: Arc::new(Mutex::new(file)), position: 0 }).map_err(|error| {
        DataError::malformed(path.display().to_string(), format!("its zip archive is damaged: {error}"))
    })
}

struct Archive {
    names: Vec<String>,
    indices: Vec<usize>,
    archive: ZipArchive<SharedFile>,
}

impl Files for Archive {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String> {
        let mut archive = self.archive.clone();
        let entry = archive.by_index(self.indices[index]).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        entry.take(limit).read_to_end(&mut bytes).map_err(|cause| cause.to_string())?;
        Ok(bytes)
    }
}

/// One open file with many readers, each at its own position.
#[derive(Clone)]
pub(super) struct SharedFile {
    file: Arc<Mutex<File>>,
    position: u64,
}

impl Read for SharedFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().map_err(|_| io::Error::other("another reader of the file failed"))?;
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(out)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let moved = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => {
                let mut file =
                    self.file.lock().map_err(|_| io::Error::other("another reader of the file failed"))?;
                file.seek(SeekFrom::End(0))?.checked_add_signed(by)
            }
        };
        self.position = moved.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

//! A `.zip` archive of pictures, read in place by all threads.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::bad::{BadFile, shown};
use super::gather::{Files, gather};
use super::{DataError, DataOptions, Dataset, catalogue, file_name, open as open_file};

pub(super) fn accepts(_path: &Path, first: &[u8]) -> bool {
    first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06")
}

pub(super) fn load(path: &Path, options: &DataOptions) -> Result<Dataset, DataError> {
    let source = path.display().to_string();
    let mut archive = open(path)?;
    let twice = twice(&mut archive).map_err(|error| DataError::malformed(&source, damaged(error)))?;
    let mut entries = Vec::new();
    let mut strays = Vec::new();
    for index in 0..archive.len() {
        let Some(name) = archive.name_for_index(index) else { continue };
        let name = name.replace('\\', "/");
        if name.ends_with('/') {
            continue;
        }
        let shown = shown(OsStr::new(&name));
        if leads_out(&name) {
            let reason = "its name leads out of the archive (nothing is ever written there)".to_owned();
            strays.push(BadFile { name: shown, reason });
            continue;
        }
        let parts: Vec<_> = shown.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let name = parts.join("/");
        if !catalogue::is_hidden(&name) {
            entries.push((name, index));
        }
    }
    entries.sort_by(|(a, _), (b, _)| catalogue::by_path(a, b));
    let same =
        |a: usize, b: usize| matches!((entries.get(a), entries.get(b)), (Some(a), Some(b)) if a.0 == b.0);
    let ambiguous = (0..entries.len())
        .map(|at| twice.contains(&entries[at].1) || same(at, at + 1) || (at > 0 && same(at - 1, at)))
        .collect();
    let (names, indices) = entries.into_iter().unzip();
    let length = path.metadata().map_err(|cause| DataError::io(path, cause))?.len();
    let archive = Archive { names, strays, indices, ambiguous, archive, length };
    gather(file_name(path), &source, &archive, options)
}

/// Whether a path would lie outside of the folder that an archive is unpacked to.
fn leads_out(name: &str) -> bool {
    let drive = name.split('/').next().is_some_and(|first| first.ends_with(':'));
    name.starts_with('/') || drive || name.split('/').any(|part| part == "..")
}

/// Entries whose name the archive's table of contents has more than once: only the last of such is kept by its reader.
fn twice(archive: &mut ZipArchive<SharedFile>) -> Result<HashSet<usize>, ZipError> {
    let mut table = archive.clone().into_inner();
    table.seek(SeekFrom::Start(archive.central_directory_start()))?;
    let mut table = BufReader::new(table);
    let (mut seen, mut again) = (HashSet::new(), HashSet::new());
    let mut header = [0; 46];
    // Headers of entries, APPNOTE 4.3.12: the lengths of the name, of the extra field and of the comment stand at 28.
    while table.read_exact(&mut header).is_ok() && header.starts_with(b"PK\x01\x02") {
        let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let mut name = vec![0; length(28)];
        table.read_exact(&mut name)?;
        table.seek_relative((length(30) + length(32)) as i64)?;
        if let Some(name) = seen.replace(name) {
            again.insert(name);
        }
    }
    if again.is_empty() {
        return Ok(HashSet::new());
    }
    let mut found = HashSet::new();
    for index in 0..archive.len() {
        if again.contains(archive.by_index_raw(index)?.name_raw()) {
            found.insert(index);
        }
    }
    Ok(found)
}

fn damaged(error: ZipError) -> String {
    format!("its zip archive is damaged: {error}")
}

/// Opens an archive; its clones share the file and the table of contents.
pub(super) fn open(path: &Path) -> Result<ZipArchive<SharedFile>, DataError> {
    let file = open_file(path).map_err(|cause| DataError::io(path, cause))?;
    let length = file.metadata().map_err(|cause| DataError::io(path, cause))?.len();
    let malformed = |reason| DataError::malformed(path.display().to_string(), reason);
    let mut archive = ZipArchive::new(SharedFile { file: Arc::new(Mutex::new(file)), position: 0 })
        .map_err(|error| malformed(damaged(error)))?;
    // Many entries of one stretch of the file would unpack to its length times their number.
    let mut packed = 0u64;
    for index in 0..archive.len() {
        packed =
            packed.saturating_add(archive.by_index_raw(index).map_or(0, |entry| entry.compressed_size()));
    }
    if packed > length {
        let reason = format!("its zip archive is damaged: its files take {packed} bytes of its {length}");
        return Err(malformed(reason));
    }
    Ok(archive)
}

struct Archive {
    names: Vec<String>,
    strays: Vec<BadFile>,
    indices: Vec<usize>,
    /// Whether another entry has the same name.
    ambiguous: Vec<bool>,
    archive: ZipArchive<SharedFile>,
    length: u64,
}

impl Archive {
    /// Lets `look` have an entry that can be read.
    fn entry<T>(
        &self,
        index: usize,
        look: impl FnOnce(ZipFile<SharedFile>) -> io::Result<T>,
    ) -> Result<T, String> {
        if self.ambiguous[index] {
            return Err("the archive has several files of this name".to_owned());
        }
        let mut archive = self.archive.clone();
        let entry = archive.by_index(self.indices[index]).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => "it is encrypted".to_owned(),
            other => format!("it cannot be unpacked: {other}"),
        })?;
        if entry.is_symlink() {
            return Err("it is a link, and links in archives are not followed".to_owned());
        }
        look(entry).map_err(|cause| format!("it cannot be unpacked: {cause}"))
    }
}

impl Files for Archive {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn strays(&self) -> &[BadFile] {
        &self.strays
    }

    fn size(&self, index: usize) -> Result<u64, String> {
        self.entry(index, |entry| Ok(entry.size()))
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String> {
        self.entry(index, |entry| {
            let mut bytes = Vec::new();
            entry.take(limit).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
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

//! Writing files so that no reader ever sees a part of one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes a file beside its place, waits until it is on the disk, and renames it. Folders on the way are made.
///
/// # Errors
/// What the system or `write` says; nothing is left beside the place then.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let beside = beside(path)?;
    let written = create(&beside, write).and_then(|()| fs::rename(&beside, path));
    written.inspect_err(|_| {
        // The first cause is the one to tell; what is left beside is a file of ours, or none.
        let _ = fs::remove_file(&beside);
    })
}

/// Makes a folder beside its place, lets `write` fill it, and renames it. Over an empty folder it may go, over a file or
/// what is in a folder never.
///
/// # Errors
/// What the system, by way of `failed`, or `write` says; nothing is left beside the place then.
pub(crate) fn write_folder<E>(
    folder: &Path,
    failed: impl Fn(io::Error) -> E,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let beside = beside(folder).map_err(&failed)?;
    let written = fs::create_dir_all(&beside)
        .map_err(&failed)
        .and_then(|()| write(&beside))
        .and_then(|()| fs::rename(&beside, folder).map_err(&failed));
    written.inspect_err(|_| {
        let _ = fs::remove_dir_all(&beside);
    })
}

/// Waits until the entries of a folder, and of those `depth` levels below it, are on the disk: that of a file is not
/// written with the file itself.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_folders(folder: &Path, depth: usize) -> io::Result<()> {
    if depth > 0 {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                sync_folders(&entry.path(), depth - 1)?;
            }
        }
    }
    // Elsewhere a folder cannot be opened, and its entries are written in order.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn create(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::new(File::create_new(path)?);
    write(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()
}

/// A new name in the same folder.
fn beside(path: &Path) -> io::Result<PathBuf> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    // In a container every process may have the number 1, and one before this may have left its file.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let name = format!(".{}.{}-{now}-{number}.part", name.to_string_lossy(), process::id());
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file");
        write_whole(&path, |file| file.write_all(b"old")).unwrap();
        let failed = write_whole(&path, |file| {
            file.write_all(b"half of the ne")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

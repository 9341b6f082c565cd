//! One writer a run: a lock that the system gives back when its holder ends, however that comes about.

use super::folder::RunFolder;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::ops::Deref;
use std::path::PathBuf;
use std::process;

/// The name of the locked file in a run's folder.
const LOCK: &str = "run.lock";

/// Why a run cannot be written to.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LockError {
    #[error(
        "{path} is being written to by another process{holder}: wait for its end, or stop it with SIGTERM, which saves \
         everything"
    )]
    Taken { path: PathBuf, holder: String },
    #[error("cannot write {path}: {cause}")]
    Write { path: PathBuf, cause: io::Error },
}

/// A run's folder that no other process writes to as long as this lives.
///
/// The lock is the system's own (`flock`) on the file `run.lock`, and ends with the process: a crash leaves the file
/// but no lock.
#[derive(Debug)]
pub struct LockedRun {
    folder: RunFolder,
    _file: File,
}

impl LockedRun {
    /// Makes the folder where it is missing, and locks it.
    ///
    /// # Errors
    /// If another process holds it, or the folder cannot be written to.
    pub fn lock(folder: RunFolder) -> Result<Self, LockError> {
        let path = folder.root.join(LOCK);
        let failed = |cause| LockError::Write { path: path.clone(), cause };
        fs::create_dir_all(&folder.root)
            .map_err(|cause| LockError::Write { path: folder.root.clone(), cause })?;
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is, is a help only.
                let _ = file.take(100).read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => String::new(),
                    id => format!(" ({id})"),
                };
                return Err(LockError::Taken { path: folder.root, holder });
            }
            // Some file systems of networks have no locks; the run is no worse there than without one.
            Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "process {}", process::id()).map_err(failed)?;
        Ok(Self { folder, _file: file })
    }
}

impl Deref for LockedRun {
    type Target = RunFolder;

    fn deref(&self) -> &RunFolder {
        &self.folder
    }
}

/// Whether a process writes to the run in `folder`. It is only looked at: a lock taken for a moment could turn a writer away.
///
/// Where the system does not list its locks, as outside of Linux, the answer is `None`.
pub fn is_written_to(folder: &RunFolder) -> Option<bool> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt;
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let Ok(file) = fs::metadata(folder.root.join(LOCK)) else { return Some(false) };
        // A line is `1: FLOCK ADVISORY WRITE 4711 08:01:1234 0 EOF`; inodes differ within a device, and devices are named
        // differently by some file systems, so the inode must do.
        let inode = format!(":{} ", file.ino());
        Some(locks.lines().any(|line| line.contains("FLOCK") && line.contains(&inode)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_writer_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(place.path().join("run"));
        let first = LockedRun::lock(folder.clone()).unwrap();
        let message = LockedRun::lock(folder.clone()).unwrap_err().to_string();
        let holder = format!("process {}", process::id());
        assert!(message.contains("run is being written to") && message.contains(&holder), "{message}");
        assert_ne!(is_written_to(&folder), Some(false));
        drop(first);
        assert_ne!(is_written_to(&folder), Some(true));
        LockedRun::lock(folder).unwrap();
    }

    #[test]
    fn what_a_crash_left_locks_nobody_out() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(LOCK), "process 1\n").unwrap();
        LockedRun::lock(RunFolder::new(place.path())).unwrap();
    }
}

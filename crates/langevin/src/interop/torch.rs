//! Weights in files that `torch.save` wrote: archives, and the streams of PyTorch before 1.6.
//!
//! The pickle in them is read as data: nothing in it is ever called, whatever it names.

use crate::models::weights::{Array, Weights};
use pytorch_reader::{DType, PytorchError, PytorchReader, Tensor};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// How many times larger than its file the f32 copies of its tensors may be, and what an archive unpacks to: half precision
/// doubles, and several names may share one storage. A tensor that repeats its storage without end stays out.
const MOST_GROWTH: u64 = 16;

/// Where a TAR archive says that it is one.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// Why a PyTorch file cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TorchError {
    #[error("cannot read the PyTorch file {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("{path} is not a sound PyTorch file: {message}")]
    Malformed { path: PathBuf, message: String },
    #[error(
        "{path} holds no tensors: expected a state dict, as torch.save(model.state_dict(), file) writes it"
    )]
    Empty { path: PathBuf },
    #[error("{path}: the tensor {name} holds {dtype:?}, but weights are F32, F16, BF16 or F64")]
    Dtype { path: PathBuf, name: String, dtype: DType },
    #[error("{path} has {length} bytes, but its tensors would fill {claimed}: it is no file of weights")]
    Growth { path: PathBuf, length: u64, claimed: u64 },
    #[error(
        "{path} is a TAR archive, as PyTorch wrote before version 0.1.10, which is not read: load it there and save it again"
    )]
    Tar { path: PathBuf },
}

/// The tensors of a file, by the path of keys that leads to each; none is in memory yet.
#[derive(Debug)]
pub struct TorchFile {
    path: PathBuf,
    length: u64,
    tensors: BTreeMap<String, Tensor>,
}

impl TorchFile {
    /// Finds the tensors of the file at `path`, however deep they lie in dictionaries and lists.
    ///
    /// # Errors
    /// If the file cannot be read, is malformed, or holds no tensor.
    pub fn open(path: &Path) -> Result<Self, TorchError> {
        let owned = || path.to_owned();
        let length = fs::metadata(path).map_err(|cause| TorchError::Read { path: owned(), cause })?.len();
        check_container(path, length)?;
        let reader = PytorchReader::new(path).map_err(|error| match error {
            PytorchError::Io(cause) if cause.kind() != std::io::ErrorKind::InvalidData => {
                TorchError::Read { path: owned(), cause }
            }
            error => TorchError::Malformed { path: owned(), message: one_line(&error) },
        })?;
        let tensors: BTreeMap<String, Tensor> = reader.into_tensors().into_iter().collect();
        if tensors.is_empty() {
            return Err(TorchError::Empty { path: owned() });
        }
        Ok(Self { path: owned(), length, tensors })
    }

    /// The name of every tensor: its keys, joined by dots.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.tensors.keys().map(String::as_str)
    }

    /// The tensors whose names begin with `prefix`, under what follows it, in f32 and row-major order.
    ///
    /// # Errors
    /// If one holds something else than floating-point numbers, or its bytes are not there.
    pub fn weights(&self, prefix: &str) -> Result<Weights, TorchError> {
        self.chosen(|name| name.strip_prefix(prefix))
    }

    /// The tensors for whose names `rename` gives one, under that one, in f32 and row-major order; the others are not read.
    ///
    /// # Errors
    /// If one of those chosen holds something else than floating-point numbers, or its bytes are not there.
    pub fn chosen<'a>(&'a self, rename: impl Fn(&'a str) -> Option<&'a str>) -> Result<Weights, TorchError> {
        let chosen = || self.tensors.iter().filter_map(|(name, tensor)| Some((rename(name)?, tensor)));
        let elements = chosen().map(|(_, tensor)| tensor.num_elements() as u64);
        let claimed = elements.fold(0u64, |sum, count| sum.saturating_add(count.saturating_mul(4)));
        if claimed > self.length.saturating_mul(MOST_GROWTH) {
            return Err(TorchError::Growth { path: self.path.clone(), length: self.length, claimed });
        }
        chosen()
            .map(|(name, tensor)| {
                let array = Array { shape: tensor.shape().to_vec(), values: self.values(name, tensor)? };
                Ok((name.to_owned(), array))
            })
            .collect()
    }

    fn values(&self, name: &str, tensor: &Tensor) -> Result<Vec<f32>, TorchError> {
        let (path, dtype) = (self.path.clone(), tensor.dtype());
        if !matches!(dtype, DType::F32 | DType::F64 | DType::F16 | DType::BF16) {
            return Err(TorchError::Dtype { path, name: name.to_owned(), dtype });
        }
        let bytes = tensor
            .read()
            .map_err(|error| TorchError::Malformed { path, message: error.to_string().replace('\n', " ") })?;
        let halves =
            |convert: fn([u8; 2]) -> f32| bytes.as_chunks().0.iter().map(|bytes| convert(*bytes)).collect();
        Ok(match dtype {
            DType::F64 => bytes.as_chunks().0.iter().map(|bytes| f64::from_ne_bytes(*bytes) as f32).collect(),
            DType::F16 => halves(|bytes| half::f16::from_ne_bytes(bytes).to_f32()),
            DType::BF16 => halves(|bytes| half::bf16::from_ne_bytes(bytes).to_f32()),
            _ => bytes.as_chunks().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect(),
        })
    }
}

/// Refuses containers that unpack to far more than they are: archives that say so, and TAR, whose files may have holes of any size.
fn check_container(path: &Path, length: u64) -> Result<(), TorchError> {
    let read = |cause| TorchError::Read { path: path.to_owned(), cause };
    let mut file = File::open(path).map_err(read)?;
    let mut start = Vec::new();
    (&mut file).take(TAR_MAGIC.end as u64).read_to_end(&mut start).map_err(read)?;
    if start.get(TAR_MAGIC) == Some(b"ustar") {
        return Err(TorchError::Tar { path: path.to_owned() });
    }
    if !start.starts_with(b"PK") {
        return Ok(());
    }
    let damaged = |error| TorchError::Malformed {
        path: path.to_owned(),
        message: format!("its zip archive is damaged: {error}"),
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut claimed = 0u64;
    for index in 0..archive.len() {
        claimed = claimed.saturating_add(archive.by_index_raw(index).map_err(damaged)?.size());
    }
    if claimed > length.saturating_mul(MOST_GROWTH) {
        return Err(TorchError::Growth { path: path.to_owned(), length, claimed });
    }
    Ok(())
}

fn one_line(error: &PytorchError) -> String {
    let message = error.to_string().replace('\n', " ");
    message.trim_end_matches('.').to_owned()
}

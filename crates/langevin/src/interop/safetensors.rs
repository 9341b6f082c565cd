//! Weights in safetensors files.

use crate::files::write_whole;
use crate::models::weights::{Array, Weights};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why a file of weights cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SafetensorsError {
    #[error("cannot read the weights {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("cannot write the weights {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error("{path} is not a sound safetensors file: {message}")]
    Malformed { path: PathBuf, message: String },
    #[error("{path}: the array {name} holds {dtype:?}, but weights are F32, F16, BF16 or F64")]
    Dtype { path: PathBuf, name: String, dtype: Dtype },
}

/// Reads every array of a file; F16, BF16 and F64 become f32.
///
/// # Errors
/// If the file cannot be read, is malformed, or holds something else than floating-point numbers.
pub fn read(path: &Path) -> Result<Weights, SafetensorsError> {
    let bytes = fs::read(path).map_err(|cause| SafetensorsError::Read { path: path.to_owned(), cause })?;
    let malformed = |error: safetensors::SafeTensorError| SafetensorsError::Malformed {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let file = SafeTensors::deserialize(&bytes).map_err(malformed)?;
    file.iter()
        .map(|(name, view)| {
            let values = decode(&view).ok_or_else(|| SafetensorsError::Dtype {
                path: path.to_owned(),
                name: name.to_owned(),
                dtype: view.dtype(),
            })?;
            Ok((name.to_owned(), Array { shape: view.shape().to_vec(), values }))
        })
        .collect()
}

/// The elements of an array of floating-point numbers, as f32; `None` for other types.
pub fn decode(view: &TensorView) -> Option<Vec<f32>> {
    let data = view.data();
    let wide = |data: &[u8]| -> Vec<f32> {
        data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()
    };
    let halves =
        |convert: fn([u8; 2]) -> f32| data.as_chunks().0.iter().map(|bytes| convert(*bytes)).collect();
    match view.dtype() {
        Dtype::F32 => Some(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Dtype::F64 => Some(wide(data)),
        Dtype::F16 => Some(halves(|bytes| half::f16::from_le_bytes(bytes).to_f32())),
        Dtype::BF16 => Some(halves(|bytes| half::bf16::from_le_bytes(bytes).to_f32())),
        _ => None,
    }
}

/// Writes arrays as F32, and waits until they are on the disk.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, weights: &Weights) -> Result<(), SafetensorsError> {
    let bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(name, array)| {
            let bytes = array.values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name.as_str(), (array.shape.clone(), bytes))
        })
        .collect();
    let views = bytes.iter().map(|(name, (shape, bytes))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (*name, view.expect("the shape of an array is that of its values"))
    });
    // PyTorch's loaders look for this entry.
    let metadata = std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let text = safetensors::serialize(views, Some(metadata))
        .map_err(|error| SafetensorsError::Malformed { path: path.to_owned(), message: error.to_string() })?;
    write_whole(path, |file| file.write_all(&text))
        .map_err(|cause| SafetensorsError::Write { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let weights = Weights::from([
            (
                "a.weight".to_owned(),
                Array { shape: vec![2, 3], values: vec![1.0, -2.5, 0.0, 1e-30, f32::MAX, 3.0] },
            ),
            ("b".to_owned(), Array { shape: vec![1], values: vec![7.0] }),
        ]);
        write(&path, &weights).unwrap();
        assert_eq!(read(&path).unwrap(), weights);
    }

    #[test]
    fn a_truncated_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let weights = Weights::from([("a".to_owned(), Array { shape: vec![4], values: vec![1.0; 4] })]);
        write(&path, &weights).unwrap();
        let bytes = fs::read(&path).unwrap();
        for length in [0, 4, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains("w.safetensors"), "{message}");
        }
    }
}

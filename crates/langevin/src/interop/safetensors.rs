//! Weights in safetensors files.

use crate::files::write_whole;
use crate::models::weights::{Array, Weights};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Elements that are turned into bytes at a time.
const CHUNK: usize = 1 << 14;

/// Why a file of weights cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SafetensorsError {
    #[error("cannot read the weights {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("cannot write the weights {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error("cannot write a pipeline to {path}: {message}")]
    Foreign { path: PathBuf, message: String },
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
    read_chosen(path, |_| true)
}

/// Reads those arrays of a file whose names `choose` takes; F16, BF16 and F64 become f32.
///
/// # Errors
/// As [`read`], of those chosen.
pub fn read_chosen(path: &Path, choose: impl Fn(&str) -> bool) -> Result<Weights, SafetensorsError> {
    let bytes = fs::read(path).map_err(|cause| SafetensorsError::Read { path: path.to_owned(), cause })?;
    let malformed = |error: safetensors::SafeTensorError| SafetensorsError::Malformed {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let file = SafeTensors::deserialize(&bytes).map_err(malformed)?;
    file.iter()
        .filter(|(name, _)| choose(name))
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

/// An array to write: its shape, and its elements in row-major order.
pub type Borrowed<'a> = (&'a [usize], &'a [f32]);

/// Writes arrays as F32, and waits until they are on the disk.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, weights: &Weights) -> Result<(), SafetensorsError> {
    let borrowed = weights.iter().map(|(name, array)| (name.clone(), (&array.shape[..], &array.values[..])));
    write_borrowed(path, &borrowed.collect())
}

/// As [`write()`], from arrays that lie elsewhere; nothing is copied but what is on its way to the disk.
///
/// # Errors
/// If the file cannot be written.
pub fn write_borrowed(path: &Path, arrays: &BTreeMap<String, Borrowed>) -> Result<(), SafetensorsError> {
    let header = header(arrays);
    write_whole(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        let mut bytes = Vec::with_capacity(4 * CHUNK);
        for values in arrays.values().flat_map(|(_, values)| values.chunks(CHUNK)) {
            bytes.clear();
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            file.write_all(&bytes)?;
        }
        Ok(())
    })
    .map_err(|cause| SafetensorsError::Write { path: path.to_owned(), cause })
}

/// What a file begins with: name, type, shape and place of each array, as JSON, filled up to a multiple of 8 bytes.
fn header(arrays: &BTreeMap<String, Borrowed>) -> String {
    // PyTorch's loaders look for this entry.
    let mut entries = serde_json::Map::from_iter([("__metadata__".to_owned(), json!({ "format": "pt" }))]);
    let mut begin = 0;
    for (name, (shape, values)) in arrays {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        let end = begin + 4 * values.len();
        entries.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, end] }));
        begin = end;
    }
    let mut text = Value::Object(entries).to_string();
    // By hand: a width in a format ends at 65,535, and large networks have longer headers.
    let blanks = text.len().next_multiple_of(8) - text.len();
    text.extend(std::iter::repeat_n(' ', blanks));
    text
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
    fn a_network_of_many_arrays_survives_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let array = |index| Array { shape: vec![1], values: vec![index as f32] };
        let weights: Weights =
            (0..2000).map(|index| (format!("a.rather.long.name.{index}"), array(index))).collect();
        write(&path, &weights).unwrap();
        assert!(fs::read(&path).unwrap().len() > 1 << 16);
        assert_eq!(read(&path).unwrap(), weights);
    }

    #[test]
    fn integers_are_left_out_where_nobody_asks_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let header = r#"{"count":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#;
        let data = [&7i64.to_le_bytes()[..], &1.5f32.to_le_bytes()].concat();
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat();
        fs::write(&path, bytes).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("count holds I64"));
        let weights = read_chosen(&path, |name| name != "count").unwrap();
        assert_eq!((weights.len(), &weights["w"].values[..]), (1, &[1.5][..]));
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

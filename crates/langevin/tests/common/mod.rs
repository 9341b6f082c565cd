//! Reading reference vectors, and comparing with them element by element.

#![allow(dead_code, unreachable_pub)]

pub mod case;
pub mod drawn;
pub mod events;
pub mod parts;

use langevin::interop::safetensors;
use langevin::models::weights::{Array, Weights};
use std::path::{Path, PathBuf};

/// One file of vectors.
pub struct Vectors {
    arrays: Weights,
    bytes: Vec<u8>,
}

impl Vectors {
    /// The vectors of a component.
    pub fn open(component: &str) -> Self {
        Self::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity").join(component))
    }

    /// The vectors in `folder`.
    pub fn read(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join("vectors.safetensors")).unwrap();
        let tensors = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let floats = tensors.iter().filter(|(_, view)| view.dtype() != ::safetensors::Dtype::I64);
        let arrays = floats.map(|(name, view)| (name.to_owned(), decode(&view))).collect();
        Self { arrays, bytes }
    }

    /// The array `name`.
    pub fn array(&self, name: &str) -> &Array {
        self.find(name).unwrap_or_else(|| panic!("the vectors have no {name}"))
    }

    /// The array `name`, if there is one.
    pub fn find(&self, name: &str) -> Option<&Array> {
        self.arrays.get(name)
    }

    /// The arrays whose names begin with `prefix`, without it.
    pub fn prefixed(&self, prefix: &str) -> Weights {
        let stripped = self.arrays.iter().filter_map(|(name, array)| {
            name.strip_prefix(prefix).map(|rest| (rest.to_owned(), array.clone()))
        });
        stripped.collect()
    }

    /// The I64 array `name`.
    pub fn integers(&self, name: &str) -> Vec<i64> {
        let tensors = ::safetensors::SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(name).unwrap();
        view.data().as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
    }

    /// The F64 array `name`, exactly.
    pub fn doubles(&self, name: &str) -> Vec<f64> {
        let tensors = ::safetensors::SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(name).unwrap_or_else(|_| panic!("the vectors have no {name}"));
        assert_eq!(view.dtype(), ::safetensors::Dtype::F64);
        view.data().as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    }

    /// The JSON text `key` of the file's metadata.
    pub fn metadata(&self, key: &str) -> serde_json::Value {
        self.find_metadata(key).unwrap_or_else(|| panic!("the vectors' metadata lack {key}"))
    }

    /// The JSON text `key` of the file's metadata, if there is one.
    pub fn find_metadata(&self, key: &str) -> Option<serde_json::Value> {
        let (_, metadata) = ::safetensors::SafeTensors::read_metadata(&self.bytes).unwrap();
        let text = metadata.metadata().as_ref()?.get(key)?;
        Some(serde_json::from_str(text).unwrap())
    }
}

fn decode(view: &::safetensors::tensor::TensorView) -> Array {
    let values = safetensors::decode(view).expect("the vectors hold floating-point numbers");
    Array { shape: view.shape().to_vec(), values }
}

/// |a − b| ≤ atol + rtol |b| for every element; the worst is reported.
pub fn assert_close(what: &str, ours: &[f32], theirs: &[f32], atol: f32, rtol: f32) {
    assert_eq!(
        ours.len(),
        theirs.len(),
        "{what}: {} elements where {} are expected",
        ours.len(),
        theirs.len()
    );
    let excess = |(a, b): (&f32, &f32)| (a - b).abs() - (atol + rtol * b.abs());
    let worst = ours.iter().zip(theirs).enumerate().max_by(|a, b| excess(a.1).total_cmp(&excess(b.1)));
    let Some((index, (a, b))) = worst else { return };
    assert!(excess((a, b)) <= 0.0, "{what}: element {index} is {a}, expected {b} (atol {atol}, rtol {rtol})");
}

/// The largest of some numbers, infinite if one of them is no number.
pub fn worst_of(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers
        .into_iter()
        .fold(0.0, |worst: f64, number| if number.is_nan() { f64::INFINITY } else { worst.max(number) })
}

/// Numbers in [−1, 1] without a pattern.
pub fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + 13) % 1009) as f32 / 504.0 - 1.0).collect()
}

/// `network` with normal noise of `scale` added to every parameter, so that those that start at zero matter.
pub fn perturbed<M: burn::module::Module>(network: M, scale: f32, seed: u64) -> M {
    use langevin::math::rng::{Purpose, Stream};
    let mut weights = langevin::models::weights::weights_of(&network);
    for (index, array) in weights.values_mut().enumerate() {
        let mut noise = vec![0.0; array.values.len()];
        Stream::new(seed, Purpose::Data, index as u64).normal(0, &mut noise);
        for (value, noise) in array.values.iter_mut().zip(noise) {
            *value += scale * noise;
        }
    }
    langevin::models::weights::with_weights(network, weights).unwrap()
}

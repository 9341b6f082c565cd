//! Between tensors and slices.

use crate::models::SampleShape;
use burn::tensor::{Device, Tensor, TensorData};

/// The elements of a tensor, in row-major order.
pub fn to_vec<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("every tensor of this crate holds f32")
}

/// Samples, channels last, as a tensor.
///
/// # Panics
/// If `values` is not a whole number of samples.
pub fn from_samples(values: Vec<f32>, shape: SampleShape, device: &Device) -> Tensor<4> {
    let samples = values.len() / shape.elements();
    Tensor::from_data(TensorData::new(values, shape.batch(samples)), device)
}

/// Samples of two elements as points of the plane.
pub fn to_points(samples: &[f32]) -> Vec<[f32; 2]> {
    samples.as_chunks().0.to_vec()
}

//! What the tests of several operations need.

use burn::tensor::{Device, Tensor, TensorData};

/// Numbers in [−`largest`, `largest`] that look random.
pub(crate) fn numbers(len: usize, largest: f32) -> Vec<f32> {
    (0..len).map(|i| (((i * 37 + 11) % 101) as f32 / 50.0 - 1.0) * largest).collect()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// What a function gives for x.
pub(crate) fn output<const D: usize>(
    x: &[f32],
    shape: [usize; D],
    function: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Vec<f32> {
    values(function(Tensor::from_data(TensorData::new(x.to_vec(), shape), &Device::flex())))
}

/// The gradient of Σ c · function(x) with respect to x, each c another number.
pub(crate) fn gradient<const D: usize, const E: usize>(
    x: &[f32],
    shape: [usize; D],
    function: impl Fn(Tensor<D>) -> Tensor<E>,
) -> Vec<f32> {
    let device = Device::flex().autodiff();
    let x = Tensor::<D>::from_data(TensorData::new(x.to_vec(), shape), &device).require_grad();
    let y = function(x.clone());
    let factors = numbers(y.dims().iter().product(), 1.3);
    let factors = Tensor::<E>::from_data(TensorData::new(factors, y.dims()), &device);
    values(x.grad(&(y * factors).sum().backward()).unwrap())
}

/// max |difference| ≤ `tolerance` · max(1, max |expected|).
pub(crate) fn assert_near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1.0f32, |m, e| m.max(e.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance * largest, "element {i}: {f} for {e}");
    }
}

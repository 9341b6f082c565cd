//! The affine map.

use burn::tensor::Tensor;

/// y = x Wᵀ + b over the last axis.
///
/// # Shapes
/// `x`: `[rows, in]`, `weight`: `[out, in]`, `bias`: `[out]`; returns `[rows, out]`.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    x.matmul(weight.transpose()) + bias.unsqueeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn a_worked_example() {
        let device = Device::flex();
        let tensor = |data: [[f32; 2]; 3]| Tensor::<2>::from_data(TensorData::from(data), &device);
        let x = Tensor::<2>::from_data(TensorData::from([[1.0f32, 2.0]]), &device);
        let bias = Tensor::<1>::from_data(TensorData::from([0.5f32, 0.0, -1.0]), &device);
        let y = linear(x, tensor([[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), bias);
        assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [11.5, 17.0, 22.0]);
    }
}

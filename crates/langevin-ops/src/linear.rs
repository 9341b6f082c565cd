//! The affine map.

use crate::{Addend, ConvOptions, Padding, conv2d, fused};
use burn::tensor::Tensor;

/// y = x Wᵀ + b over the last axis, plus the residual if there is one.
///
/// # Shapes
/// `x`: `[rows, in]`, `weight`: `[out, in]`, `bias`: `[out]`; returns `[rows, out]`, the residual's shape.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, residual: Option<Tensor<2>>) -> Tensor<2> {
    if !fused::applies(&x) {
        let y = x.matmul(weight.transpose()) + bias.unsqueeze();
        return match residual {
            Some(residual) => y + residual,
            None => y,
        };
    }
    let ([rows, inputs], [outputs, _]) = (x.dims(), weight.dims());
    // A 1×1 convolution over one position a row.
    let y = conv2d(
        x.reshape([rows, 1, 1, inputs]),
        weight.reshape([outputs, inputs, 1, 1]),
        bias,
        ConvOptions { stride: 1, padding: Padding::symmetric(0), upsample: false },
        residual.map_or(Addend::None, |r| Addend::Residual(r.reshape([rows, 1, 1, outputs]))),
    );
    y.reshape([rows, outputs])
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
        let y = linear(x, tensor([[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), bias, None);
        assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [11.5, 17.0, 22.0]);
    }
}

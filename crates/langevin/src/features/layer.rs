//! The convolution of a network that is only applied.

use crate::interop::classifiers::Folded;
use crate::models::weights::Array;
use burn::tensor::{Tensor, TensorData};
use langevin_ops::{Window, conv2d_within, depthwise_within};

/// Negative numbers become 0: max(x, 0).
pub(super) const RELU: Option<[f32; 2]> = Some([0.0, f32::INFINITY]);

/// min(max(x, 0), 6) (Howard et al. 2017).
pub(super) const RELU6: Option<[f32; 2]> = Some([0.0, 6.0]);

/// A convolution with a bias, and an activation that cuts off.
#[derive(Debug)]
pub(super) struct Convolution {
    /// `[out, in, kernel height, kernel width]`.
    weight: Tensor<4>,
    bias: Tensor<1>,
    limits: Option<[f32; 2]>,
}

impl Convolution {
    pub(super) fn new(parts: Folded, limits: Option<[f32; 2]>) -> Self {
        Self { weight: tensor(parts.weight), bias: bias(parts.bias), limits }
    }

    /// # Shapes
    /// `x`: `[batch, height, width, in]`; `residual` and what is returned: `[batch, height', width', out]`.
    pub(super) fn forward(&self, x: Tensor<4>, window: Window, residual: Option<Tensor<4>>) -> Tensor<4> {
        conv2d_within(x, self.weight.clone(), self.bias.clone(), window, residual, self.limits)
    }

    /// Each channel with a kernel of its own.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`; returns `[batch, height', width', channels]`.
    pub(super) fn depthwise(&self, x: Tensor<4>, window: Window) -> Tensor<4> {
        depthwise_within(x, self.weight.clone(), self.bias.clone(), window, self.limits)
    }

    /// Rows of the kernel.
    pub(super) fn kernel(&self) -> usize {
        self.weight.dims()[2]
    }
}

/// An array as a tensor of its shape.
pub(super) fn tensor<const D: usize>(array: Array) -> Tensor<D> {
    Tensor::from_data(TensorData::new(array.values, array.shape), &crate::tensor::cpu())
}

/// A bias as a tensor.
pub(super) fn bias(values: Vec<f32>) -> Tensor<1> {
    let shape = vec![values.len()];
    tensor(Array { shape, values })
}

//! Pooling in networks that are applied and never trained. No gradients.

use crate::fused::{self, sizes, tensor, values};
use crate::inference::{ForwardOnly, channels_first, channels_last};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Tensor, module};
use burn_flex::FlexTensor;
use langevin_kernels::{self as kernels, Pool, PoolShape};

/// The largest element under a square window that reaches `border` positions out of the input.
///
/// # Shapes
/// `[batch, height, width, channels]`; returns `[batch, height', width', channels]`,
/// height' = (height + 2 border − window) / stride + 1.
///
/// # Panics
/// If gradients are asked for.
pub fn max_pool(x: Tensor<4>, window: usize, stride: usize, border: usize) -> Tensor<4> {
    if fused::applies(&x) {
        return pool(x, window, stride, border, Pool::Max);
    }
    let options = MaxPoolOptions::new([window; 2]).with_stride([stride; 2]).with_padding([border; 2]);
    channels_last(module::max_pool2d(channels_first(x), options))
}

/// The mean of the positions under a square window; those outside of the input do not count.
///
/// # Shapes
/// As [`max_pool`].
///
/// # Panics
/// If gradients are asked for.
pub fn mean_pool(x: Tensor<4>, window: usize, stride: usize, border: usize) -> Tensor<4> {
    if fused::applies(&x) {
        return pool(x, window, stride, border, Pool::Mean);
    }
    let options = AvgPoolOptions::new([window; 2]).with_stride([stride; 2]).with_padding([border; 2]);
    channels_last(module::avg_pool2d(channels_first(x), options.with_count_include_pad(false)))
}

fn pool(x: Tensor<4>, window: usize, stride: usize, border: usize, what: Pool) -> Tensor<4> {
    let compute = move |[x]: [FlexTensor; 1]| {
        let [batch, height, width, channels] = sizes(&x);
        let shape = PoolShape { batch, height, width, channels, window, stride, border };
        tensor(&shape.output(), |y| kernels::pool(&shape, what, values(&x), y))
    };
    fused::apply1([x.into_dispatch()], ForwardOnly { name: "pooling", compute })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, numbers};
    use burn::tensor::{Device, TensorData};

    fn input() -> Tensor<4> {
        let shape = [2, 9, 7, 21];
        let values = numbers(shape.iter().product(), 1.0);
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn values<const D: usize>(y: Tensor<D>) -> Vec<f32> {
        y.into_data().try_into_vec().unwrap()
    }

    /// The kernels against Burn's own operations.
    #[test]
    fn pools_agree_with_burns() {
        for (window, stride, border) in [(3, 2, 0), (3, 1, 1), (2, 2, 0)] {
            let max = MaxPoolOptions::new([window; 2]).with_stride([stride; 2]).with_padding([border; 2]);
            let expected = channels_last(module::max_pool2d(channels_first(input()), max));
            assert_near(&values(max_pool(input(), window, stride, border)), &values(expected), 0.0);
            let mean = AvgPoolOptions::new([window; 2]).with_stride([stride; 2]).with_padding([border; 2]);
            let mean = mean.with_count_include_pad(false);
            let expected = channels_last(module::avg_pool2d(channels_first(input()), mean));
            assert_near(&values(mean_pool(input(), window, stride, border)), &values(expected), 1e-6);
        }
    }
}

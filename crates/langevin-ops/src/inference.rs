//! Convolutions of networks that are applied and never trained: any kernel, and an activation that cuts off. No gradients.

use crate::fused::{self, Operation, sizes, tensor, values};
use crate::prepared::{prepared, prepared_rectangular};
use crate::settings;
use burn::tensor::{Tensor, module};
use burn_flex::FlexTensor;
use langevin_kernels::{self as kernels, Addends, ConvShape, DepthwiseShape, RectangularShape};
use std::fmt::{self, Debug, Formatter};

/// An operation without a gradient.
pub(crate) struct ForwardOnly<F> {
    pub(crate) name: &'static str,
    pub(crate) compute: F,
}

impl<F> Debug for ForwardOnly<F> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<const N: usize, F> Operation<N> for ForwardOnly<F>
where
    F: Fn([FlexTensor; N]) -> FlexTensor + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn forward(&self, inputs: [FlexTensor; N], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        assert!(!tracked, "{} has no gradient: it is for networks that are not trained", self.name);
        ((self.compute)(inputs), Vec::new())
    }

    fn backward(&self, _: Vec<FlexTensor>, _: FlexTensor, _: [bool; N]) -> [Option<FlexTensor>; N] {
        unreachable!("the forward pass refuses to be tracked")
    }
}

/// How a kernel walks over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Step, in rows and columns.
    pub stride: usize,
    /// Zeros above and below, and to the left and right.
    pub padding: [[usize; 2]; 2],
}

impl Window {
    /// Burn's words for it.
    fn options(self, groups: usize) -> burn::tensor::ops::ConvOptions<2> {
        let padding = self.padding.map(|[before, after]| (before, after));
        burn::tensor::ops::ConvOptions::new_with_padding([self.stride; 2], padding, [1, 1], groups)
    }
}

/// Cross-correlation of `x` with `weight`, plus `bias`, plus `residual` if there is one; what lies beyond the `limits`, the least
/// and the largest value, becomes them: `[0, ∞]` is relu, `[0, 6]` relu6.
///
/// # Shapes
/// `x`: `[batch, height, width, in]`, `weight`: `[out, in, kernel height, kernel width]`, `bias`: `[out]`; `residual` and what is
/// returned: `[batch, height', width', out]`, height' = (height + zeros − kernel height) / stride + 1.
///
/// # Panics
/// If gradients are asked for.
pub fn conv2d_within(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    window: Window,
    residual: Option<Tensor<4>>,
    limits: Option<[f32; 2]>,
) -> Tensor<4> {
    if !fused::applies(&x) {
        let y = channels_last(module::conv2d(channels_first(x), weight, Some(bias), window.options(1)));
        let y = residual.map_or(y.clone(), |residual| y + residual);
        return limits.map_or(y.clone(), |[least, largest]| y.clamp(least, largest));
    }
    let name = match weight.dims() {
        [_, _, 1, 1] => "1x1 convolution",
        [_, _, 3, 3] => "3x3 convolution",
        _ => "other convolutions",
    };
    let exact = settings::exact();
    let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    let convolve = move |[x, weight, bias]: [FlexTensor; 3], residual: Option<&FlexTensor>| {
        let addends =
            Addends { bias: Some(values(&bias)), residual: residual.map(values), limits, per_sample: None };
        convolve(&x, &weight, window, exact, addends)
    };
    let Some(residual) = residual else {
        return fused::apply3(inputs, ForwardOnly { name, compute: move |inputs| convolve(inputs, None) });
    };
    let [x, weight, bias] = inputs;
    let compute =
        move |[x, weight, bias, residual]: [FlexTensor; 4]| convolve([x, weight, bias], Some(&residual));
    fused::apply4([x, weight, bias, residual.into_dispatch()], ForwardOnly { name, compute })
}

/// By the square kernels' ways where the kernel is square: Winograd's is among them.
fn convolve(
    x: &FlexTensor,
    weight: &FlexTensor,
    window: Window,
    exact: bool,
    addends: Addends,
) -> FlexTensor {
    let Window { stride, padding: [vertical, horizontal] } = window;
    let ([batch, height, width, inputs], [outputs, weight_inputs, rows, columns]) = (sizes(x), sizes(weight));
    assert_eq!(inputs, weight_inputs, "the weight is for {weight_inputs} channels, the input has {inputs}");
    if rows == columns && vertical == horizontal {
        let ([before, after], kernel, upsample) = (vertical, rows, false);
        let shape = ConvShape {
            batch,
            height,
            width,
            inputs,
            outputs,
            kernel,
            stride,
            before,
            after,
            upsample,
            exact,
        };
        let ready = prepared(&shape, weight);
        return tensor(&shape.output(), |y| match ready {
            Some(ready) => kernels::conv2d_prepared(&shape, values(x), &ready, addends, y),
            None => kernels::conv2d(&shape, values(x), values(weight), addends, y),
        });
    }
    let (kernel, padding) = ([rows, columns], window.padding);
    let shape = RectangularShape { batch, height, width, inputs, outputs, kernel, stride, padding };
    let ready = prepared_rectangular(&shape, weight);
    tensor(&shape.output(), |y| match ready {
        Some(ready) => kernels::conv2d_rectangular_prepared(&shape, values(x), &ready, addends, y),
        None => kernels::conv2d_rectangular(&shape, values(x), values(weight), addends, y),
    })
}

/// Cross-correlation of each channel of `x` with a kernel of its own, plus `bias`, cut off as by [`conv2d_within`].
///
/// # Shapes
/// `x`: `[batch, height, width, channels]`, `weight`: `[channels, 1, kernel, kernel]`, `bias`: `[channels]`; returns
/// `[batch, height', width', channels]`, sizes as [`conv2d_within`]'s. The padding should be the same for rows and columns.
///
/// # Panics
/// If gradients are asked for.
pub fn depthwise_within(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    window: Window,
    limits: Option<[f32; 2]>,
) -> Tensor<4> {
    let Window { stride, padding: [[before, after], horizontal] } = window;
    assert_eq!([before, after], horizontal, "the padding of rows and columns should be the same");
    let ([batch, height, width, channels], [_, _, kernel, _]) = (x.dims(), weight.dims());
    if !fused::applies(&x) {
        let options = window.options(channels);
        let y = channels_last(module::conv2d(channels_first(x), weight, Some(bias), options));
        return limits.map_or(y.clone(), |[least, largest]| y.clamp(least, largest));
    }
    let shape = DepthwiseShape { batch, height, width, channels, kernel, stride, before, after };
    let compute = move |[x, weight, bias]: [FlexTensor; 3]| {
        let (x, weight, bias) = (values(&x), values(&weight), values(&bias));
        tensor(&shape.output(), |y| kernels::depthwise(&shape, x, weight, bias, limits, y))
    };
    let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    fused::apply3(inputs, ForwardOnly { name: "depthwise convolution", compute })
}

/// `[batch, height, width, channels]` as Burn's own operations want it.
pub(crate) fn channels_first(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 3, 1, 2])
}

/// The inverse of [`channels_first`], in order: a permuted view would slow every operation after it.
pub(crate) fn channels_last(y: Tensor<4>) -> Tensor<4> {
    let y = y.permute([0, 2, 3, 1]);
    let [batch, height, width, channels] = y.dims();
    y.reshape([batch * height * width, channels]).reshape([batch, height, width, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, numbers};
    use burn::tensor::{Device, TensorData};

    fn tensor<const D: usize>(shape: [usize; D], largest: f32) -> Tensor<D> {
        let values = numbers(shape.iter().product(), largest);
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn values(y: Tensor<4>) -> Vec<f32> {
        y.into_data().try_into_vec().unwrap()
    }

    /// The kernels against Burn's own operations.
    #[test]
    fn convolutions_agree_with_burns() {
        let x = tensor([2, 9, 11, 12], 1.0);
        let (window, same) = (|stride, padding| Window { stride, padding }, [[1, 1], [1, 1]]);
        for ([rows, columns], window) in [
            ([1, 7], window(1, [[0, 0], [3, 3]])),
            ([7, 1], window(1, [[3, 3], [0, 0]])),
            ([3, 3], window(1, same)),
            ([3, 3], window(2, [[0, 1], [0, 1]])),
            ([5, 5], window(1, [[2, 2], [2, 2]])),
            ([1, 1], window(1, [[0, 0], [0, 0]])),
        ] {
            let (weight, bias) = (tensor([10, 12, rows, columns], 0.3), tensor([10], 0.5));
            let limits = Some([0.0, 1.5]);
            let expected = module::conv2d(
                channels_first(x.clone()),
                weight.clone(),
                Some(bias.clone()),
                window.options(1),
            );
            let expected = channels_last(expected);
            let residual = tensor(expected.dims(), 0.7);
            let alone = conv2d_within(x.clone(), weight.clone(), bias.clone(), window, None, limits);
            assert_near(&values(alone), &values(expected.clone().clamp(0.0, 1.5)), 1e-5);
            let sum = conv2d_within(x.clone(), weight, bias, window, Some(residual.clone()), None);
            assert_near(&values(sum), &values(expected + residual), 1e-5);
        }
    }

    #[test]
    fn depthwise_convolutions_agree_with_burns() {
        let x = tensor([2, 9, 12, 19], 1.0);
        for (kernel, stride, sides) in [(3, 1, [1, 1]), (3, 2, [0, 1]), (5, 2, [1, 2]), (5, 1, [2, 2])] {
            let (weight, bias) = (tensor([19, 1, kernel, kernel], 1.0), tensor([19], 0.5));
            let window = Window { stride, padding: [sides; 2] };
            let expected = module::conv2d(
                channels_first(x.clone()),
                weight.clone(),
                Some(bias.clone()),
                window.options(19),
            );
            let expected = channels_last(expected).clamp(0.0, 2.0);
            let y = depthwise_within(x.clone(), weight, bias, window, Some([0.0, 2.0]));
            assert_near(&values(y), &values(expected), 1e-5);
        }
    }
}

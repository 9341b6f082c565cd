//! Group normalisation, alone and with what follows it in a residual block.

use crate::fused::{self, Operation, sizes, tensor, unwritten, values};
use crate::silu;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use langevin_kernels::{self as kernels, GroupNormGradients, Modulation};

/// Group normalisation (Wu & He 2018): over the positions and the channels of each of `groups` groups,
/// y = γ (x − μ) / √(σ² + ε) + β, with the biased variance.
///
/// # Shapes
/// `x`: `[batch, height, width, channels]`; `weight` (γ) and `bias` (β): `[channels]`; returns x's shape.
///
/// # Panics
/// If `groups` does not divide the channels.
pub fn group_norm(
    x: Tensor<4>,
    groups: usize,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<4> {
    let op = GroupNorm { groups, epsilon: epsilon as f32, silu: false };
    if fused::applies(&x) {
        return fused::apply3([x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()], op);
    }
    let channels = x.dims()[3];
    normalise(x, groups, weight.reshape([1, 1, 1, channels]), bias.reshape([1, 1, 1, channels]), epsilon)
}

/// [`group_norm`] followed by [`silu`].
pub fn group_norm_silu(
    x: Tensor<4>,
    groups: usize,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<4> {
    let op = GroupNorm { groups, epsilon: epsilon as f32, silu: true };
    if fused::applies(&x) {
        return fused::apply3([x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()], op);
    }
    silu(group_norm(x, groups, weight, bias, epsilon))
}

/// [`group_norm`], then y (1 + scale) + shift for each sample and channel, then [`silu`] (Nichol & Dhariwal
/// 2021, section 2: conditioning by scale and shift).
///
/// # Shapes
/// `scale`, `shift`: `[batch, channels]`.
pub fn group_norm_scale_shift_silu(
    x: Tensor<4>,
    groups: usize,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    scale: Tensor<2>,
    shift: Tensor<2>,
) -> Tensor<4> {
    if fused::applies(&x) {
        let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
        let inputs = [x, weight, bias, scale.into_dispatch(), shift.into_dispatch()];
        return fused::apply5(inputs, GroupNorm { groups, epsilon: epsilon as f32, silu: true });
    }
    let [batch, _, _, channels] = x.dims();
    // γ (1 + s) and β (1 + s) + shift: one pass over the activation instead of two.
    let gain = scale.add_scalar(1.0);
    let weight = weight.unsqueeze::<2>() * gain.clone();
    let bias = bias.unsqueeze::<2>() * gain + shift;
    let shape = [batch, 1, 1, channels];
    silu(normalise(x, groups, weight.reshape(shape), bias.reshape(shape), epsilon))
}

/// Normalises each group, then multiplies by `weight` and adds `bias`, `[1 or batch, 1, 1, channels]`.
fn normalise(x: Tensor<4>, groups: usize, weight: Tensor<4>, bias: Tensor<4>, epsilon: f64) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    assert_eq!(channels % groups, 0, "{groups} groups do not divide {channels} channels");
    let group_size = channels / groups;
    // Large sums run over the positions, where memory is contiguous; the rest is [batch, channels].
    let group_mean = |x: Tensor<4>| -> Tensor<4> {
        let per_channel = x.reshape([batch, height * width, channels]).mean_dim(1);
        let per_group = per_channel.reshape([batch, groups, group_size]).mean_dim(2);
        per_group.expand([batch, groups, group_size]).reshape([batch, 1, 1, channels])
    };
    let centred = x.clone() - group_mean(x);
    let variance = group_mean(centred.clone() * centred.clone());
    let inverse_deviation = variance.add_scalar(epsilon).sqrt().recip();
    centred * (inverse_deviation * weight) + bias
}

#[derive(Debug)]
struct GroupNorm {
    groups: usize,
    epsilon: f32,
    silu: bool,
}

impl GroupNorm {
    fn layer<'a>(
        &self,
        x: &FlexTensor,
        weight: &'a FlexTensor,
        bias: &'a FlexTensor,
        modulation: Option<Modulation<'a>>,
    ) -> kernels::GroupNorm<'a> {
        let [batch, height, width, channels] = sizes(x);
        kernels::GroupNorm {
            batch,
            positions: height * width,
            channels,
            groups: self.groups,
            weight: values(weight),
            bias: values(bias),
            epsilon: self.epsilon,
            modulation,
            silu: self.silu,
        }
    }

    /// The output and the statistics.
    fn compute(&self, layer: &kernels::GroupNorm, x: &FlexTensor) -> [FlexTensor; 2] {
        let mut y = None;
        let stats = tensor(&[layer.batch, self.groups, 2], |stats| {
            y = Some(tensor(&sizes::<4>(x), |y| kernels::group_norm(layer, values(x), y, stats)));
        });
        [y.expect("written above"), stats]
    }

    /// The gradients of x, γ and β, and with modulation of scale and shift.
    fn gradients(
        layer: &kernels::GroupNorm,
        x: &FlexTensor,
        stats: &FlexTensor,
        dy: &FlexTensor,
    ) -> [FlexTensor; 5] {
        let (batch, channels) = (layer.batch, layer.channels);
        let modulated = if layer.modulation.is_some() { batch } else { 0 };
        // SAFETY: the kernel below writes all five.
        let empty = |shape: &[usize]| unsafe { unwritten(shape) };
        let mut all = [
            empty(&sizes::<4>(x)),
            empty(&[channels]),
            empty(&[channels]),
            empty(&[modulated, channels]),
            empty(&[modulated, channels]),
        ];
        let [dx, dweight, dbias, dscale, dshift] = all.each_mut().map(|t| t.storage_mut::<f32>());
        let modulation = layer.modulation.map(|_| [dscale, dshift]);
        let gradients = GroupNormGradients { dx, dweight, dbias, modulation };
        kernels::group_norm_backward(layer, values(x), values(stats), values(dy), None, gradients);
        all
    }
}

impl Operation<3> for GroupNorm {
    fn name(&self) -> &'static str {
        "group norm"
    }

    fn forward(&self, [x, weight, bias]: [FlexTensor; 3], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let [y, stats] = self.compute(&self.layer(&x, &weight, &bias, None), &x);
        (y, if tracked { vec![x, weight, bias, stats] } else { Vec::new() })
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [x, weight, bias, stats] = &saved[..] else { unreachable!("four tensors are saved") };
        let layer = self.layer(x, weight, bias, None);
        let [dx, dweight, dbias, ..] = Self::gradients(&layer, x, stats, &dy);
        [dx, dweight, dbias].map(Some)
    }
}

impl Operation<5> for GroupNorm {
    fn name(&self) -> &'static str {
        "group norm"
    }

    fn forward(&self, inputs: [FlexTensor; 5], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let [x, weight, bias, scale, shift] = &inputs;
        let modulation = Modulation { scale: values(scale), shift: values(shift) };
        let [y, stats] = self.compute(&self.layer(x, weight, bias, Some(modulation)), x);
        (y, if tracked { inputs.into_iter().chain([stats]).collect() } else { Vec::new() })
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 5]) -> [Option<FlexTensor>; 5] {
        let [x, weight, bias, scale, shift, stats] = &saved[..] else {
            unreachable!("six tensors are saved")
        };
        let modulation = Modulation { scale: values(scale), shift: values(shift) };
        let layer = self.layer(x, weight, bias, Some(modulation));
        Self::gradients(&layer, x, stats, &dy).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    const SHAPE: [usize; 4] = [2, 3, 5, 6];

    fn input() -> Vec<f32> {
        (0..SHAPE.iter().product()).map(|i: usize| ((i * 37) % 101) as f32 / 17.0 - 2.0).collect()
    }

    fn tensor<const D: usize>(data: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(data, shape), &Device::flex())
    }

    /// Group normalisation of `input()` in f64, with loops.
    fn reference(groups: usize, weight: &[f32], bias: &[f32], epsilon: f64) -> Vec<f64> {
        let x = input();
        let [batch, height, width, channels] = SHAPE;
        let size = channels / groups;
        let mut out = vec![0.0; x.len()];
        for b in 0..batch {
            for g in 0..groups {
                let members: Vec<usize> = (0..height * width)
                    .flat_map(|p| (0..size).map(move |c| (b * height * width + p) * channels + g * size + c))
                    .collect();
                let n = members.len() as f64;
                let mean = members.iter().map(|&i| f64::from(x[i])).sum::<f64>() / n;
                let variance = members.iter().map(|&i| (f64::from(x[i]) - mean).powi(2)).sum::<f64>() / n;
                for i in members {
                    let c = i % channels;
                    out[i] = (f64::from(x[i]) - mean) / (variance + epsilon).sqrt() * f64::from(weight[c])
                        + f64::from(bias[c]);
                }
            }
        }
        out
    }

    #[test]
    fn group_norm_agrees_with_loops() {
        let weight: Vec<f32> = (0..6).map(|c| 0.5 + 0.3 * c as f32).collect();
        let bias: Vec<f32> = (0..6).map(|c| 0.1 * c as f32 - 0.2).collect();
        for groups in [1, 2, 3, 6] {
            let y = group_norm(
                tensor(input(), SHAPE),
                groups,
                tensor(weight.clone(), [6]),
                tensor(bias.clone(), [6]),
                1e-6,
            );
            let y = y.into_data().try_to_vec::<f32>().unwrap();
            for (i, (y, e)) in y.iter().zip(reference(groups, &weight, &bias, 1e-6)).enumerate() {
                assert!((f64::from(*y) - e).abs() < 1e-5, "{groups} groups, element {i}: {y} for {e}");
            }
        }
    }

    #[test]
    fn scale_and_shift_come_after_the_affine_map() {
        let (weight, bias) = (vec![1.5f32; 6], vec![-0.25f32; 6]);
        let scale: Vec<f32> = (0..12).map(|i| 0.1 * i as f32 - 0.5).collect();
        let shift: Vec<f32> = (0..12).map(|i| 0.7 - 0.1 * i as f32).collect();
        let y = group_norm_scale_shift_silu(
            tensor(input(), SHAPE),
            2,
            tensor(weight.clone(), [6]),
            tensor(bias.clone(), [6]),
            1e-5,
            tensor(scale.clone(), [2, 6]),
            tensor(shift.clone(), [2, 6]),
        );
        let y = y.into_data().try_to_vec::<f32>().unwrap();
        for (i, (y, e)) in y.iter().zip(reference(2, &weight, &bias, 1e-5)).enumerate() {
            let at = i / (3 * 5 * 6) * 6 + i % 6;
            let z = e * (1.0 + f64::from(scale[at])) + f64::from(shift[at]);
            let expected = z / (1.0 + (-z).exp());
            assert!((f64::from(*y) - expected).abs() < 1e-5, "element {i}: {y} for {expected}");
        }
    }
}

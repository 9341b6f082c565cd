//! Layer normalisation.

use crate::fused::{self, Operation, sizes, tensor, unwritten, values};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use langevin_kernels as kernels;

/// Layer normalisation (Ba et al. 2016): y = γ (x − μ) / √(σ² + ε) + β over the last axis, with the biased variance.
///
/// # Shapes
/// `x`: `[.., channels]`; `weight` (γ) and `bias` (β): `[channels]`; returns x's shape.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    if fused::applies(&x) {
        let op = LayerNorm { epsilon: epsilon as f32 };
        return fused::apply3([x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()], op);
    }
    composed(x, weight, bias, epsilon)
}

/// The same in Burn's own operations.
fn composed<const D: usize>(x: Tensor<D>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    centred / (variance + epsilon).sqrt() * weight.unsqueeze() + bias.unsqueeze()
}

#[derive(Debug)]
struct LayerNorm {
    epsilon: f32,
}

impl LayerNorm {
    fn layer<'a>(&self, weight: &'a FlexTensor, bias: &'a FlexTensor) -> kernels::LayerNorm<'a> {
        let (weight, bias) = (values(weight), values(bias));
        kernels::LayerNorm { channels: weight.len(), weight, bias, epsilon: self.epsilon }
    }
}

impl Operation<3> for LayerNorm {
    fn name(&self) -> &'static str {
        "layer norm"
    }

    fn forward(&self, [x, weight, bias]: [FlexTensor; 3], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let layer = self.layer(&weight, &bias);
        let rows = values(&x).len() / layer.channels;
        let mut y = None;
        let stats = tensor(&[rows, 2], |stats| {
            y = Some(tensor(x.layout().shape(), |y| kernels::layer_norm(&layer, values(&x), y, stats)));
        });
        let saved = if tracked { vec![x, weight, bias, stats] } else { Vec::new() };
        (y.expect("written above"), saved)
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [x, weight, bias, stats] = &saved[..] else { unreachable!("four tensors are saved") };
        let layer = self.layer(weight, bias);
        let channels = sizes::<1>(weight);
        // SAFETY: the kernel below writes all three.
        let mut all = unsafe { [unwritten(x.layout().shape()), unwritten(&channels), unwritten(&channels)] };
        let [dx, dweight, dbias] = all.each_mut().map(|t| t.storage_mut::<f32>());
        let (x, stats, dy) = (values(x), values(stats), values(&dy));
        kernels::layer_norm_backward(&layer, x, stats, dy, None, dx, dweight, dbias);
        all.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, gradient, numbers, output};
    use burn::tensor::Device;

    #[test]
    fn agrees_with_the_composition() {
        let [x, weight, bias] = [numbers(3 * 5 * 13, 3.0), numbers(13, 2.0), numbers(13, 1.0)];
        let vector = |values: &[f32], like: &Device| Tensor::<1>::from_floats(values, like);
        let ours = |x: Tensor<3>| {
            let device = x.device();
            layer_norm(x, vector(&weight, &device), vector(&bias, &device), 1e-5)
        };
        let theirs = |x: Tensor<3>| {
            let device = x.device();
            composed(x, vector(&weight, &device), vector(&bias, &device), 1e-5)
        };
        assert_near(&output(&x, [3, 5, 13], ours), &output(&x, [3, 5, 13], theirs), 2e-6);
        assert_near(&gradient(&x, [3, 5, 13], ours), &gradient(&x, [3, 5, 13], theirs), 2e-6);
        // The parameters' gradients, x held.
        let x3 = |device: &Device| Tensor::<1>::from_floats(x.as_slice(), device).reshape([3, 5, 13]);
        for of_weight in [true, false] {
            let apply = |normalise: fn(Tensor<3>, Tensor<1>, Tensor<1>, f64) -> Tensor<3>, p: Tensor<1>| {
                let device = p.device();
                let other = vector(if of_weight { &bias } else { &weight }, &device);
                let [w, b] = if of_weight { [p, other] } else { [other, p] };
                normalise(x3(&device), w, b, 1e-5)
            };
            let values = if of_weight { &weight } else { &bias };
            let ours = gradient(values, [13], |p| apply(layer_norm::<3>, p));
            let theirs = gradient(values, [13], |p| apply(composed::<3>, p));
            assert_near(&ours, &theirs, 2e-6);
        }
    }
}

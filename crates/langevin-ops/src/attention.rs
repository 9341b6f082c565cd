//! Multi-head self-attention.

use crate::fused::{self, Operation, sizes, tensor, unwritten, values};
use burn::tensor::{Tensor, activation};
use burn_flex::FlexTensor;
use langevin_kernels::{self as kernels, AttentionShape};

/// Scaled dot-product attention, softmax(Q Kᵀ / √d) V, for each head of size d (Vaswani et al. 2017, Eq. 1).
///
/// # Shapes
/// `query`, `key`, `value`: `[batch, positions, channels]` with head h in channels `h·d..(h+1)·d`,
/// d = channels / heads; returns the same shape.
///
/// # Panics
/// If `heads` does not divide the channels.
pub fn attention(query: Tensor<3>, key: Tensor<3>, value: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, positions, channels] = query.dims();
    assert_eq!(channels % heads, 0, "{heads} heads do not divide {channels} channels");
    let head_size = channels / heads;
    if fused::applies(&query) {
        let inputs = [query.into_dispatch(), key.into_dispatch(), value.into_dispatch()];
        return fused::apply3(inputs, Attention { heads, head_size });
    }
    let split = |x: Tensor<3>| {
        let x = x.reshape([batch, positions, heads, head_size]);
        // One head is already in place; a permuted copy would only cost time.
        if heads == 1 { x.reshape([batch, 1, positions, head_size]) } else { x.permute([0, 2, 1, 3]) }
    };
    // Q and K are each scaled by d^(−1/4), so that no product is larger than the result needs.
    let scale = (head_size as f64).powf(-0.25);
    let scores = split(query).mul_scalar(scale).matmul(split(key).mul_scalar(scale).swap_dims(2, 3));
    let mixed = activation::softmax(scores, 3).matmul(split(value));
    if heads == 1 {
        mixed.reshape([batch, positions, channels])
    } else {
        mixed.permute([0, 2, 1, 3]).reshape([batch, positions, channels])
    }
}

#[derive(Debug)]
struct Attention {
    heads: usize,
    head_size: usize,
}

impl Attention {
    fn shape(&self, query: &FlexTensor) -> AttentionShape {
        let [batch, positions, _] = sizes(query);
        AttentionShape { batch, positions, heads: self.heads, head_size: self.head_size }
    }
}

impl Operation<3> for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn forward(&self, [q, k, v]: [FlexTensor; 3], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let shape = self.shape(&q);
        let mut log_sum = None;
        let out = tensor(&sizes::<3>(&q), |out| {
            log_sum = Some(tensor(&[shape.batch, shape.heads, shape.positions], |log_sum| {
                kernels::attention(&shape, values(&q), values(&k), values(&v), out, log_sum);
            }));
        });
        let log_sum = log_sum.expect("written above");
        let saved = if tracked { vec![q, k, v, out.clone(), log_sum] } else { Vec::new() };
        (out, saved)
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let [q, k, v, out, log_sum] = &saved[..] else { unreachable!("five tensors are saved") };
        let shape = self.shape(q);
        // SAFETY: the kernel below writes all three.
        let mut gradients = [(); 3].map(|()| unsafe { unwritten(&sizes::<3>(q)) });
        let [dq, dk, dv] = gradients.each_mut().map(|t| t.storage_mut::<f32>());
        let (q, k, v, out, log_sum) = (values(q), values(k), values(v), values(out), values(log_sum));
        kernels::attention_backward(&shape, q, k, v, out, log_sum, values(&dy), dq, dk, dv);
        gradients.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    /// The same in f64, with loops.
    fn reference(
        q: &[f32],
        k: &[f32],
        v: &[f32],
        positions: usize,
        channels: usize,
        heads: usize,
    ) -> Vec<f64> {
        let d = channels / heads;
        let mut out = vec![0.0; positions * channels];
        for head in 0..heads {
            let at = |x: &[f32], position: usize, i: usize| f64::from(x[position * channels + head * d + i]);
            for p in 0..positions {
                let score =
                    |s: usize| (0..d).map(|i| at(q, p, i) * at(k, s, i)).sum::<f64>() / (d as f64).sqrt();
                let weights: Vec<f64> = (0..positions).map(|s| score(s).exp()).collect();
                let total: f64 = weights.iter().sum();
                for i in 0..d {
                    out[p * channels + head * d + i] =
                        (0..positions).map(|s| weights[s] / total * at(v, s, i)).sum();
                }
            }
        }
        out
    }

    #[test]
    fn agrees_with_loops_for_one_and_for_several_heads() {
        let (positions, channels) = (5, 6);
        let values = |k: usize| -> Vec<f32> {
            (0..positions * channels).map(|i| ((i * 7 + k * 13) % 11) as f32 / 5.0 - 1.0).collect()
        };
        let (q, k, v) = (values(1), values(2), values(3));
        let tensor = |x: &[f32]| {
            Tensor::<3>::from_data(TensorData::new(x.to_vec(), [1, positions, channels]), &Device::flex())
        };
        for heads in [1, 2, 3, 6] {
            let y =
                attention(tensor(&q), tensor(&k), tensor(&v), heads).into_data().try_to_vec::<f32>().unwrap();
            for (i, (y, e)) in y.iter().zip(reference(&q, &k, &v, positions, channels, heads)).enumerate() {
                assert!((f64::from(*y) - e).abs() < 1e-5, "{heads} heads, element {i}: {y} for {e}");
            }
        }
    }
}

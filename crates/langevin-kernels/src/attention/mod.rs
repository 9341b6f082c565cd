//! Scaled dot-product self-attention without the matrix of scores, with its gradients.
//!
//! A head's keys and values are packed once; blocks of queries then meet them block by block, and the softmax is
//! carried along (Milakov & Gimelshein 2018; Dao 2023, FlashAttention-2). What is kept for the backward pass is one
//! number a query, from which the probabilities are computed again.

mod backward;
mod forward;
mod panels;
mod product;
#[cfg(test)]
mod tests;

use crate::simd::dispatch;

/// The sizes of self-attention over `[batch, positions, heads · head_size]`; head h has the channels from
/// h · head_size on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Samples.
    pub batch: usize,
    /// Positions of a sample: height · width.
    pub positions: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head.
    pub head_size: usize,
}

impl AttentionShape {
    /// Channels of all heads.
    fn channels(&self) -> usize {
        self.heads * self.head_size
    }

    /// Where a head, numbered through all samples, begins.
    fn start(&self, head: usize) -> usize {
        head / self.heads * self.positions * self.channels() + head % self.heads * self.head_size
    }

    /// What the scores are multiplied by.
    fn scale(&self) -> f32 {
        (1.0 / (self.head_size as f64).sqrt()) as f32
    }

    fn check(&self, activations: &[(&str, usize)], log_sum: usize) {
        let Self { batch, positions, heads, head_size } = *self;
        assert!(positions > 0 && heads > 0 && head_size > 0, "attention over nothing: {self:?}");
        for (name, len) in activations {
            let expected = batch * positions * self.channels();
            assert_eq!(*len, expected, "{name} should be [{batch}, {positions}, {}]", self.channels());
        }
        assert_eq!(log_sum, batch * heads * positions, "log_sum should be [{batch}, {heads}, {positions}]");
    }
}

/// out = softmax(Q Kᵀ / √d) V for each sample and head (Vaswani et al. 2017, Eq. 1), and for each query the logarithm
/// of Σ exp over its scaled scores.
///
/// # Shapes
/// `q`, `k`, `v`, `out`: `[batch, positions, heads · head_size]`; `log_sum`: `[batch, heads, positions]`.
pub fn attention(
    shape: &AttentionShape,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    out: &mut [f32],
    log_sum: &mut [f32],
) {
    let activations = [("q", q.len()), ("k", k.len()), ("v", v.len()), ("out", out.len())];
    shape.check(&activations, log_sum.len());
    dispatch!(|s, MR| forward::forward::<_, MR>(s, shape, [q, k, v], out, log_sum));
}

/// The gradients of [`attention`] with respect to q, k and v, from its output, its `log_sum` and the gradient `dout`
/// with respect to the output (Dao 2023, Algorithm 2):
///
/// ```text
/// P = exp(Q Kᵀ / √d − log_sum)    dV = Pᵀ dO    dS = P ∘ (dO Vᵀ − D),  D = rowsum(dO ∘ O)
/// dQ = dS K / √d                  dK = dSᵀ Q / √d
/// ```
///
/// # Shapes
/// As in [`attention`]; `dq`, `dk` and `dv` are overwritten.
#[allow(clippy::too_many_arguments)]
pub fn attention_backward(
    shape: &AttentionShape,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    out: &[f32],
    log_sum: &[f32],
    dout: &[f32],
    dq: &mut [f32],
    dk: &mut [f32],
    dv: &mut [f32],
) {
    let inputs = [("q", q.len()), ("k", k.len()), ("v", v.len()), ("out", out.len()), ("dout", dout.len())];
    shape.check(&inputs, log_sum.len());
    shape.check(&[("dq", dq.len()), ("dk", dk.len()), ("dv", dv.len())], log_sum.len());
    let inputs = backward::Inputs { q, k, v, out, log_sum, dout };
    dispatch!(|s, MR| backward::backward::<_, MR>(s, shape, inputs, dq, dk, dv));
}

/// Cuts `total` into as few parts as need be of at most `most`, as even as can be: the length of all but the last, a
/// multiple of `multiple`.
fn part(total: usize, most: usize, multiple: usize) -> usize {
    total.div_ceil(total.div_ceil(most)).next_multiple_of(multiple)
}

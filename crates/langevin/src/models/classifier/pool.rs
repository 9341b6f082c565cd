//! Attention that pools all positions into one vector.

use crate::nn::{Init, Linear};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// W_o · attention(h + P)_0, h the mean of all positions before the positions themselves, P learned: the mean asks, every
/// position and itself answer (CLIP's pool, Radford et al. 2021, section 2.4, as Dhariwal & Nichol 2021 take it over).
#[derive(Module, Debug)]
pub struct AttentionPool {
    /// P: `[1 + positions, channels]`, the mean's first.
    pub positional_embedding: Param<Tensor<2>>,
    /// W_q.
    pub query: Linear,
    /// W_k.
    pub key: Linear,
    /// W_v.
    pub value: Linear,
    /// W_o.
    pub output: Linear,
    #[module(skip)]
    heads: usize,
}

impl AttentionPool {
    /// A pool over so many positions of `channels` channels in `heads` heads, which must divide these, to `outputs`
    /// numbers. P is normal with variance 1/channels.
    pub fn new(init: &mut Init, channels: usize, positions: usize, heads: usize, outputs: usize) -> Self {
        let deviation = 1.0 / (channels as f64).sqrt();
        Self {
            positional_embedding: init.normal_of([1 + positions, channels], deviation),
            query: Linear::new(init, channels, channels),
            key: Linear::new(init, channels, channels),
            value: Linear::new(init, channels, channels),
            output: Linear::new(init, channels, outputs),
            heads,
        }
    }

    /// # Shapes
    /// `x`: `[batch, height, width, channels]`; returns `[batch, outputs]`.
    ///
    /// # Panics
    /// If x has another number of positions than the pool.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let [batch, height, width, channels] = x.dims();
        let (positions, embedding) = (height * width, self.positional_embedding.val());
        let tokens = 1 + positions;
        assert_eq!(embedding.dims(), [tokens, channels], "the pool is for another number of positions");
        // A token more is `channels` numbers more in front of a sample's: a concatenation of channels of one position.
        let mean = langevin_ops::mean_positions(x.clone()).reshape([batch, 1, 1, channels]);
        let h = langevin_ops::concat_channels(mean, x.reshape([batch, 1, 1, positions * channels]));
        let h = h.reshape([batch, tokens * channels]) + embedding.reshape([1, tokens * channels]);
        let rows = h.reshape([batch * tokens, channels]);
        let project = |layer: &Linear| layer.forward(rows.clone()).reshape([batch, tokens, channels]);
        let (query, key, value) = (project(&self.query), project(&self.key), project(&self.value));
        // The other tokens' queries are for nothing, but a pass of the fused operation over this coarsest level is a small part
        // of one block's convolutions.
        let mixed = langevin_ops::attention(query, key, value, self.heads);
        let first = mixed.reshape([batch, tokens * channels]).narrow(1, 0, channels);
        self.output.forward(first)
    }
}

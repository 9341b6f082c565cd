//! Self-attention over the positions of an activation.

use super::{GroupNorm, Init, Linear};
use burn::module::Module;
use burn::tensor::Tensor;

/// x + W_o · attention(norm(x)): every position attends to every other.
#[derive(Module, Debug)]
pub struct AttentionBlock {
    /// Normalisation before the projections, where there is any.
    pub norm: Option<GroupNorm>,
    /// W_q.
    pub query: Linear,
    /// W_k.
    pub key: Linear,
    /// W_v.
    pub value: Linear,
    /// W_o, zero at the start.
    pub output: Linear,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    scale: f64,
}

impl AttentionBlock {
    /// Attention over `channels` in `heads` heads; `heads` and `groups` must divide `channels`. No `groups` leave the
    /// normalisation out.
    pub fn new(init: &mut Init, channels: usize, heads: usize, groups: Option<usize>, epsilon: f64) -> Self {
        Self {
            norm: groups.map(|groups| GroupNorm::new(init, groups, channels, epsilon)),
            query: Linear::new(init, channels, channels),
            key: Linear::new(init, channels, channels),
            value: Linear::new(init, channels, channels),
            output: Linear::zero(init, channels, channels),
            heads,
            scale: 1.0,
        }
    }

    /// As before, with the output, residual and all, divided by `scale`.
    #[must_use]
    pub fn divided_by(self, scale: f64) -> Self {
        Self { scale, ..self }
    }

    /// # Shapes
    /// `[batch, height, width, channels]`, kept.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let normed = match &self.norm {
            Some(norm) => norm.forward(x.clone()),
            None => x.clone(),
        };
        let rows = normed.reshape([batch * height * width, channels]);
        let project = |layer: &Linear| layer.forward(rows.clone()).reshape([batch, height * width, channels]);
        let (query, key, value) = (project(&self.query), project(&self.key), project(&self.value));
        let mixed = langevin_ops::attention(query, key, value, self.heads);
        let mixed = mixed.reshape([batch * height * width, channels]);
        let residual = x.reshape([batch * height * width, channels]);
        let y = self.output.forward_plus_residual(mixed, residual).reshape([batch, height, width, channels]);
        if self.scale == 1.0 { y } else { y.div_scalar(self.scale) }
    }
}

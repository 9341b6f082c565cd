//! Normalisation over groups of channels, and over all channels of a position.

#[cfg(test)]
mod case;
mod group;
mod group_backward;
mod layer;
mod layer_backward;
mod passes;
mod rows;
#[cfg(test)]
mod tests;

pub use group::group_norm;
pub use group_backward::{GroupNormGradients, group_norm_backward};
pub use layer::{LayerNorm, layer_norm};
pub use layer_backward::layer_norm_backward;

/// GroupNorm (Wu & He 2018) of x: `[batch, positions, channels]`, with what often follows it:
///
/// ```text
/// y = act((γ (x − μ) / √(σ² + ε) + β) · (1 + scale) + shift)
/// ```
///
/// where μ and σ² (without Bessel's correction) are those of one sample's group of adjacent channels, over all
/// positions.
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm<'a> {
    /// Samples.
    pub batch: usize,
    /// Positions of a sample: height · width.
    pub positions: usize,
    /// Channels, a multiple of `groups`.
    pub channels: usize,
    /// Groups.
    pub groups: usize,
    /// γ, `[channels]`.
    pub weight: &'a [f32],
    /// β, `[channels]`.
    pub bias: &'a [f32],
    /// ε.
    pub epsilon: f32,
    /// A scale and shift for each sample; without it, scale = shift = 0.
    pub modulation: Option<Modulation<'a>>,
    /// Whether act is SiLU; else it is the identity.
    pub silu: bool,
}

/// What a conditioning network makes of a normalised activation (Perez et al. 2018; Dhariwal & Nichol 2021, adaptive
/// group normalisation).
#[derive(Clone, Copy, Debug)]
pub struct Modulation<'a> {
    /// `[batch, channels]`.
    pub scale: &'a [f32],
    /// `[batch, channels]`.
    pub shift: &'a [f32],
}

impl GroupNorm<'_> {
    /// Elements of a sample.
    fn sample(&self) -> usize {
        self.positions * self.channels
    }

    fn check(&self, activations: &[&[f32]], stats: &[f32]) {
        let Self { batch, positions, channels, groups, .. } = *self;
        assert!(positions > 0 && channels > 0 && groups > 0, "GroupNorm of nothing");
        assert_eq!(channels % groups, 0, "{channels} channels do not divide into {groups} groups");
        assert_eq!(self.weight.len(), channels, "length of the weight");
        assert_eq!(self.bias.len(), channels, "length of the bias");
        for activation in activations {
            assert_eq!(activation.len(), batch * self.sample(), "length of an activation or its gradient");
        }
        assert_eq!(stats.len(), batch * groups * 2, "length of the statistics");
        if let Some(Modulation { scale, shift }) = self.modulation {
            assert_eq!(scale.len(), batch * channels, "length of the scale");
            assert_eq!(shift.len(), batch * channels, "length of the shift");
        }
    }
}

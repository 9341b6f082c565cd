//! What training a U-Net holds in memory beside its parameters, known from its configuration alone.

use super::layout::Part;
use super::{TimeConditioning, UNetConfig};
use crate::nn::Activation;

impl UNetConfig {
    /// Floats that training holds at its peak, for a sample of `height` × `width` and `inputs` channels: what the
    /// fused operations keep for the backward pass, and what that has in hand as it begins.
    ///
    /// A convolution keeps its input, a normalisation too, attention its q, k, v and output; a concatenation keeps
    /// nothing. What one keeps as its input another may keep as well: it is counted once, where it is first read.
    pub fn activation_floats(&self, inputs: usize, height: usize, width: usize) -> usize {
        let positions = |level: usize| (height >> level) * (width >> level);
        let mut total = positions(0) * (inputs + 2 * self.channels[0]);
        let mut in_hand = 0;
        for part in self.parts() {
            total += match part {
                Part::Block { level, inputs, outputs, resampling, joined } => {
                    if joined {
                        // The gradients of a block's joined input, once and once more before they are added up, and
                        // two of its output's size.
                        in_hand = in_hand.max(positions(level) * (2 * inputs + 2 * outputs));
                    }
                    let after = positions(resampling.level_after(level));
                    self.kept_by_block(positions(level), after, inputs, outputs)
                }
                Part::Attention { level, channels, .. } => self.kept_by_attention(positions(level), channels),
                Part::Resample { from, channels, .. } => positions(from) * channels,
            };
        }
        total + in_hand
    }

    /// The inputs of both normalisations and of both convolutions, and the mask of the dropout; `before` positions at
    /// the beginning, `after` from the second convolution on. The first convolution doubles its input on its own, and
    /// keeps it as it is before.
    fn kept_by_block(&self, before: usize, after: usize, inputs: usize, outputs: usize) -> usize {
        let mask = if self.dropout > 0.0 { outputs } else { 0 };
        // SiLU is one with the normalisation; another activation keeps what it is given, and a scale what it multiplies.
        let (first, second) = match (self.activation, self.time_conditioning) {
            (Activation::Silu, _) => (0, 0),
            (Activation::Gelu, TimeConditioning::Additive) => (inputs, outputs),
            (Activation::Gelu, TimeConditioning::ScaleShift) => (inputs, 2 * outputs),
        };
        before * (inputs + first) + before.min(after) * inputs + after * (2 * outputs + mask + second)
    }

    /// The input, the normalised input, q, k, v and the mixed values, and a number for each head's queries.
    fn kept_by_attention(&self, positions: usize, channels: usize) -> usize {
        positions * (6 * channels + self.heads_of(channels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_one_level_is_counted_by_hand() {
        let config = "channels = [4]\nblocks_per_level = 1\ngroups = 2";
        let mut config: UNetConfig = toml::from_str(config).unwrap();
        let positions = 2 * 6;
        // The picture, and at the end the inputs of the normalisation and of the convolution.
        let ends = 3 + 4 + 4;
        let block = 4 + 4 + 4 + 4;
        let attention = 6 * 4 + 1;
        let joined = 8 + 8 + 4 + 4;
        let in_hand = 2 * 8 + 2 * 4;
        let all = ends + 3 * block + attention + 2 * joined + in_hand;
        assert_eq!(config.activation_floats(3, 2, 6), positions * all);
        config.attention_levels = vec![1];
        assert_eq!(config.activation_floats(3, 2, 6), positions * (all + 3 * attention));
        config.attention_levels.clear();
        config.dropout = 0.1;
        assert_eq!(config.activation_floats(3, 2, 6), positions * (all + 5 * 4));
        // What GELU is given: after both normalisations of five blocks, two of which have joined inputs.
        config.activation = Activation::Gelu;
        let given = 3 * (4 + 4) + 2 * (8 + 4);
        assert_eq!(config.activation_floats(3, 2, 6), positions * (all + 5 * 4 + given));
    }

    #[test]
    fn residual_resampling_keeps_what_its_convolutions_see() {
        let text = "channels = [4, 4]\nblocks_per_level = 1\ngroups = 2";
        let plain: UNetConfig = toml::from_str(text).unwrap();
        let extra = "residual_levels_down = [1]\nresidual_levels_up = [2]";
        let residual: UNetConfig = toml::from_str(&format!("{text}\n{extra}")).unwrap();
        let (fine, coarse) = (4 * 4, 2 * 2);
        let halving = fine * 4 + coarse * (4 + 4 + 4);
        let doubling = coarse * (4 + 4) + fine * (4 + 4);
        let convolutions = fine * 4 + coarse * 4;
        let expected = plain.activation_floats(1, 4, 4) - convolutions + halving + doubling;
        assert_eq!(residual.activation_floats(1, 4, 4), expected);
    }
}

//! What training a U-Net holds in memory beside its parameters, known from its configuration alone.

use super::UNetConfig;

impl UNetConfig {
    /// Floats that training holds at its peak, for a sample of `height` × `width` and `inputs` channels: what the
    /// fused operations keep for the backward pass, and what that has in hand as it begins.
    ///
    /// A convolution keeps its input, a normalisation too, attention its q, k, v and output; a concatenation keeps
    /// nothing. What one keeps as its input another may keep as well: it is counted once, where it is first read.
    pub fn activation_floats(&self, inputs: usize, height: usize, width: usize) -> usize {
        let channels = &self.channels;
        let (finest, coarsest) = (channels[0], channels[channels.len() - 1]);
        let positions = |level: usize| (height >> level) * (width >> level);
        let attended = |level: usize, width: usize| {
            if self.attends(level + 1) { self.kept_by_attention(positions(level), width) } else { 0 }
        };
        let mut total = positions(0) * (inputs + 2 * finest);
        // The channels of what the way up joins, in the order in which the way down leaves them.
        let mut skips = vec![finest];
        let mut current = finest;
        for (level, &width) in channels.iter().enumerate() {
            for _ in 0..self.blocks_per_level {
                total += self.kept_by_block(positions(level), current, width) + attended(level, width);
                skips.push(width);
                current = width;
            }
            if level + 1 < channels.len() {
                total += positions(level) * width;
                skips.push(width);
            }
        }
        let last = positions(channels.len() - 1);
        total += 2 * self.kept_by_block(last, coarsest, coarsest) + self.kept_by_attention(last, coarsest);
        let mut in_hand = 0;
        for (level, &width) in channels.iter().enumerate().rev() {
            for _ in 0..=self.blocks_per_level {
                let joined = current + skips.pop().unwrap_or(0);
                total += self.kept_by_block(positions(level), joined, width) + attended(level, width);
                // The gradients of a block's joined input, once and once more before they are added up, and two of its
                // output's size.
                in_hand = in_hand.max(positions(level) * (2 * joined + 2 * width));
                current = width;
            }
            if level > 0 {
                total += positions(level) * width;
            }
        }
        total + in_hand
    }

    /// The inputs of both normalisations and of both convolutions, and the mask of the dropout.
    fn kept_by_block(&self, positions: usize, inputs: usize, outputs: usize) -> usize {
        let mask = if self.dropout > 0.0 { outputs } else { 0 };
        positions * (2 * inputs + 2 * outputs + mask)
    }

    /// The input, the normalised input, q, k, v and the mixed values, and a number for each head's queries.
    fn kept_by_attention(&self, positions: usize, channels: usize) -> usize {
        positions * (6 * channels + self.heads(channels))
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
    }
}

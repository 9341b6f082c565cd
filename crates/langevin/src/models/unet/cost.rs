//! How much a U-Net computes, known from its configuration alone.

use super::{TimeConditioning, UNetConfig};

impl UNetConfig {
    /// Multiply-adds of one sample's forward pass by the direct algorithms: those of its convolutions, its linear
    /// layers and its attention. What is done once an element (normalisations, activations, sums) is left out.
    ///
    /// k×k convolution: output positions · k² · inputs · outputs, the padding's zeros counted; attention over N
    /// positions of C channels: 4 N C² for its projections and 2 N² C for Q Kᵀ and its product with V.
    ///
    /// `height` and `width` are the sample's, of `inputs` channels; the network's output has `outputs`.
    pub fn multiply_adds(&self, inputs: usize, outputs: usize, height: usize, width: usize) -> u64 {
        let channels: Vec<u64> = self.channels.iter().map(|&channels| channels as u64).collect();
        let (finest, coarsest) = (channels[0], channels[channels.len() - 1]);
        let positions: Vec<u64> =
            (0..channels.len()).map(|level| ((height >> level) * (width >> level)) as u64).collect();
        let last = positions[positions.len() - 1];
        let embedding = 4 * finest;
        let mut total = finest * embedding + embedding * embedding;
        total += conv3(positions[0], inputs as u64, finest) + conv3(positions[0], finest, outputs as u64);
        // The channels of what the way up joins, in the order in which the way down leaves them.
        let mut skips = vec![finest];
        let mut current = finest;
        for (level, &width) in channels.iter().enumerate() {
            for _ in 0..self.blocks_per_level {
                total += self.block_cost(positions[level], current, width);
                total += self.attention_cost(level, positions[level], width);
                skips.push(width);
                current = width;
            }
            if let Some(&halved) = positions.get(level + 1) {
                total += conv3(halved, width, width);
                skips.push(width);
            }
        }
        total += 2 * self.block_cost(last, coarsest, coarsest) + attention(last, coarsest);
        for (level, &width) in channels.iter().enumerate().rev() {
            for _ in 0..=self.blocks_per_level {
                let skip = skips.pop().unwrap_or(0);
                total += self.block_cost(positions[level], current + skip, width);
                total += self.attention_cost(level, positions[level], width);
                current = width;
            }
            if level > 0 {
                total += conv3(positions[level - 1], width, width);
            }
        }
        total
    }

    fn block_cost(&self, positions: u64, inputs: u64, outputs: u64) -> u64 {
        let projected = match self.time_conditioning {
            TimeConditioning::Additive => outputs,
            TimeConditioning::ScaleShift => 2 * outputs,
        };
        let shortcut = if inputs == outputs { 0 } else { positions * inputs * outputs };
        let time = 4 * self.channels[0] as u64 * projected;
        conv3(positions, inputs, outputs) + time + conv3(positions, outputs, outputs) + shortcut
    }

    fn attention_cost(&self, level: usize, positions: u64, channels: u64) -> u64 {
        if self.attends(level + 1) { attention(positions, channels) } else { 0 }
    }
}

fn conv3(positions: u64, inputs: u64, outputs: u64) -> u64 {
    positions * 9 * inputs * outputs
}

fn attention(positions: u64, channels: u64) -> u64 {
    4 * positions * channels * channels + 2 * positions * positions * channels
}

#[cfg(test)]
mod tests {
    use crate::config::builtin_recipe;
    use crate::models::{ModelConfig, UNetConfig};
    use crate::tensor::SampleShape;

    #[test]
    fn a_network_of_one_level_is_counted_by_hand() {
        let mut config: UNetConfig =
            toml::from_str("channels = [4]\nblocks_per_level = 1\ngroups = 2").unwrap();
        let time = 4 * 16 + 16 * 16;
        let (conv_in, conv_out) = (4 * 9 * 4, 4 * 9 * 4);
        let block = 2 * (4 * 9 * 4 * 4) + 16 * 4;
        let attention = 4 * (4 * 4 * 4) + 2 * (4 * 4 * 4);
        let joined = 4 * 9 * 8 * 4 + 16 * 4 + 4 * 9 * 4 * 4 + 4 * 8 * 4;
        let total = time + conv_in + conv_out + 3 * block + attention + 2 * joined;
        assert_eq!(config.multiply_adds(1, 1, 2, 2), total);
        config.attention_levels = vec![1];
        assert_eq!(config.multiply_adds(1, 1, 2, 2), total + 3 * attention);
    }

    #[test]
    fn the_recipes_cost_what_pytorch_counts() {
        // Half of what torch.utils.flop_counter gives for the same networks.
        for (name, [height, width, channels], counted) in [
            ("digits", [8, 8, 1], 16_183_296),
            ("fashion-mnist", [28, 28, 1], 312_290_432),
            ("pictures", [64, 64, 3], 1_577_984_000),
            ("cifar10", [32, 32, 3], 6_221_856_768),
            ("ddpm-256", [256, 256, 3], 248_513_757_184),
        ] {
            let ModelConfig::Unet(config) = builtin_recipe(name).unwrap().model else { panic!("{name}") };
            assert_eq!(config.multiply_adds(channels, channels, height, width), counted, "{name}");
        }
    }

    #[test]
    fn the_perceptron_multiplies_each_weight_once() {
        let config = builtin_recipe("swiss-roll").unwrap().model;
        let point = SampleShape { height: 1, width: 1, channels: 2 };
        // Two layers over the timestep, three hidden layers with three modulations, and the output's.
        let weights = 2 * 128 * 128 + (2 * 128 + 2 * 128 * 128) + 3 * 128 * 128 + 128 * 2;
        assert_eq!(config.multiply_adds(point), weights);
    }
}

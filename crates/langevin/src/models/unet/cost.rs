//! How much a U-Net computes, known from its configuration alone.

use super::layout::Part;
use super::{ClassEmbedding, UNetConfig};

impl UNetConfig {
    /// Multiply-adds of one sample's forward pass by the direct algorithms: those of its convolutions, its linear
    /// layers and its attention. What is done once an element (normalisations, activations, sums) is left out.
    ///
    /// k×k convolution: output positions · k² · inputs · outputs, the padding's zeros counted; attention over N
    /// positions of C channels: 4 N C² for its projections and 2 N² C for Q Kᵀ and its product with V.
    ///
    /// `height` and `width` are the sample's, of `inputs` channels; the network's output has `outputs`.
    pub fn multiply_adds(&self, inputs: usize, outputs: usize, height: usize, width: usize) -> u64 {
        let end = conv3((height * width) as u64, self.channels[0] as u64, outputs as u64);
        let up: u64 = self.parts_up().into_iter().map(|part| self.cost(part, [height, width])).sum();
        self.encoder_multiply_adds(inputs, height, width) + up + end
    }

    /// As before, of all that comes before the way up.
    pub(in crate::models) fn encoder_multiply_adds(&self, inputs: usize, height: usize, width: usize) -> u64 {
        let (finest, embedding) = (self.channels[0] as u64, self.embedding() as u64);
        let layers = finest * embedding + embedding * embedding;
        let classes = match self.class_embedding {
            Some(ClassEmbedding::Timestep {}) => layers,
            Some(ClassEmbedding::Table { .. } | ClassEmbedding::Identity {}) | None => 0,
        };
        let begin = conv3((height * width) as u64, inputs as u64, finest);
        let parts = self.parts_of_encoder().into_iter().map(|part| self.cost(part, [height, width]));
        layers + classes + begin + parts.sum::<u64>()
    }

    fn cost(&self, part: Part, [height, width]: [usize; 2]) -> u64 {
        let positions = |level: usize| ((height >> level) * (width >> level)) as u64;
        match part {
            Part::Block { level, inputs, outputs, resampling, .. } => {
                let positions = positions(resampling.level_after(level));
                let time = self.embedding() as u64 * self.time_conditioning.features(outputs) as u64;
                let (inputs, outputs) = (inputs as u64, outputs as u64);
                let shortcut = if inputs == outputs { 0 } else { positions * inputs * outputs };
                conv3(positions, inputs, outputs) + time + conv3(positions, outputs, outputs) + shortcut
            }
            Part::Attention { level, channels, .. } => attention(positions(level), channels as u64),
            Part::Resample { to, channels, .. } => conv3(positions(to), channels as u64, channels as u64),
        }
    }
}

fn conv3(positions: u64, inputs: u64, outputs: u64) -> u64 {
    positions * 9 * inputs * outputs
}

/// Of so many positions and channels, projections and all.
pub(in crate::models) fn attention(positions: u64, channels: u64) -> u64 {
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

    /// A residual block that halves convolves at the finer level's quarter; one that doubles, at four times.
    #[test]
    fn residual_resampling_is_counted_where_it_convolves() {
        let text = "channels = [4, 4]\nblocks_per_level = 1\ngroups = 2";
        let plain: UNetConfig = toml::from_str(text).unwrap();
        let extra = "residual_levels_down = [1]\nresidual_levels_up = [2]";
        let residual: UNetConfig = toml::from_str(&format!("{text}\n{extra}")).unwrap();
        let conv = |positions: u64| positions * 9 * 4 * 4;
        let more = conv(4) + 16 * 4 + conv(16) + 16 * 4;
        assert_eq!(residual.multiply_adds(1, 1, 4, 4), plain.multiply_adds(1, 1, 4, 4) + more);
    }
}

//! Building a U-Net from its configuration.

use super::{
    BlockShape, ClassLayers, DownLevel, Downsampler, Middle, ResBlock, Resampling, UNet, UNetConfig, UpLevel,
    Upsampler,
};
use crate::nn::{
    AttentionBlock, Conv2d, Downsample, GroupNorm, Init, TimestepEmbedding, TimestepEncoding, Upsample,
};
use burn::tensor::Device;

/// Builds the parts in one order, counting parameters and dropout layers as it goes.
pub(in crate::models) struct Builder<'a> {
    /// Where parameters come from.
    pub init: Init,
    config: &'a UNetConfig,
    dropout_layers: u32,
}

/// What a network has before its way up, which a classifier does without.
pub(in crate::models) struct Encoder {
    /// The timestep's embedding.
    pub time: TimestepEmbedding,
    /// The class's, where it is learned.
    pub classes: Option<ClassLayers>,
    /// From the sample's channels to the first level's.
    pub conv_in: Conv2d,
    /// The way down, the finest level first.
    pub down: Vec<DownLevel>,
    /// The middle, where there is one.
    pub middle: Option<Middle>,
}

impl<'a> Builder<'a> {
    /// A builder that has built nothing; weights are drawn from `seed`.
    pub fn new(config: &'a UNetConfig, seed: u64, device: &Device) -> Self {
        Self { init: Init::new(seed, device), config, dropout_layers: 0 }
    }

    pub(super) fn build(mut self, inputs: usize, outputs: usize) -> UNet {
        let config = self.config;
        let channels = &config.channels;
        let (mut skips, mut current) = (config.skips(), config.coarsest());
        let Encoder { time, classes, conv_in, down, middle } = self.encoder(inputs);
        let up =
            (1..=channels.len()).rev().map(|level| self.up_level(level, &mut current, &mut skips)).collect();
        let norm_out = self.norm_out(channels[0]);
        let conv_out = Conv2d::same_zero(&mut self.init, channels[0], outputs);
        UNet { time, classes, conv_in, down, middle, up, norm_out, conv_out, shape: config.into() }
    }

    /// All parts before the way up, of a network whose samples have `inputs` channels.
    pub fn encoder(&mut self, inputs: usize) -> Encoder {
        let config = self.config;
        let (encoding, embedding) = (config.encoding(), config.embedding());
        let time = TimestepEmbedding::new(&mut self.init, encoding, embedding);
        let classes = config.class_embedding.and_then(|classes| {
            // A class is no timestep: its number stays as it is.
            let encoding = TimestepEncoding { scale: 1.0, ..encoding };
            classes.layers(&mut self.init, encoding, embedding)
        });
        let mut current = config.channels[0];
        let conv_in = Conv2d::same(&mut self.init, inputs, current);
        let down = (1..=config.channels.len()).map(|level| self.down_level(level, &mut current)).collect();
        let middle = config.middle.blocks.then(|| self.middle(current));
        Encoder { time, classes, conv_in, down, middle }
    }

    /// The last normalisation.
    pub fn norm_out(&mut self, channels: usize) -> GroupNorm {
        GroupNorm::new(&mut self.init, self.config.groups, channels, self.config.epsilon)
    }

    fn down_level(&mut self, level: usize, current: &mut usize) -> DownLevel {
        let channels = self.config.channels[level - 1];
        let (mut blocks, mut attention) = (Vec::new(), Vec::new());
        for _ in 0..self.config.blocks_per_level {
            blocks.push(self.block(*current, channels));
            if self.config.attends(level) {
                attention.push(self.attention(channels));
            }
            *current = channels;
        }
        let last = level == self.config.channels.len();
        let downsample = (!last).then(|| self.downsample(level, channels));
        DownLevel { blocks, attention, downsample }
    }

    fn downsample(&mut self, level: usize, channels: usize) -> Downsampler {
        if self.config.residual_levels_down.contains(&level) {
            let shape = self.shape(channels, channels);
            return Downsampler::Residual(
                self.block_of(BlockShape { resampling: Resampling::Halve, ..shape }),
            );
        }
        let padding = self.config.downsample_padding.zeros();
        Downsampler::Conv(Downsample::new(&mut self.init, channels, padding))
    }

    fn middle(&mut self, channels: usize) -> Middle {
        let scale = self.config.middle.scale;
        let shape = self.shape(channels, channels);
        let block1 = self.block_of(BlockShape { scale, ..shape });
        let attention = self.config.middle.attention.then(|| {
            let groups = self.config.middle.attention_groups.unwrap_or(self.config.groups);
            self.attention_of(channels, (groups > 0).then_some(groups)).divided_by(scale)
        });
        let shape = self.shape(channels, channels);
        let block2 = self.block_of(BlockShape { scale, ..shape });
        Middle { block1, attention, block2 }
    }

    /// `skips` are the channels of what is left to join.
    fn up_level(&mut self, level: usize, current: &mut usize, skips: &mut Vec<usize>) -> UpLevel {
        let channels = self.config.channels[level - 1];
        let (mut blocks, mut attention) = (Vec::new(), Vec::new());
        for _ in 0..=self.config.blocks_per_level {
            let skip = skips.pop().expect("one skip connection for each block of the way up");
            blocks.push(self.block(*current + skip, channels));
            if self.config.attends_up(level) {
                attention.push(self.attention(channels));
            }
            *current = channels;
        }
        let upsample = (level > 1).then(|| self.upsample(level, channels));
        UpLevel { blocks, attention, upsample }
    }

    fn upsample(&mut self, level: usize, channels: usize) -> Upsampler {
        if self.config.residual_levels_up.contains(&level) {
            let shape = self.shape(channels, channels);
            return Upsampler::Residual(
                self.block_of(BlockShape { resampling: Resampling::Double, ..shape }),
            );
        }
        Upsampler::Conv(Upsample::new(&mut self.init, channels))
    }

    fn block(&mut self, inputs: usize, outputs: usize) -> ResBlock {
        let shape = self.shape(inputs, outputs);
        self.block_of(shape)
    }

    /// The usual block, with the next dropout layer.
    fn shape(&mut self, inputs: usize, outputs: usize) -> BlockShape {
        self.dropout_layers += 1;
        let dropout_layer = self.dropout_layers;
        BlockShape { inputs, outputs, resampling: Resampling::Keep, scale: 1.0, dropout_layer }
    }

    fn block_of(&mut self, shape: BlockShape) -> ResBlock {
        ResBlock::new(&mut self.init, self.config, shape)
    }

    fn attention(&mut self, channels: usize) -> AttentionBlock {
        self.attention_of(channels, Some(self.config.groups))
    }

    fn attention_of(&mut self, channels: usize, groups: Option<usize>) -> AttentionBlock {
        let (heads, epsilon) = (self.config.heads_of(channels), self.config.epsilon);
        AttentionBlock::new(&mut self.init, channels, heads, groups, epsilon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::weights::weights_of;
    use langevin_math::rng::{Purpose, Stream};

    /// Parameters are drawn from streams 1, 2, … in one order, attention after its block; so the weights of a seed stay
    /// the same when networks learn to be something else.
    #[test]
    fn parameters_are_drawn_in_a_fixed_order() {
        let text = "channels = [8, 16]\nblocks_per_level = 1\nattention_levels = [2]\ngroups = 4";
        let config: UNetConfig = toml::from_str(text).unwrap();
        let weights = weights_of(&config.init(1, 5, &crate::tensor::cpu()));
        // Two a layer: 2 layers of time and conv_in, blocks of 5 layers or 6 with a shortcut, attentions of 5.
        for (name, number) in [
            ("time.linear1.weight", 1),
            ("conv_in.weight", 5),
            ("down.0.blocks.0.conv1.weight", 9),
            ("down.0.downsample.conv.weight", 17),
            ("down.1.blocks.0.shortcut.weight", 29),
            ("down.1.attention.0.query.weight", 33),
            ("middle.block1.conv1.weight", 43),
            ("middle.attention.value.weight", 57),
            ("middle.block2.time_projection.weight", 65),
            ("up.0.blocks.0.conv1.weight", 73),
            ("up.0.attention.1.key.weight", 109),
            ("up.0.upsample.conv.weight", 115),
            ("up.1.blocks.1.conv1.weight", 131),
        ] {
            let array = &weights[name];
            let mut drawn = vec![0.0; array.values.len()];
            Stream::new(5, Purpose::Init, number).uniform(0, &mut drawn);
            let fans: usize =
                array.shape[..2].iter().sum::<usize>() * array.shape[2..].iter().product::<usize>();
            let limit = (6.0 / fans as f64).sqrt();
            let expected = drawn.iter().map(|u| ((2.0 * f64::from(*u) - 1.0) * limit) as f32);
            assert!(expected.eq(array.values.iter().copied()), "{name} is not of stream {number}");
        }
    }
}

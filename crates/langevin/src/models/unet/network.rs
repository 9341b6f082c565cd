//! The whole U-Net.

use super::{ResBlock, UNetConfig};
use crate::models::Network;
use crate::nn::{
    AttentionBlock, Conv2d, Downsample, DropoutKey, GroupNorm, Init, TimestepEmbedding, Upsample,
};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// A level on the way down.
#[derive(Module, Debug)]
pub struct DownLevel {
    /// Residual blocks.
    pub blocks: Vec<ResBlock>,
    /// One after each block, or none.
    pub attention: Vec<AttentionBlock>,
    /// To the next level; the coarsest has none.
    pub downsample: Option<Downsample>,
}

/// The coarsest level's middle.
#[derive(Module, Debug)]
pub struct Middle {
    /// First residual block.
    pub block1: ResBlock,
    /// Self-attention.
    pub attention: AttentionBlock,
    /// Second residual block.
    pub block2: ResBlock,
}

/// A level on the way up.
#[derive(Module, Debug)]
pub struct UpLevel {
    /// Residual blocks, each over the activation joined with one from the way down.
    pub blocks: Vec<ResBlock>,
    /// One after each block, or none.
    pub attention: Vec<AttentionBlock>,
    /// To the next finer level; the finest has none.
    pub upsample: Option<Upsample>,
}

/// The U-Net: down through the levels, through the middle, and up again with skip connections.
#[derive(Module, Debug)]
pub struct UNet {
    /// The timestep's embedding.
    pub time: TimestepEmbedding,
    /// From the sample's channels to the first level's.
    pub conv_in: Conv2d,
    /// The way down, the finest level first.
    pub down: Vec<DownLevel>,
    /// The middle.
    pub middle: Middle,
    /// The way up, the coarsest level first.
    pub up: Vec<UpLevel>,
    /// Last normalisation.
    pub norm_out: GroupNorm,
    /// To the output's channels, zero at the start.
    pub conv_out: Conv2d,
}

impl UNet {
    /// A network from `inputs` to `outputs` channels, with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`UNetConfig::validate`].
    pub fn new(config: &UNetConfig, inputs: usize, outputs: usize, seed: u64, device: &Device) -> Self {
        Builder { init: Init::new(seed, device), config, dropout_layers: 0 }.build(inputs, outputs)
    }

    /// As [`Network::forward`], and shows the output of every block to `observe`, by name.
    pub fn forward_observed(
        &self,
        x: Tensor<4>,
        timesteps: &[f64],
        dropout: Option<DropoutKey>,
        observe: &mut dyn FnMut(&str, &Tensor<4>),
    ) -> Tensor<4> {
        // Every block begins its use of the embedding with SiLU: applied once here.
        let time = langevin_ops::silu(self.time.forward(timesteps, &x.device()));
        let mut x = self.conv_in.forward(x);
        let mut skips = vec![x.clone()];
        for (i, level) in self.down.iter().enumerate() {
            for (j, block) in level.blocks.iter().enumerate() {
                x = block.forward(x, time.clone(), dropout);
                observe(&format!("down.{i}.blocks.{j}"), &x);
                if let Some(attention) = level.attention.get(j) {
                    x = attention.forward(x);
                }
                skips.push(x.clone());
            }
            if let Some(downsample) = &level.downsample {
                x = downsample.forward(x);
                skips.push(x.clone());
            }
        }
        x = self.middle.block1.forward(x, time.clone(), dropout);
        observe("middle.block1", &x);
        x = self.middle.attention.forward(x);
        x = self.middle.block2.forward(x, time.clone(), dropout);
        observe("middle.block2", &x);
        for (i, level) in self.up.iter().enumerate() {
            for (j, block) in level.blocks.iter().enumerate() {
                let skip =
                    skips.pop().expect("the way down leaves one activation for each block of the way up");
                x = block.forward(langevin_ops::concat_channels(x, skip), time.clone(), dropout);
                observe(&format!("up.{i}.blocks.{j}"), &x);
                if let Some(attention) = level.attention.get(j) {
                    x = attention.forward(x);
                }
            }
            if let Some(upsample) = &level.upsample {
                x = upsample.forward(x);
            }
        }
        self.conv_out.forward(self.norm_out.forward_silu(x))
    }
}

impl Network for UNet {
    fn forward(&self, x: Tensor<4>, timesteps: &[f64], dropout: Option<DropoutKey>) -> Tensor<4> {
        self.forward_observed(x, timesteps, dropout, &mut |_, _| {})
    }
}

/// Builds the parts in one order, counting parameters and dropout layers as it goes.
struct Builder<'a> {
    init: Init,
    config: &'a UNetConfig,
    dropout_layers: u32,
}

impl Builder<'_> {
    fn build(mut self, inputs: usize, outputs: usize) -> UNet {
        let channels = self.config.channels.clone();
        let (finest, coarsest) = (channels[0], channels[channels.len() - 1]);
        let time = TimestepEmbedding::new(&mut self.init, self.config.encoding(), 4 * finest);
        let conv_in = Conv2d::same(&mut self.init, inputs, finest);
        let mut skips = vec![finest];
        let down = (1..=channels.len()).map(|level| self.down_level(level, &mut skips)).collect();
        let middle = Middle {
            block1: self.block(coarsest, coarsest),
            attention: self.attention(coarsest),
            block2: self.block(coarsest, coarsest),
        };
        let mut current = coarsest;
        let up =
            (1..=channels.len()).rev().map(|level| self.up_level(level, &mut current, &mut skips)).collect();
        let norm_out = GroupNorm::new(&mut self.init, self.config.groups, finest, self.config.epsilon);
        let conv_out = Conv2d::same_zero(&mut self.init, finest, outputs);
        UNet { time, conv_in, down, middle, up, norm_out, conv_out }
    }

    /// `skips` gathers the channels of what the way up will join.
    fn down_level(&mut self, level: usize, skips: &mut Vec<usize>) -> DownLevel {
        let channels = self.config.channels[level - 1];
        let mut inputs = skips[skips.len() - 1];
        let (mut blocks, mut attention) = (Vec::new(), Vec::new());
        for _ in 0..self.config.blocks_per_level {
            blocks.push(self.block(inputs, channels));
            if self.config.attends(level) {
                attention.push(self.attention(channels));
            }
            skips.push(channels);
            inputs = channels;
        }
        let last = level == self.config.channels.len();
        let padding = self.config.downsample_padding.zeros();
        let downsample = (!last).then(|| Downsample::new(&mut self.init, channels, padding));
        if !last {
            skips.push(channels);
        }
        DownLevel { blocks, attention, downsample }
    }

    fn up_level(&mut self, level: usize, current: &mut usize, skips: &mut Vec<usize>) -> UpLevel {
        let channels = self.config.channels[level - 1];
        let (mut blocks, mut attention) = (Vec::new(), Vec::new());
        for _ in 0..=self.config.blocks_per_level {
            let skip = skips.pop().expect("one skip connection for each block of the way up");
            blocks.push(self.block(*current + skip, channels));
            if self.config.attends(level) {
                attention.push(self.attention(channels));
            }
            *current = channels;
        }
        let upsample = (level > 1).then(|| Upsample::new(&mut self.init, channels));
        UpLevel { blocks, attention, upsample }
    }

    fn block(&mut self, inputs: usize, outputs: usize) -> ResBlock {
        self.dropout_layers += 1;
        ResBlock::new(&mut self.init, self.config, inputs, outputs, self.dropout_layers)
    }

    fn attention(&mut self, channels: usize) -> AttentionBlock {
        let (groups, epsilon) = (self.config.groups, self.config.epsilon);
        AttentionBlock::new(&mut self.init, channels, self.config.heads(channels), groups, epsilon)
    }
}

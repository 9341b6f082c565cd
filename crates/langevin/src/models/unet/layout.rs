//! The parts of a U-Net in their order, known from its configuration alone.

use super::{Resampling, UNetConfig};
use std::iter::repeat_n;

/// A part that repeats from level to level. Levels count from 0 here, the finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A residual block.
    Block {
        /// The level that it begins at.
        level: usize,
        /// Channels of its input.
        inputs: usize,
        /// Channels of its output.
        outputs: usize,
        /// What it does to height and width.
        resampling: Resampling,
        /// Whether its input is joined from two.
        joined: bool,
    },
    /// Self-attention.
    Attention {
        /// The level that it is at.
        level: usize,
        /// Its channels.
        channels: usize,
        /// Whether a normalisation comes before it.
        normalised: bool,
    },
    /// A 3×3 convolution between two levels.
    Resample {
        /// The level that it comes from.
        from: usize,
        /// The level that it leads to.
        to: usize,
        /// Its channels.
        channels: usize,
    },
}

impl UNetConfig {
    /// The channels of what the way up joins, in the order in which the way down leaves them.
    pub(super) fn skips(&self) -> Vec<usize> {
        let mut skips = vec![self.channels[0]];
        for (level, &channels) in self.channels.iter().enumerate() {
            // What leads to the next level gives one as well.
            let leading = usize::from(level + 1 < self.channels.len());
            skips.extend(repeat_n(channels, self.blocks_per_level + leading));
        }
        skips
    }

    /// The way down, after the first convolution.
    pub(super) fn parts_down(&self) -> Vec<Part> {
        let levels = self.channels.len();
        let mut parts = Vec::new();
        let mut current = self.channels[0];
        for (level, &channels) in self.channels.iter().enumerate() {
            for _ in 0..self.blocks_per_level {
                parts.push(block(level, current, channels));
                parts.extend(self.attends(level + 1).then(|| attention(level, channels)));
                current = channels;
            }
            if level + 1 < levels {
                let residual = self.residual_levels_down.contains(&(level + 1));
                parts.push(resample(level, level + 1, channels, residual));
            }
        }
        parts
    }

    /// The way up, before the last normalisation.
    pub(super) fn parts_up(&self) -> Vec<Part> {
        let (mut skips, mut current) = (self.skips(), self.coarsest());
        let mut parts = Vec::new();
        for (level, &channels) in self.channels.iter().enumerate().rev() {
            for _ in 0..=self.blocks_per_level {
                let inputs = current + skips.pop().unwrap_or(0);
                let resampling = Resampling::Keep;
                parts.push(Part::Block { level, inputs, outputs: channels, resampling, joined: true });
                parts.extend(self.attends_up(level + 1).then(|| attention(level, channels)));
                current = channels;
            }
            if level > 0 {
                let residual = self.residual_levels_up.contains(&(level + 1));
                parts.push(resample(level, level - 1, channels, residual));
            }
        }
        parts
    }

    /// The middle, if there is one.
    pub(super) fn parts_middle(&self) -> Vec<Part> {
        let (level, channels) = (self.channels.len() - 1, self.coarsest());
        if !self.middle.blocks {
            return Vec::new();
        }
        let normalised = self.middle.attention_groups != Some(0);
        let attention = Part::Attention { level, channels, normalised };
        let mut parts = vec![block(level, channels, channels)];
        parts.extend(self.middle.attention.then_some(attention));
        parts.push(block(level, channels, channels));
        parts
    }

    /// Everything before the way up, but for the first convolution.
    pub(super) fn parts_of_encoder(&self) -> Vec<Part> {
        [self.parts_down(), self.parts_middle()].concat()
    }

    /// Everything between the first convolution and the last normalisation.
    #[cfg(test)]
    pub(super) fn parts(&self) -> Vec<Part> {
        [self.parts_of_encoder(), self.parts_up()].concat()
    }
}

fn block(level: usize, inputs: usize, outputs: usize) -> Part {
    Part::Block { level, inputs, outputs, resampling: Resampling::Keep, joined: false }
}

fn attention(level: usize, channels: usize) -> Part {
    Part::Attention { level, channels, normalised: true }
}

fn resample(from: usize, to: usize, channels: usize, residual: bool) -> Part {
    let resampling = if to > from { Resampling::Halve } else { Resampling::Double };
    match residual {
        true => Part::Block { level: from, inputs: channels, outputs: channels, resampling, joined: false },
        false => Part::Resample { from, to, channels },
    }
}

//! How large a U-Net is, known from its configuration alone.

use super::{TimeConditioning, UNetConfig};

impl UNetConfig {
    /// Number of elements of all parameters, from `inputs` to `outputs` channels, without building the network.
    pub fn parameter_count(&self, inputs: usize, outputs: usize) -> u64 {
        let channels: Vec<u64> = self.channels.iter().map(|&channels| channels as u64).collect();
        let (finest, coarsest) = (channels[0], channels[channels.len() - 1]);
        let embedding = 4 * finest;
        let mut total = linear(finest, embedding) + linear(embedding, embedding);
        total += conv3(inputs as u64, finest) + 2 * finest + conv3(finest, outputs as u64);
        // The channels of what the way up joins, in the order in which the way down leaves them.
        let mut skips = vec![finest];
        let mut current = finest;
        for (index, &width) in channels.iter().enumerate() {
            for _ in 0..self.blocks_per_level {
                total += self.block(current, width, embedding) + self.attention_after(index, width);
                skips.push(width);
                current = width;
            }
            if index + 1 < channels.len() {
                total += conv3(width, width);
                skips.push(width);
            }
        }
        total += 2 * self.block(coarsest, coarsest, embedding) + attention(coarsest);
        for (index, &width) in channels.iter().enumerate().rev() {
            for _ in 0..=self.blocks_per_level {
                let skip = skips.pop().unwrap_or(0);
                total += self.block(current + skip, width, embedding) + self.attention_after(index, width);
                current = width;
            }
            if index > 0 {
                total += conv3(width, width);
            }
        }
        total
    }

    fn block(&self, inputs: u64, outputs: u64, embedding: u64) -> u64 {
        let projected = match self.time_conditioning {
            TimeConditioning::Additive => outputs,
            TimeConditioning::ScaleShift => 2 * outputs,
        };
        let shortcut = if inputs == outputs { 0 } else { linear(inputs, outputs) };
        2 * inputs
            + conv3(inputs, outputs)
            + linear(embedding, projected)
            + 2 * outputs
            + conv3(outputs, outputs)
            + shortcut
    }

    fn attention_after(&self, index: usize, channels: u64) -> u64 {
        if self.attends(index + 1) { attention(channels) } else { 0 }
    }
}

fn linear(inputs: u64, outputs: u64) -> u64 {
    (inputs + 1) * outputs
}

fn conv3(inputs: u64, outputs: u64) -> u64 {
    (9 * inputs + 1) * outputs
}

fn attention(channels: u64) -> u64 {
    2 * channels + 4 * linear(channels, channels)
}

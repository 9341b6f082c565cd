//! How large a U-Net is, known from its configuration alone.

use super::layout::Part;
use super::{ClassEmbedding, UNetConfig};

impl UNetConfig {
    /// Number of elements of all parameters, from `inputs` to `outputs` channels, without building the network.
    pub fn parameter_count(&self, inputs: usize, outputs: usize) -> u64 {
        let finest = self.channels[0] as u64;
        let ends = 2 * finest + conv3(finest, outputs as u64);
        let up: u64 = self.parts_up().into_iter().map(|part| self.elements(part)).sum();
        self.encoder_parameters(inputs) + up + ends
    }

    /// As before, of all that comes before the way up.
    pub(in crate::models) fn encoder_parameters(&self, inputs: usize) -> u64 {
        let (finest, embedding) = (self.channels[0] as u64, self.embedding() as u64);
        let layers = linear(finest, embedding) + linear(embedding, embedding);
        let classes = match self.class_embedding {
            Some(table @ ClassEmbedding::Table { .. }) => table.rows() as u64 * embedding,
            Some(ClassEmbedding::Timestep {}) => layers,
            Some(ClassEmbedding::Identity {}) | None => 0,
        };
        let parts: u64 = self.parts_of_encoder().into_iter().map(|part| self.elements(part)).sum();
        layers + classes + conv3(inputs as u64, finest) + parts
    }

    fn elements(&self, part: Part) -> u64 {
        match part {
            Part::Block { inputs, outputs, .. } => {
                let projected = self.time_conditioning.features(outputs) as u64;
                let (inputs, outputs) = (inputs as u64, outputs as u64);
                let shortcut = if inputs == outputs { 0 } else { linear(inputs, outputs) };
                2 * inputs
                    + conv3(inputs, outputs)
                    + linear(self.embedding() as u64, projected)
                    + 2 * outputs
                    + conv3(outputs, outputs)
                    + shortcut
            }
            Part::Attention { channels, normalised, .. } => {
                let channels = channels as u64;
                let norm = if normalised { 2 * channels } else { 0 };
                norm + 4 * linear(channels, channels)
            }
            Part::Resample { channels, .. } => conv3(channels as u64, channels as u64),
        }
    }
}

fn linear(inputs: u64, outputs: u64) -> u64 {
    (inputs + 1) * outputs
}

fn conv3(inputs: u64, outputs: u64) -> u64 {
    (9 * inputs + 1) * outputs
}

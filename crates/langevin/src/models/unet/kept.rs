//! What the parts of a U-Net keep for their backward passes, and what comes and goes in these.

use super::{Resampling, TimeConditioning, UNetConfig};
use crate::models::tape::Event::{Release, Take, Weights};
use crate::models::tape::Tape;
use crate::nn::Activation;

impl UNetConfig {
    /// A residual block from so many positions and channels to so many.
    ///
    /// It keeps the inputs of both normalisations and of both convolutions, and the mask of the dropout. The gradient of its
    /// output stays until the shortcut has had it.
    pub(super) fn push_block(
        &self,
        tape: &mut Tape,
        (before, inputs): (usize, usize),
        (after, outputs): (usize, usize),
        (resampling, joined): (Resampling, bool),
    ) {
        let (x, y) = (before * inputs, after * outputs);
        // The first convolution doubles its input on its own, and keeps it as it is before.
        let first = before.min(after) * inputs;
        let scaled = self.time_conditioning == TimeConditioning::ScaleShift;
        // SiLU is one with the normalisation; another activation keeps what it is given, and a scale what it multiplies.
        let (given, given_again) = match (self.activation, scaled) {
            (Activation::Silu, _) => (0, 0),
            (Activation::Gelu, false) => (x, y),
            (Activation::Gelu, true) => (x, 2 * y),
        };
        let mask = if self.dropout > 0.0 { y } else { 0 };
        let told = if scaled { 2 * outputs } else { 0 };
        let statistics = 4 * self.groups;
        let mut events = vec![Take(y), Weights(conv3(outputs, outputs)), Release(y)];
        if mask > 0 {
            events.extend([Take(y), Release(y + mask)]);
        }
        if given_again > 0 {
            events.extend([Take(y), Release(y + given_again)]);
        }
        let time = linear(self.embedding(), self.time_conditioning.features(outputs));
        events.extend([Take(y), Weights(2 * outputs), Release(2 * y + told)]);
        events.extend([Take(first), Weights(conv3(inputs, outputs) + time), Release(y + first)]);
        if first != x {
            events.extend([Take(x), Release(first)]);
        }
        if given > 0 {
            events.extend([Take(x), Release(x + given)]);
        }
        events.extend([Take(x), Weights(2 * inputs), Release(x + statistics)]);
        if inputs != outputs || resampling != Resampling::Keep {
            let weights = if inputs == outputs { 0 } else { linear(inputs, outputs) };
            events.extend([Take(x), Weights(weights), Release(y)]);
        }
        // Two gradients are added up in the place of one; then the input goes too.
        events.push(Release(2 * x));
        if joined {
            events.extend([Take(x), Release(x)]);
        }
        tape.push(x + given + first + y + given_again + y + mask + told + statistics, events);
    }

    /// Self-attention; gives the elements that it keeps: its input, the normalised input, q, k, v and the mixed values, and
    /// a number for each head's queries.
    pub(super) fn push_attention(
        &self,
        tape: &mut Tape,
        positions: usize,
        channels: usize,
        normalised: bool,
    ) -> usize {
        let (x, layer) = (positions * channels, linear(channels, channels));
        let log_sums = positions * self.heads_of(channels);
        let mut events = vec![Take(x), Weights(layer), Take(3 * x), Release(5 * x + log_sums)];
        for projection in 0..3 {
            events.extend([Take(x), Weights(layer), Release(if projection == 0 { x } else { 2 * x })]);
        }
        let normed = if normalised { x } else { 0 };
        if normalised {
            events.extend([Release(x), Take(x), Weights(2 * channels), Release(x)]);
        }
        events.push(Release(2 * x));
        let kept = x + normed + 4 * x + log_sums;
        tape.push(kept, events);
        kept
    }
}

/// Parameters of a linear layer.
pub(super) fn linear(inputs: usize, outputs: usize) -> usize {
    (inputs + 1) * outputs
}

/// Parameters of a 3×3 convolution.
pub(super) fn conv3(inputs: usize, outputs: usize) -> usize {
    (9 * inputs + 1) * outputs
}

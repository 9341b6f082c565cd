//! What training a U-Net holds in memory beside its parameters, known from its configuration alone.

use super::layout::Part;
use super::{Resampling, TimeConditioning, UNetConfig};
use crate::models::tape::Event::{Release, Take, Weights};
use crate::models::tape::Tape;
use crate::nn::Activation;

impl UNetConfig {
    /// The tape of the network for samples of `height` × `width` and `inputs` channels.
    pub(in crate::models) fn tape(&self, inputs: usize, outputs: usize, height: usize, width: usize) -> Tape {
        let positions = |level: usize| (height >> level) * (width >> level);
        let (fine, finest, embedding) = (positions(0), self.channels[0], self.embedding());
        let mut tape = Tape::new(fine * outputs);
        // The encoding, and of two layers with their activations each what it gives.
        let time = finest + 4 * embedding;
        tape.push(
            time,
            vec![Weights(linear(finest, embedding) + linear(embedding, embedding)), Release(time)],
        );
        tape.push(fine * inputs, vec![Weights(conv3(inputs, finest)), Release(fine * (finest + inputs))]);
        let mut skips = 0;
        push_skip(&mut tape, &mut skips, fine * finest);
        let mut current = finest;
        let mut down = self.channels.len() * self.blocks_per_level;
        for part in self.parts() {
            match part {
                Part::Block { level, inputs, outputs, resampling, joined } => {
                    let (before, after) = (positions(level), positions(resampling.level_after(level)));
                    self.push_block(&mut tape, (before, inputs), (after, outputs), (resampling, joined));
                    let skip = match resampling {
                        Resampling::Keep if !joined && down > 0 => {
                            down -= 1;
                            true
                        }
                        resampling => resampling == Resampling::Halve,
                    };
                    if joined {
                        // Both inputs, of which one is a skip, and their concatenation; then they go.
                        tape.pass(skips + before * (current + inputs));
                        skips -= before * (inputs - current);
                    }
                    current = outputs;
                    tape.pass(
                        skips
                            + (2 * before * inputs + after * outputs)
                                .max(before * inputs + 2 * after * outputs),
                    );
                    if skip {
                        push_skip(&mut tape, &mut skips, after * outputs);
                    }
                }
                Part::Attention { level, channels, normalised } => {
                    let kept = self.push_attention(&mut tape, positions(level), channels, normalised);
                    tape.pass(skips + kept);
                }
                Part::Resample { from, to, channels } => {
                    let (before, after) = (positions(from) * channels, positions(to) * channels);
                    let weights = Weights(conv3(channels, channels));
                    tape.push(before, vec![Take(before), weights, Release(after + before)]);
                    tape.pass(skips + before + after);
                    if to > from {
                        push_skip(&mut tape, &mut skips, after);
                    }
                }
            }
        }
        let last = fine * finest;
        tape.push(last, vec![Take(last), Weights(2 * finest), Release(2 * last)]);
        let end = vec![Take(last), Weights(conv3(finest, outputs)), Release(fine * outputs + last)];
        tape.push(last, end);
        tape
    }

    /// A residual block from so many positions and channels to so many.
    ///
    /// It keeps the inputs of both normalisations and of both convolutions, and the mask of the dropout. The gradient of its
    /// output stays until the shortcut has had it.
    fn push_block(
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
    fn push_attention(&self, tape: &mut Tape, positions: usize, channels: usize, normalised: bool) -> usize {
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

/// What the way up joins: its gradient is there from the joining on, until it is added to that of the way down.
fn push_skip(tape: &mut Tape, skips: &mut usize, elements: usize) {
    tape.push(0, vec![Release(elements)]);
    *skips += elements;
}

fn linear(inputs: usize, outputs: usize) -> usize {
    (inputs + 1) * outputs
}

fn conv3(inputs: usize, outputs: usize) -> usize {
    (9 * inputs + 1) * outputs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> UNetConfig {
        toml::from_str(text).unwrap()
    }

    /// Whatever a network is made of: all that it keeps goes, the gradient of every parameter comes.
    #[test]
    fn at_the_end_there_are_the_gradients_alone() {
        let plain = "channels = [4, 8, 8]\nblocks_per_level = 2\ngroups = 2\nattention_levels = [2, 3]";
        for more in [
            "",
            "dropout = 0.1",
            "heads = 2\ntime_conditioning = \"scale-shift\"",
            "activation = \"gelu\"",
            "activation = \"gelu\"\ntime_conditioning = \"scale-shift\"\ndropout = 0.1",
            "residual_levels_down = [1]\nresidual_levels_up = [2, 3]",
            "middle = { attention_groups = 0 }",
            "middle = { blocks = false }",
        ] {
            let config = config(&format!("{plain}\n{more}"));
            let [left, weights] = config.tape(3, 6, 8, 12).ends();
            assert_eq!(weights as u64, config.parameter_count(3, 6), "{more}");
            assert_eq!(left, weights, "{more}");
        }
    }

    #[test]
    fn a_network_of_one_level_is_counted_by_hand() {
        let mut config = config("channels = [4]\nblocks_per_level = 1\ngroups = 2");
        let positions = 2 * 6;
        // The picture, at the end the inputs of the normalisation and of the convolution, and the output's gradient.
        let ends = 3 + 4 + 4 + 3;
        let block = 4 + 4 + 4 + 4;
        let attention = 6 * 4 + 1;
        let joined = 8 + 8 + 4 + 4;
        let kept = positions * (ends + 3 * block + attention + 2 * joined);
        let statistics = 5 * 4 * 2;
        let time = 4 + 4 * 16;
        // The most is there as the last convolution has given the gradients of its input and of its weights.
        let each = kept + statistics + time + positions * 4;
        let (many, last) = (1000, (9 * 4 + 1) * 3);
        let peak = |config: &UNetConfig| config.tape(3, 3, 2, 6).peak(many);
        assert_eq!(peak(&config), many * each + last);
        config.dropout = 0.1;
        assert_eq!(peak(&config), many * (each + 5 * positions * 4) + last);
        config.attention_levels = vec![1];
        // With attention at the very end, its backward pass has the most: the gradients of its output, of the mixed values and
        // of q, k and v are there, and what came after it has gone.
        let more = positions * (3 * attention + 5 * 4 - (3 + 4 + 4) - 4);
        let last = last + 2 * 4 + 5 * 4;
        assert_eq!(peak(&config), many * (each + 5 * positions * 4 + more) + last);
    }

    /// What was counted in training on the digits: bytes asked of the allocator at 256 samples, less those at 64.
    #[test]
    fn the_digits_take_what_was_counted() {
        let crate::models::ModelConfig::Unet(config) = crate::config::builtin_recipe("digits").unwrap().model
        else {
            panic!("the digits are trained with a U-Net")
        };
        let tape = config.tape(1, 1, 8, 8);
        let each = (tape.peak(256) - tape.peak(64)) as f64 / 192.0;
        // The samples themselves take the rest: x_0, target, the output twice.
        let counted = 94_481.0 - 4.0 * 64.0;
        assert!((each / counted - 1.0).abs() < 0.01, "{each}, {counted} counted");
    }
}

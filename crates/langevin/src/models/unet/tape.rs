//! What training a U-Net holds in memory beside its parameters, known from its configuration alone.

use super::UNetConfig;
use super::kept::{conv3, linear};
use super::layout::Part;
use crate::models::tape::Event::{Release, Take, Weights};
use crate::models::tape::Tape;

/// Where the playing-through of a network stands.
pub(in crate::models) struct Walk {
    /// Height and width of a sample.
    size: [usize; 2],
    /// Channels of what the last part gave.
    current: usize,
    /// Elements a sample that wait for the way up to join them.
    skips: usize,
}

impl Walk {
    fn positions(&self, level: usize) -> usize {
        (self.size[0] >> level) * (self.size[1] >> level)
    }

    /// What the way up joins: its gradient is there from the joining on, until it is added to that of the way down.
    fn keep(&mut self, tape: &mut Tape, elements: usize) {
        tape.push(0, vec![Release(elements)]);
        self.skips += elements;
    }
}

impl UNetConfig {
    /// The tape of the network for samples of `height` × `width` and `inputs` channels.
    pub(in crate::models) fn tape(&self, inputs: usize, outputs: usize, height: usize, width: usize) -> Tape {
        let (fine, finest) = (height * width, self.channels[0]);
        let mut tape = Tape::new(fine * outputs);
        let mut walk = self.push_encoder(&mut tape, inputs, [height, width], true);
        for part in self.parts_up() {
            self.push_part(&mut tape, part, &mut walk);
        }
        let last = fine * finest;
        push_norm(&mut tape, last, finest);
        let end = vec![Take(last), Weights(conv3(finest, outputs)), Release(fine * outputs + last)];
        tape.push(last, end);
        tape
    }

    /// All that comes before the way up; `joined` where there is one.
    pub(in crate::models) fn push_encoder(
        &self,
        tape: &mut Tape,
        inputs: usize,
        size: [usize; 2],
        joined: bool,
    ) -> Walk {
        let (finest, embedding) = (self.channels[0], self.embedding());
        let mut walk = Walk { size, current: finest, skips: 0 };
        let fine = walk.positions(0);
        // The encoding, and of two layers with their activations each what it gives.
        let time = finest + 4 * embedding;
        tape.push(
            time,
            vec![Weights(linear(finest, embedding) + linear(embedding, embedding)), Release(time)],
        );
        tape.push(fine * inputs, vec![Weights(conv3(inputs, finest)), Release(fine * (finest + inputs))]);
        if joined {
            walk.keep(tape, fine * finest);
        }
        for part in self.parts_down() {
            let given = self.push_part(tape, part, &mut walk);
            // Attention gives as much as the block before it, which is kept in its place.
            if joined && !matches!(part, Part::Attention { .. }) {
                walk.keep(tape, given);
            }
        }
        for part in self.parts_middle() {
            self.push_part(tape, part, &mut walk);
        }
        walk
    }

    /// One part; gives the elements of its output.
    fn push_part(&self, tape: &mut Tape, part: Part, walk: &mut Walk) -> usize {
        match part {
            Part::Block { level, inputs, outputs, resampling, joined } => {
                let (before, after) = (walk.positions(level), walk.positions(resampling.level_after(level)));
                self.push_block(tape, (before, inputs), (after, outputs), (resampling, joined));
                if joined {
                    // Both inputs, of which one is a skip, and their concatenation; then they go.
                    tape.pass(walk.skips + before * (walk.current + inputs));
                    walk.skips -= before * (inputs - walk.current);
                }
                walk.current = outputs;
                let (x, y) = (before * inputs, after * outputs);
                tape.pass(walk.skips + (2 * x + y).max(x + 2 * y));
                y
            }
            Part::Attention { level, channels, normalised } => {
                let positions = walk.positions(level);
                let kept = self.push_attention(tape, positions, channels, normalised);
                tape.pass(walk.skips + kept);
                positions * channels
            }
            Part::Resample { from, to, channels } => {
                let (before, after) = (walk.positions(from) * channels, walk.positions(to) * channels);
                let weights = Weights(conv3(channels, channels));
                tape.push(before, vec![Take(before), weights, Release(after + before)]);
                tape.pass(walk.skips + before + after);
                after
            }
        }
    }
}

/// The last normalisation, of so many elements.
pub(in crate::models) fn push_norm(tape: &mut Tape, elements: usize, channels: usize) {
    tape.push(elements, vec![Take(elements), Weights(2 * channels), Release(2 * elements)]);
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

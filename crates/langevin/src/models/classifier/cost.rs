//! How large a classifier is, what it computes and what training it holds in memory, known from its configuration alone.

use super::ClassifierConfig;
use crate::models::tape::Event::{Release, Take, Weights};
use crate::models::tape::Tape;
use crate::models::unet::{attention, linear, push_norm};
use crate::tensor::SampleShape;
use langevin_kernels::ConvShape;

impl ClassifierConfig {
    /// Number of elements of all parameters, without building the network.
    pub fn parameter_count(&self, shape: SampleShape) -> u64 {
        let (tokens, channels) = (1 + self.positions(shape) as u64, self.encoder.coarsest() as u64);
        let projections = 3 * (channels + 1) * channels + (channels + 1) * self.classes as u64;
        let (norm, embedding) = (2 * channels, tokens * channels);
        self.encoder.encoder_parameters(shape.channels) + norm + embedding + projections
    }

    /// Multiply-adds of one sample's forward pass, counted as a U-Net's are.
    pub(in crate::models) fn multiply_adds(&self, shape: SampleShape) -> u64 {
        let SampleShape { height, width, channels } = shape;
        let (tokens, coarsest) = (1 + self.positions(shape) as u64, self.encoder.coarsest() as u64);
        let encoder = self.encoder.encoder_multiply_adds(channels, height, width);
        // The output is projected for one token, all tokens' q, k and v are.
        let unused = (tokens * coarsest - self.classes as u64) * coarsest;
        encoder + attention(tokens, coarsest) - unused
    }

    /// Each convolution and linear layer, for `samples` samples.
    pub(in crate::models) fn convolutions(
        &self,
        shape: SampleShape,
        samples: usize,
        exact: bool,
    ) -> Vec<ConvShape> {
        let (tokens, channels) = (1 + self.positions(shape), self.encoder.coarsest());
        let size = [samples, shape.height, shape.width];
        let mut all = self.encoder.encoder_convolutions(shape.channels, size, exact);
        all.extend([linear(samples * tokens, channels, channels); 3]);
        all.push(linear(samples, channels, self.classes));
        all
    }

    /// The tape of the network for samples of `shape`.
    pub(in crate::models) fn tape(&self, shape: SampleShape) -> Tape {
        let (positions, channels) = (self.positions(shape), self.encoder.coarsest());
        let mut tape = Tape::new(self.classes);
        self.encoder.push_encoder(&mut tape, shape.channels, [shape.height, shape.width], false);
        push_norm(&mut tape, positions * channels, channels);
        self.push_pool(&mut tape, positions, channels);
        tape
    }

    /// The pool keeps the tokens, q, k and v of all, what attention gives with a number for each head's queries, and of
    /// the last layer the one token.
    fn push_pool(&self, tape: &mut Tape, positions: usize, channels: usize) {
        let (token, x) = (channels, positions * channels);
        let tokens = token + x;
        let log_sums = (1 + positions) * (channels / self.pool_head());
        let layer = |outputs: usize| Weights((channels + 1) * outputs);
        let mut events = vec![Take(token), layer(self.classes), Release(self.classes + token)];
        // The other tokens' gradients are zero, and there.
        events.extend([Take(tokens), Release(token), Take(3 * tokens), Release(5 * tokens + log_sums)]);
        for projection in 0..3 {
            let release = if projection == 0 { tokens } else { 2 * tokens };
            events.extend([Take(tokens), layer(channels), Release(release)]);
        }
        // The gradient of the sum is that of either part; of the parts, the mean's comes to every position.
        events.extend([Release(tokens), Weights(tokens), Take(tokens), Release(tokens)]);
        events.extend([Take(x), Release(token + x)]);
        tape.push(tokens + 4 * tokens + log_sums + token, events);
        tape.pass(5 * tokens + log_sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::weights::weights_of;

    const SHAPE: SampleShape = SampleShape { height: 8, width: 12, channels: 3 };

    fn config(of_encoder: &str) -> ClassifierConfig {
        let encoder = "channels = [4, 8, 8]\nblocks_per_level = 2\ngroups = 2\nattention_levels = [2, 3]";
        toml::from_str(&format!("classes = 5\npool_head_size = 4\n[encoder]\n{encoder}\n{of_encoder}"))
            .unwrap()
    }

    /// Whatever a network is made of: all that it keeps goes, the gradient of every parameter comes.
    #[test]
    fn at_the_end_there_are_the_gradients_alone() {
        for more in [
            "",
            "dropout = 0.1\nactivation = \"gelu\"",
            "residual_levels_down = [1]\ntime_conditioning = \"scale-shift\"",
            "middle = { blocks = false }",
        ] {
            let config = config(more);
            let [left, weights] = config.tape(SHAPE).ends();
            assert_eq!(weights as u64, config.parameter_count(SHAPE), "{more}");
            assert_eq!(left, weights, "{more}");
        }
    }

    /// Every parameter but those of the normalisations and of the positions belongs to a layer.
    #[test]
    fn no_layer_is_missing() {
        for more in ["", "residual_levels_down = [1, 2]\ntime_conditioning = \"scale-shift\""] {
            let config = config(more);
            let network = config.init(SHAPE, 0, &crate::tensor::cpu());
            let of_layers = |name: &str| !name.contains("norm") && !name.ends_with("positional_embedding");
            let parameters: usize = weights_of(&network)
                .iter()
                .filter(|(name, _)| of_layers(name))
                .map(|(_, array)| array.values.len())
                .sum();
            let all = config.convolutions(SHAPE, 2, false);
            let counted = all.iter().map(|layer| layer.outputs * (layer.inputs * layer.kernel.pow(2) + 1));
            assert_eq!(counted.sum::<usize>(), parameters, "{more}");
        }
    }

    #[test]
    fn a_network_of_one_level_is_counted_by_hand() {
        let text = "classes = 5\n[encoder]\nchannels = [4]\nblocks_per_level = 1\ngroups = 2";
        let config: ClassifierConfig = toml::from_str(text).unwrap();
        let shape = SampleShape { height: 2, width: 6, channels: 3 };
        let (positions, tokens) = (12, 13);
        let time = 4 * 16 + 16 * 16;
        let blocks = 3 * (2 * (positions * 9 * 4 * 4) + 16 * 4);
        let middle = 4 * (positions * 4 * 4) + 2 * (positions * positions * 4);
        let pool = 3 * (tokens * 4 * 4) + 2 * (tokens * tokens * 4) + 4 * 5;
        assert_eq!(config.multiply_adds(shape), time + positions * 9 * 3 * 4 + blocks + middle + pool);
        // The picture, three blocks and the attention between them, the last normalisation's input, and the pool's.
        let (positions, tokens) = (positions as usize, tokens as usize);
        let network = positions * (3 + 3 * 16 + 6 * 4 + 1 + 4) + 3 * 4 * 2 + 4 + 4 * 16;
        let pool = tokens * (5 * 4 + 1) + 4;
        // The most is there as attention in the pool has given its three gradients: that of its output is there still.
        let each = network + pool - 4 + 4 * tokens * 4;
        let output = (4 + 1) * 5;
        assert_eq!(config.tape(shape).peak(1000), 1000 * each + output);
    }
}

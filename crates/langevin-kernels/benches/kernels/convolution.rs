//! Convolutions of the U-Nets, forward and both gradients.

use super::{numbers, operations, passes};
use divan::Bencher;
use langevin_kernels::{
    Addends, ConvShape, channel_sums, conv2d, conv2d_input_gradient, conv2d_weight_gradient,
};

/// Which algorithm: the one chosen by shape, Winograd's for these, or the direct one.
const METHODS: [&str; 2] = ["winograd", "direct"];

/// 3×3 from `channels` to as many, at `side` × `side`.
fn same(batch: usize, side: usize, channels: usize, method: &str) -> ConvShape {
    ConvShape {
        batch,
        height: side,
        width: side,
        inputs: channels,
        outputs: channels,
        kernel: 3,
        stride: 1,
        before: 1,
        after: 1,
        upsample: false,
        exact: method == "direct",
    }
}

/// A convolution's sizes with its arrays.
struct Case {
    shape: ConvShape,
    x: Vec<f32>,
    weight: Vec<f32>,
    y: Vec<f32>,
    multiply_adds: usize,
}

impl Case {
    fn new(shape: ConvShape) -> Self {
        let ConvShape { kernel, inputs, outputs, .. } = shape;
        let (x, y) = (shape.input().iter().product(), shape.output().iter().product());
        Self {
            shape,
            x: numbers(x),
            weight: numbers(outputs * inputs * kernel * kernel),
            y: numbers(y),
            multiply_adds: y * inputs * kernel * kernel,
        }
    }

    fn forward(mut self, bencher: Bencher) {
        let bias = numbers(self.shape.outputs);
        let addends = Addends { bias: Some(&bias), ..Addends::default() };
        bencher
            .counter(operations(self.multiply_adds))
            .bench_local(|| conv2d(&self.shape, &self.x, &self.weight, addends, &mut self.y));
    }

    fn input_gradient(mut self, bencher: Bencher) {
        bencher
            .counter(operations(self.multiply_adds))
            .bench_local(|| conv2d_input_gradient(&self.shape, &self.y, &self.weight, &mut self.x));
    }

    fn weight_gradient(mut self, bencher: Bencher) {
        bencher
            .counter(operations(self.multiply_adds))
            .bench_local(|| conv2d_weight_gradient(&self.shape, &self.x, &self.y, &mut self.weight));
    }
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_a_3x3_convolution_of_128_channels_at_32x32(bencher: Bencher, method: &str) {
    Case::new(same(8, 32, 128, method)).forward(bencher);
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_the_input_gradient_of_128_channels_at_32x32(bencher: Bencher, method: &str) {
    Case::new(same(8, 32, 128, method)).input_gradient(bencher);
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_the_weight_gradient_of_128_channels_at_32x32(bencher: Bencher, method: &str) {
    Case::new(same(8, 32, 128, method)).weight_gradient(bencher);
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_a_3x3_convolution_of_256_channels_at_8x8(bencher: Bencher, method: &str) {
    Case::new(same(8, 8, 256, method)).forward(bencher);
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_a_3x3_convolution_of_32_channels_at_28x28(bencher: Bencher, method: &str) {
    Case::new(same(64, 28, 32, method)).forward(bencher);
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_the_weight_gradient_of_32_channels_at_28x28(bencher: Bencher, method: &str) {
    Case::new(same(64, 28, 32, method)).weight_gradient(bencher);
}

#[divan::bench(args = METHODS, sample_count = 20)]
fn how_fast_is_a_3x3_convolution_of_64_channels_upsampled_to_28x28(bencher: Bencher, method: &str) {
    Case::new(ConvShape { upsample: true, ..same(64, 14, 64, method) }).forward(bencher);
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_halving_128_channels_at_32x32(bencher: Bencher) {
    Case::new(ConvShape { stride: 2, before: 0, ..same(8, 32, 128, "direct") }).forward(bencher);
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_a_linear_layer_of_256_channels_over_16x16(bencher: Bencher) {
    Case::new(ConvShape { kernel: 1, before: 0, after: 0, ..same(8, 16, 256, "direct") }).forward(bencher);
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_the_last_convolution_from_128_channels_to_3(bencher: Bencher) {
    Case::new(ConvShape { outputs: 3, ..same(8, 32, 128, "direct") }).forward(bencher);
}

/// As of a batch of a layer's output, and of the rows of a linear layer.
#[divan::bench(args = [[64, 784, 32], [8, 1024, 128], [12_544, 1, 64]])]
fn how_fast_is_the_gradient_of_a_bias(bencher: Bencher, [batch, positions, channels]: [usize; 3]) {
    let dy = numbers(batch * positions * channels);
    let (mut per_sample, mut bias) = (vec![0.0; batch * channels], vec![0.0; channels]);
    bencher
        .counter(passes(1, dy.len()))
        .bench_local(|| channel_sums(&dy, batch, positions, Some(&mut per_sample), &mut bias));
}

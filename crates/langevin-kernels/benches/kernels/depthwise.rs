//! Depthwise convolution and pooling, in the layers of networks that describe pictures.

use super::{numbers, passes};
use divan::Bencher;
use langevin_kernels::{DepthwiseShape, Pool, PoolShape, depthwise, pool};

/// Side, channels, kernel and stride of layers of EfficientNet-Lite0.
const LAYERS: [[usize; 4]; 4] = [[112, 32, 3, 1], [112, 96, 3, 2], [28, 240, 5, 1], [14, 672, 5, 2]];

#[divan::bench(args = LAYERS, sample_count = 20)]
fn how_fast_is_a_depthwise_convolution(bencher: Bencher, [side, channels, kernel, stride]: [usize; 4]) {
    let (before, after) = ((kernel - stride) / 2, (kernel - stride).div_ceil(2));
    let shape =
        DepthwiseShape { batch: 2, height: side, width: side, channels, kernel, stride, before, after };
    let [x, y] = [shape.input(), shape.output()].map(|sizes| sizes.iter().product::<usize>());
    let (weight, bias) = (numbers(channels * kernel * kernel), numbers(channels));
    let (input, mut output) = (numbers(x), vec![0.0; y]);
    let relu6 = Some([0.0, 6.0]);
    bencher
        .counter(passes(1, x + y))
        .bench_local(|| depthwise(&shape, &input, &weight, &bias, relu6, &mut output));
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_the_first_pool_of_inception(bencher: Bencher) {
    let (window, stride, border) = (3, 2, 0);
    let shape = PoolShape { batch: 2, height: 147, width: 147, channels: 64, window, stride, border };
    let [x, y] = [shape.input(), shape.output()].map(|sizes| sizes.iter().product::<usize>());
    let (input, mut output) = (numbers(x), vec![0.0; y]);
    bencher.counter(passes(1, x + y)).bench_local(|| pool(&shape, Pool::Max, &input, &mut output));
}

//! Normalisations, forward and backward.

use super::{numbers, passes};
use divan::Bencher;
use langevin_kernels::{
    GroupNorm, GroupNormGradients, LayerNorm, group_norm, group_norm_backward, layer_norm,
};

/// Batch, positions, channels, groups: Fashion-MNIST's first level and CIFAR-10's.
const SIZES: [[usize; 4]; 2] = [[64, 784, 32, 8], [8, 1024, 128, 32]];

fn layer<'a>([batch, positions, channels, groups]: [usize; 4], parameters: &'a [f32]) -> GroupNorm<'a> {
    let (weight, bias) = (&parameters[..channels], &parameters[..channels]);
    GroupNorm {
        batch,
        positions,
        channels,
        groups,
        weight,
        bias,
        epsilon: 1e-6,
        modulation: None,
        silu: true,
    }
}

#[divan::bench(args = SIZES)]
fn how_fast_is_a_group_norm_with_silu(bencher: Bencher, size: [usize; 4]) {
    let parameters = numbers(size[2]);
    let layer = layer(size, &parameters);
    let x = numbers(layer.batch * layer.positions * layer.channels);
    let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * layer.batch * layer.groups]);
    bencher.counter(passes(2, x.len())).bench_local(|| group_norm(&layer, &x, &mut y, &mut stats));
}

#[divan::bench(args = SIZES)]
fn how_fast_is_the_gradient_of_a_group_norm_with_silu(bencher: Bencher, size: [usize; 4]) {
    let parameters = numbers(size[2]);
    let layer = layer(size, &parameters);
    let x = numbers(layer.batch * layer.positions * layer.channels);
    let (mut dx, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * layer.batch * layer.groups]);
    let dy = numbers(x.len());
    group_norm(&layer, &x, &mut dx, &mut stats);
    let (mut dweight, mut dbias) = (vec![0.0; layer.channels], vec![0.0; layer.channels]);
    bencher.counter(passes(3, x.len())).bench_local(|| {
        let (dx, dweight, dbias) = (&mut dx[..], &mut dweight[..], &mut dbias[..]);
        let gradients = GroupNormGradients { dx, dweight, dbias, modulation: None };
        group_norm_backward(&layer, &x, &stats, &dy, None, gradients);
    });
}

/// Rows, channels.
const ROWS: [usize; 2] = [16_384, 256];

#[divan::bench]
fn how_fast_is_a_layer_norm_of_256_channels(bencher: Bencher) {
    let parameters = numbers(ROWS[1]);
    let layer = LayerNorm { channels: ROWS[1], weight: &parameters, bias: &parameters, epsilon: 1e-5 };
    let x = numbers(ROWS[0] * ROWS[1]);
    let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * ROWS[0]]);
    bencher.counter(passes(2, x.len())).bench_local(|| layer_norm(&layer, &x, &mut y, &mut stats));
}

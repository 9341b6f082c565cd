//! What is computed element by element or row by row.

use super::{numbers, passes};
use divan::Bencher;
use langevin_kernels::{concat_channels, gelu, silu, silu_backward, softmax, split_channels};

/// Elements of an activation of 32 MiB: it comes from memory, as in a network.
const LEN: usize = 1 << 23;

#[divan::bench(sample_count = 20)]
fn how_fast_is_silu(bencher: Bencher) {
    let (x, mut y) = (numbers(LEN), vec![0.0; LEN]);
    bencher.counter(passes(2, LEN)).bench_local(|| silu(&x, &mut y));
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_the_gradient_of_silu(bencher: Bencher) {
    let (x, dy, mut dx) = (numbers(LEN), numbers(LEN), vec![0.0; LEN]);
    bencher.counter(passes(3, LEN)).bench_local(|| silu_backward(&x, &dy, &mut dx));
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_gelu(bencher: Bencher) {
    let (x, mut y) = (numbers(LEN), vec![0.0; LEN]);
    bencher.counter(passes(2, LEN)).bench_local(|| gelu(&x, &mut y));
}

#[divan::bench(sample_count = 20)]
fn how_fast_is_a_softmax_over_256(bencher: Bencher) {
    let (x, mut y) = (numbers(LEN), vec![0.0; LEN]);
    bencher.counter(passes(2, LEN)).bench_local(|| softmax(&x, 256, &mut y));
}

#[divan::bench(args = [32, 128], sample_count = 20)]
fn how_fast_is_joining_two_activations_of_channels(bencher: Bencher, channels: usize) {
    let (a, b, mut y) = (numbers(LEN / 2), numbers(LEN / 2), vec![0.0; LEN]);
    bencher.counter(passes(2, LEN)).bench_local(|| concat_channels(&a, &b, [channels; 2], &mut y));
}

#[divan::bench(args = [32, 128], sample_count = 20)]
fn how_fast_is_splitting_into_two_gradients_of_channels(bencher: Bencher, channels: usize) {
    let (dy, mut da, mut db) = (numbers(LEN), vec![0.0; LEN / 2], vec![0.0; LEN / 2]);
    bencher.counter(passes(2, LEN)).bench_local(|| split_channels(&dy, [channels; 2], &mut da, &mut db));
}

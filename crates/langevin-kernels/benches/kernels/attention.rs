//! Self-attention, forward and backward.

use super::{numbers, operations};
use divan::Bencher;
use langevin_kernels::{AttentionShape, attention, attention_backward};

fn shape(side: usize, heads: usize) -> AttentionShape {
    AttentionShape { batch: 8, positions: side * side, heads, head_size: 256 / heads }
}

/// Multiply-adds of one product of the positions with the positions.
fn product(shape: &AttentionShape) -> usize {
    shape.batch * shape.positions * shape.positions * shape.heads * shape.head_size
}

fn forward(bencher: Bencher, shape: &AttentionShape) {
    let rows = shape.batch * shape.positions;
    let [q, k, v, mut out] = [(); 4].map(|()| numbers(rows * 256));
    let mut log_sum = vec![0.0; rows * shape.heads];
    // Q Kᵀ, and the probabilities with V.
    bencher
        .counter(operations(2 * product(shape)))
        .bench_local(|| attention(shape, &q, &k, &v, &mut out, &mut log_sum));
}

#[divan::bench(args = [1, 8], sample_count = 20)]
fn how_fast_is_attention_over_16x16_by_heads(bencher: Bencher, heads: usize) {
    forward(bencher, &shape(16, heads));
}

#[divan::bench(args = [1, 8], sample_count = 20)]
fn how_fast_is_the_gradient_of_attention_over_16x16_by_heads(bencher: Bencher, heads: usize) {
    let shape = shape(16, heads);
    let rows = shape.batch * shape.positions;
    let [q, k, v, mut out, dout] = [(); 5].map(|()| numbers(rows * 256));
    let [mut dq, mut dk, mut dv] = [(); 3].map(|()| vec![0.0; rows * 256]);
    let mut log_sum = vec![0.0; rows * heads];
    attention(&shape, &q, &k, &v, &mut out, &mut log_sum);
    // The scores again, dO Vᵀ, dQ, dK and dV.
    bencher.counter(operations(5 * product(&shape))).bench_local(|| {
        attention_backward(&shape, &q, &k, &v, &out, &log_sum, &dout, &mut dq, &mut dk, &mut dv);
    });
}

#[divan::bench(sample_count = 10)]
fn how_fast_is_attention_over_64x64(bencher: Bencher) {
    forward(bencher, &AttentionShape { batch: 1, ..shape(64, 1) });
}

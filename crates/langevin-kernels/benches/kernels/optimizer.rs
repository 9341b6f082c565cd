//! The optimiser's two passes over the parameters.

use super::{numbers, passes};
use divan::Bencher;
use langevin_kernels::{AdamStep, sum_of_squares};

/// A parameter of the largest layers: 512 to 256 channels.
const LARGE: usize = 9 * 512 * 256;

#[divan::bench(args = [1024, LARGE])]
fn how_fast_is_adam_with_its_average_by_elements(bencher: Bencher, len: usize) {
    let step = AdamStep {
        scale: 0.5,
        pull: 0.0,
        beta1: 0.9,
        rest1: 0.1,
        beta2: 0.999,
        rest2: 0.001,
        keep: 1.0,
        rate: 1e-3,
        root: 1.0,
        epsilon: 1e-8,
        follow: 1e-3,
    };
    let [mut weights, gradient, mut first, mut average] = [(); 4].map(|()| numbers(len));
    let mut second: Vec<f32> = numbers(len).iter().map(|v| v * v).collect();
    // The gradient is read; weights, moments and average are read and written.
    bencher.counter(passes(9, len)).bench_local(|| {
        step.apply(&mut weights, &gradient, &mut first, &mut second, &mut average);
    });
}

#[divan::bench(args = [1024, LARGE])]
fn how_fast_is_the_norm_of_a_gradient_by_elements(bencher: Bencher, len: usize) {
    let gradient = numbers(len);
    bencher.counter(passes(1, len)).bench_local(|| sum_of_squares(&gradient));
}

//! How long each metric takes at the sizes that people use.

use divan::Bencher;
use langevin_math::rng::{Purpose, Stream};
use langevin_metrics::{
    Features, KernelOptions, Pca, Statistics, StatisticsBuilder, frechet_distance, kernel_distance, prdc,
};
use std::ops::ControlFlow;

fn go_on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn main() {
    divan::main();
}

fn rows(index: u64, n: usize, d: usize) -> Vec<f32> {
    let mut drawn = vec![0.0; n * d];
    Stream::new(1, Purpose::Data, index).normal(0, &mut drawn);
    drawn
}

fn statistics(rows: &[f32], d: usize, times: usize) -> Statistics {
    let mut builder = StatisticsBuilder::new(d).unwrap();
    for _ in 0..times {
        builder.push(Features::new(rows, d).unwrap()).unwrap();
    }
    builder.finish().unwrap()
}

/// The same 5000 rows ten times.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn statistics_50000_by_2048(bencher: Bencher) {
    let rows = rows(0, 5000, 2048);
    bencher.bench_local(|| statistics(&rows, 2048, 10));
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn frechet_2048(bencher: Bencher) {
    let [a, b] = [0, 1].map(|index| statistics(&rows(index, 5000, 2048), 2048, 1));
    bencher.bench_local(|| frechet_distance(&a, &b).unwrap());
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn kernel_100_of_1000_by_2048(bencher: Bencher) {
    let [x, y] = [0, 1].map(|index| rows(index, 3000, 2048));
    let [x, y] = [&x, &y].map(|rows| Features::new(rows, 2048).unwrap());
    bencher.bench_local(|| kernel_distance(x, y, KernelOptions::default(), &mut go_on).unwrap());
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn prdc_10000_by_1280(bencher: Bencher) {
    let [real, fake] = [0, 1].map(|index| rows(index, 10_000, 1280));
    let [real, fake] = [&real, &fake].map(|rows| Features::new(rows, 1280).unwrap());
    bencher.bench_local(|| prdc(real, fake, 5, &mut go_on).unwrap());
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn pca_3072(bencher: Bencher) {
    let statistics = statistics(&rows(0, 4000, 3072), 3072, 1);
    bencher.bench_local(|| Pca::new(&statistics, 64).unwrap());
}

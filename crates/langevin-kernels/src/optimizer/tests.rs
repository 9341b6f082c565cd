//! The update against f64, and bit for bit on all instruction sets and threads.

use super::*;
use crate::sum_of_squares::tests::values;
use crate::testing::cases;
use crate::{Isa, with_isa};
use proptest::prelude::*;

const LENGTHS: [usize; 6] = [0, 1, 7, 16, CHUNK, 100_003];

/// Weights, gradient, moments (the second one positive) and average.
fn arrays(len: usize) -> [Vec<f32>; 5] {
    let mut arrays = [1, 2, 3, 4, 5].map(|seed| values(len, seed));
    arrays[3].iter_mut().for_each(|v| *v = 0.01 * *v * *v);
    arrays
}

const STEP: AdamStep = AdamStep {
    scale: 0.37,
    pull: 0.02,
    beta1: 0.9,
    rest1: 0.1,
    beta2: 0.999,
    rest2: 0.001,
    keep: 0.99,
    rate: 3e-3,
    root: 4.1,
    epsilon: 1e-8,
    follow: 0.05,
};

fn applied(isa: Isa, threads: usize, step: &AdamStep, arrays: &[Vec<f32>; 5]) -> [Vec<f32>; 5] {
    let [mut w, g, mut m, mut v, mut a] = arrays.clone();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| with_isa(isa, || step.apply(&mut w, &g, &mut m, &mut v, &mut a)));
    [w, g, m, v, a]
}

/// Element `i` of each array after the step, in f64.
fn reference(step: &AdamStep, arrays: &[Vec<f32>; 5], i: usize) -> [f64; 5] {
    let [w, g0, m, v, a] = [0, 1, 2, 3, 4].map(|array: usize| f64::from(arrays[array][i]));
    let g = f64::from(step.scale) * g0 + f64::from(step.pull) * w;
    let m = f64::from(step.beta1) * m + f64::from(step.rest1) * g;
    let v = f64::from(step.beta2) * v + f64::from(step.rest2) * g.powi(2);
    let moved = f64::from(step.rate) * m / (f64::from(step.root) * v.sqrt() + f64::from(step.epsilon));
    let w = f64::from(step.keep) * w - moved;
    [w, g0, m, v, a + f64::from(step.follow) * (w - a)]
}

fn check(step: &AdamStep, len: usize) {
    let before = arrays(len);
    let first = applied(Isa::Portable, 1, step, &before);
    for isa in Isa::available() {
        for threads in [1, 2, 3] {
            let bits = applied(isa, threads, step, &before).map(|array| bits(&array));
            let expected = [0, 1, 2, 3, 4].map(|array: usize| self::bits(&first[array]));
            assert!(bits == expected, "{isa}, {threads} threads, {len} elements: other bits");
        }
    }
    (0..len).for_each(|i| {
        for (array, expected) in reference(step, &before, i).into_iter().enumerate() {
            let got = f64::from(first[array][i]);
            let error = (got - expected).abs();
            assert!(error <= 1e-6 * expected.abs() + 2e-7, "array {array} at {i}: {got}, not {expected}");
        }
    });
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn updates_agree_with_f64_and_bit_for_bit_on_all_sets_and_threads() {
    LENGTHS.into_iter().for_each(|len| check(&STEP, len));
}

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn updates_agree_with_f64_for_any_numbers(
        len in 0usize..600, scale in 0.0f32..1.0, pull in 0.0f32..0.1, keep in 0.9f32..1.0,
        rate in 0.0f32..1e-2, root in 1.0f32..32.0, follow in 0.0f32..1.0,
    ) {
        check(&AdamStep { scale, pull, keep, rate, root, follow, ..STEP }, len);
    }
}

#[test]
#[should_panic(expected = "the average has 2 elements where the weights have 3")]
fn slices_of_other_lengths_are_refused() {
    let [mut w, g, mut m, mut v, mut a] = arrays(3);
    STEP.apply(&mut w, &g, &mut m, &mut v, &mut a[..2]);
}

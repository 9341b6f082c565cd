//! Normalisations against their definition in f64, and their gradients against finite differences of it.

use super::case::{Case, EPSILON, Outcome};
use super::*;
use crate::simd::{Isa, with_isa};
use crate::testing::{error, same_on_all_pools, values, wide};
use proptest::prelude::*;

fn check_forward(case: &Case, outcome: &Outcome, tolerance: f64) {
    let variables = case.variables();
    let worst = floored_error(&outcome.y, &case.output(&variables), 1.0);
    assert!(worst < tolerance, "y of {:?}: {worst:e}", case.shape);
    let [batch, _, groups, _] = case.shape;
    for (i, of_group) in outcome.stats.chunks(2).enumerate() {
        assert!(batch * groups > i);
        let (mean, inverse) = case.statistics(&variables, i / groups, i % groups);
        assert!((f64::from(of_group[0]) - mean).abs() < 1e-6 * mean.abs().max(1.0 / inverse), "{of_group:?}");
        assert!((f64::from(of_group[1]) - inverse).abs() < 1e-6 * inverse, "{of_group:?}");
    }
}

/// As `error`, but relative to at least `floor`, the size of the terms of a sum: where they happen to cancel, what is
/// left of them is no measure.
fn floored_error(actual: &[f32], expected: &[f64], floor: f64) -> f64 {
    let largest = expected.iter().fold(0.0f64, |m, e| m.max(e.abs()));
    error(actual, expected) * (largest / floor).min(1.0)
}

/// The floor for a gradient with respect to x, and for one that is a sum over positions.
const FLOORS: [f64; 2] = [0.3, 3.0];

proptest! {
    #[test]
    fn group_norm_and_every_gradient_agree_with_the_definition(
        batch in 1usize..3, positions in 6usize..16, groups in 1usize..4,
        size in prop::sample::select(vec![1, 3, 4, 5, 8, 12]), flags: [bool; 3], seed: u64
    ) {
        let case = Case::new(seed, [batch, positions, groups, size], flags);
        let variables = case.variables();
        let expected: Vec<f64> =
            (0..variables.len()).map(|i| case.slope(&variables, &[(i, 1.0)], 1e-4)).collect();
        for isa in Isa::available() {
            let outcome = with_isa(isa, || case.run());
            check_forward(&case, &outcome, 2e-6);
            let mut from = 0;
            for gradient in outcome.gradients() {
                let worst = floored_error(gradient, &expected[from..from + gradient.len()], FLOORS[usize::from(from > 0)]);
                prop_assert!(worst < 1e-5, "{isa}: gradient from {from} on: {worst:e}");
                from += gradient.len();
            }
            prop_assert_eq!(from, variables.len());
        }
    }

    #[test]
    fn layer_norm_is_group_norm_of_one_group_at_each_position(
        rows in 1usize..150, channels in 6usize..300, residual: bool, seed: u64
    ) {
        // The definition of this case has a sample for each row.
        let case = Case::new(seed, [rows, 1, 1, channels], [false, false, residual]);
        let layer = LayerNorm { channels, weight: &case.weight, bias: &case.bias, epsilon: EPSILON };
        for isa in Isa::available() {
            let expected = with_isa(isa, || case.run());
            let blank = |len: usize| vec![f32::NAN; len];
            let (mut y, mut stats, mut dx) = (blank(case.x.len()), blank(2 * rows), blank(case.x.len()));
            let (mut dweight, mut dbias) = (blank(channels), blank(channels));
            with_isa(isa, || {
                layer_norm(&layer, &case.x, &mut y, &mut stats);
                let residual = case.residual.as_deref();
                layer_norm_backward(
                    &layer, &case.x, &stats, &case.dy, residual, &mut dx, &mut dweight, &mut dbias,
                );
            });
            check_forward(&case, &Outcome { y, stats, dx: vec![], dweight: vec![], dbias: vec![], modulation: None }, 2e-6);
            for (ours, other) in [&dx, &dweight, &dbias].into_iter().zip(expected.gradients()) {
                prop_assert!(floored_error(ours, &wide(other), FLOORS[0]) < 5e-6, "{isa}: {:e}", floored_error(ours, &wide(other), FLOORS[0]));
            }
        }
    }
}

/// Samples of several runs, of which the last is not whole.
fn large(flags: [bool; 3]) -> Vec<Case> {
    let shapes =
        [[2, 700, 3, 40], [1, 5000, 1, 7], [3, 301, 32, 4], [2, 37, 5, 101], [1, 1, 2, 3], [5, 1, 4, 16]];
    shapes.into_iter().enumerate().map(|(k, shape)| Case::new(k as u64, shape, flags)).collect()
}

#[test]
fn samples_of_several_runs_agree_with_the_definition() {
    for flags in [[true, true, true], [false, false, false]] {
        for case in large(flags) {
            let variables = case.variables();
            // The slope along a random direction of each kind of variable weighs every element of the gradient.
            for isa in Isa::available() {
                let outcome = with_isa(isa, || case.run());
                check_forward(&case, &outcome, 3e-6);
                let mut from = 0;
                for (k, gradient) in outcome.gradients().into_iter().enumerate() {
                    let direction = values(90 + k as u64, gradient.len());
                    let moved: Vec<_> =
                        direction.iter().enumerate().map(|(i, d)| (from + i, f64::from(*d))).collect();
                    let expected = case.slope(&variables, &moved, 1e-4);
                    let product = |(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b);
                    let along: f64 = gradient.iter().zip(&direction).map(product).sum();
                    let size =
                        gradient.iter().zip(&direction).map(|pair| product(pair).powi(2)).sum::<f64>().sqrt();
                    assert!(
                        (along - expected).abs() < 1e-5 * size.max(1e-3),
                        "{isa} {:?} {k}: {along} {expected}",
                        case.shape
                    );
                    from += gradient.len();
                }
            }
        }
    }
}

#[test]
fn a_mean_far_above_the_deviation_costs_no_accuracy() {
    for shape in [[1, 300, 2, 8], [2, 64, 4, 32]] {
        let mut case = Case::new(7, shape, [false, false, false]);
        case.x = values(8, case.x.len()).iter().map(|v| 100.0 + 0.1 * v).collect();
        for isa in Isa::available() {
            // μ is rounded to f32: 2⁻²⁵ · 128 of a deviation of 0.1.
            check_forward(&case, &with_isa(isa, || case.run()), 4e-5);
        }
    }
}

#[test]
fn threads_change_nothing() {
    for case in large([true, true, true]) {
        same_on_all_pools(|| {
            let Outcome { y, stats, dx, dweight, dbias, modulation } = case.run();
            [y, stats, dx, dweight, dbias].into_iter().chain(modulation.into_iter().flatten()).collect()
        });
    }
    let (rows, channels) = (500, 77);
    let x = values(1, rows * channels);
    let (weight, bias) = (values(2, channels), values(3, channels));
    let layer = LayerNorm { channels, weight: &weight, bias: &bias, epsilon: EPSILON };
    same_on_all_pools(|| {
        let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * rows]);
        layer_norm(&layer, &x, &mut y, &mut stats);
        let (mut dx, mut dweight, mut dbias) = (y.clone(), weight.clone(), bias.clone());
        layer_norm_backward(&layer, &x, &stats, &y, None, &mut dx, &mut dweight, &mut dbias);
        vec![y, stats, dx, dweight, dbias]
    });
}

#[test]
fn the_other_samples_of_a_batch_change_nothing() {
    for mut case in large([true, true, true]) {
        let together = case.run();
        let [batch, positions, groups, size] = case.shape;
        let channels = groups * size;
        let n = batch - 1;
        let cut = |v: &[f32], len: usize| v[n * len..(n + 1) * len].to_vec();
        case.shape[0] = 1;
        for activation in [&mut case.x, &mut case.dy].into_iter().chain(&mut case.residual) {
            *activation = cut(activation, positions * channels);
        }
        for rows in case.modulation.iter_mut().flatten() {
            *rows = cut(rows, channels);
        }
        let alone = case.run();
        assert_eq!(alone.y, cut(&together.y, positions * channels));
        assert_eq!(alone.dx, cut(&together.dx, positions * channels));
        assert_eq!(alone.stats, cut(&together.stats, 2 * groups));
        assert_eq!(alone.modulation, together.modulation.map(|m| m.map(|rows| cut(&rows, channels))));
    }
}

#[test]
#[should_panic(expected = "do not divide")]
fn channels_that_do_not_divide_are_refused() {
    let case = Case::new(1, [1, 2, 2, 2], [false; 3]);
    let layer = GroupNorm { groups: 3, ..case.layer() };
    group_norm(&layer, &case.x, &mut [0.0; 8], &mut [0.0; 6]);
}

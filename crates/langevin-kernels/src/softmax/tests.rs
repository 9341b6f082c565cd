//! Softmax against f64.

use super::*;
use crate::simd::{Isa, with_isa};
use crate::testing::{error, same_on_all_pools, values, wide};
use proptest::prelude::*;

fn reference(x: &[f32], n: usize) -> Vec<f64> {
    let row = |x: &[f64]| {
        let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = x.iter().map(|x| (x - most).exp()).sum();
        x.iter().map(|x| (x - most).exp() / sum).collect::<Vec<_>>()
    };
    wide(x).chunks(n).flat_map(row).collect()
}

/// Σ_j dy_j ∂y_j/∂x_i with ∂y_j/∂x_i = y_j (δ_ij − y_i), term by term.
fn gradient(y: &[f64], dy: &[f32], n: usize) -> Vec<f64> {
    let jacobian = |y: &[f64], i: usize, j: usize| y[j] * (f64::from(u8::from(i == j)) - y[i]);
    let row = |(y, dy): (&[f64], &[f32])| {
        let of = |i: usize| (0..n).map(|j| f64::from(dy[j]) * jacobian(y, i, j)).sum();
        (0..n).map(of).collect::<Vec<f64>>()
    };
    y.chunks(n).zip(dy.chunks(n)).flat_map(row).collect()
}

proptest! {
    #[test]
    fn softmax_and_its_gradient_agree_with_f64(
        rows in 1usize..9, n in 1usize..90, spread in 0.1f32..30.0, offset in -500.0f32..500.0, seed: u64
    ) {
        let x: Vec<f32> = values(seed, rows * n).iter().map(|v| v * spread + offset).collect();
        let dy = values(seed ^ 1, rows * n);
        let expected = reference(&x, n);
        let expected_dx = gradient(&expected, &dy, n);
        for isa in Isa::available() {
            let (mut y, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
            with_isa(isa, || {
                softmax(&x, n, &mut y);
                softmax_backward(&y, &dy, n, &mut dx);
            });
            prop_assert!(error(&y, &expected) < 1e-6, "{}: {}", isa, error(&y, &expected));
            // Where one element takes all, the gradient itself is 0 but for rounding.
            let near = dx.iter().zip(&expected_dx).all(|(a, e)| (f64::from(*a) - e).abs() < 2e-6);
            prop_assert!(near, "{}: {:?} for {:?}", isa, dx, expected_dx);
        }
    }
}

#[test]
fn masked_elements_get_nothing() {
    for isa in Isa::available() {
        let x = [0.0, f32::NEG_INFINITY, 0.0];
        let mut y = [f32::NAN; 3];
        with_isa(isa, || softmax(&x, 3, &mut y));
        assert!(error(&y, &[0.5, 0.0, 0.5]) < 1e-7, "{isa}: {y:?}");
    }
}

#[test]
fn threads_and_other_rows_change_nothing() {
    let (rows, n) = (300, 131);
    let x = values(5, rows * n);
    same_on_all_pools(|| {
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        softmax(&x, n, &mut y);
        softmax_backward(&y, &x, n, &mut dx);
        vec![y, dx]
    });
    let (mut all, mut one) = (vec![0.0; x.len()], vec![0.0; n]);
    softmax(&x, n, &mut all);
    softmax(&x[n..2 * n], n, &mut one);
    assert_eq!(all[n..2 * n], one);
}

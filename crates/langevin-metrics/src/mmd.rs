//! The squared maximum mean discrepancy under a cubic polynomial kernel, by tiles of the kernel matrix.

use crate::error::MetricsError;
use crate::features::Features;
use crate::linear::row_products;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a tile: the unit that threads share.
const TILE: usize = 256;

/// The unbiased estimate of MMD² from the samples of `x` and of `y` that are named    (Bińkowski et al. 2018, Eq. 4)
///
/// 1/(m(m−1)) Σ_{i≠j} k(x_i, x_j) + 1/(n(n−1)) Σ_{i≠j} k(y_i, y_j) − 2/(mn) Σ_{ij} k(x_i, y_j),   k(x, y) = (xᵀy/d + 1)³
///
/// `from_x` and `from_y` number rows from 0.
///
/// # Errors
/// If the dimensions differ, fewer than 2 samples of a set are named, or one that it does not have.
pub fn polynomial_mmd(
    x: Features<'_>,
    from_x: &[usize],
    y: Features<'_>,
    from_y: &[usize],
) -> Result<f64, MetricsError> {
    let d = x.dimensions();
    y.expect_dimensions(d)?;
    let (x, y) = (gather(x, from_x)?, gather(y, from_y)?);
    let (m, n) = (from_x.len() as f64, from_y.len() as f64);
    let own = within(&x, d) / (m * (m - 1.0)) + within(&y, d) / (n * (n - 1.0));
    Ok(own - 2.0 * between(&x, &y, d) / (m * n))
}

/// The named rows in f64.
fn gather(features: Features<'_>, rows: &[usize]) -> Result<Vec<f64>, MetricsError> {
    let count = features.count();
    if rows.len() < 2 {
        return Err(MetricsError::TooFewSamples { what: "a kernel distance", least: 2, got: rows.len() });
    }
    if let Some(&index) = rows.iter().find(|&&index| index >= count) {
        return Err(MetricsError::NoSuchSample { index, count });
    }
    let values = rows.iter().flat_map(|&index| features.row(index));
    Ok(values.map(|&value| f64::from(value)).collect())
}

/// Σ_{i≠j} k(x_i, x_j): twice what stands below the diagonal.
fn within(x: &[f64], d: usize) -> f64 {
    let tiles = (x.len() / d).div_ceil(TILE);
    let pairs: Vec<_> = (0..tiles).flat_map(|row| (0..=row).map(move |column| (row, column))).collect();
    2.0 * sum_of_tiles(
        &pairs,
        x,
        x,
        d,
        |(row, column), i, values| {
            if row == column { 0..i } else { 0..values }
        },
    )
}

/// Σ_{ij} k(x_i, y_j)
fn between(x: &[f64], y: &[f64], d: usize) -> f64 {
    let (down, across) = ((x.len() / d).div_ceil(TILE), (y.len() / d).div_ceil(TILE));
    let pairs: Vec<_> = (0..down).flat_map(|row| (0..across).map(move |column| (row, column))).collect();
    sum_of_tiles(&pairs, x, y, d, |_, _, values| 0..values)
}

/// The sum of the kernel over tiles; of row i of a tile, of so many values, `counted` says which count.
fn sum_of_tiles(
    tiles: &[(usize, usize)],
    x: &[f64],
    y: &[f64],
    d: usize,
    counted: impl Fn((usize, usize), usize, usize) -> Range<usize> + Sync,
) -> f64 {
    let sum_of_tile = |&(row, column): &(usize, usize)| -> f64 {
        let part = |rows: &'_ [f64], tile: usize| tile * TILE * d..rows.len().min((tile + 1) * TILE * d);
        let (a, b) = (&x[part(x, row)], &y[part(y, column)]);
        let across = b.len() / d;
        let mut products = vec![0.0; a.len() / d * across];
        row_products(a, b, d, &mut products);
        let sum_of_row = |(i, products): (usize, &[f64])| -> f64 {
            let counted = &products[counted((row, column), i, across)];
            counted.iter().map(|product| (product / d as f64 + 1.0).powi(3)).sum()
        };
        products.chunks_exact(across).enumerate().map(sum_of_row).sum()
    };
    // Collected first: the sum's order is then that of the tiles, whoever computed them.
    let sums: Vec<f64> = tiles.par_iter().map(sum_of_tile).collect();
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;
    use proptest::prelude::*;

    /// The definition, one pair at a time.
    fn definition(x: &[f32], y: &[f32], d: usize) -> f64 {
        let kernel = |a: &[f32], b: &[f32]| {
            let product: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (product / d as f64 + 1.0).powi(3)
        };
        let mean = |a: &[f32], b: &[f32], same: bool| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (i, a) in a.chunks_exact(d).enumerate() {
                for (_, b) in b.chunks_exact(d).enumerate().filter(|(j, _)| !(same && i == *j)) {
                    sum += kernel(a, b);
                    count += 1.0;
                }
            }
            sum / count
        };
        mean(x, x, true) + mean(y, y, true) - 2.0 * mean(x, y, false)
    }

    /// More rows than a tile has, and not as many in both.
    #[test]
    fn tiles_make_up_the_definition() {
        let d = 5;
        let (x, y) = (rows(1, 300, d, 1.0), rows(2, 513, d, 1.2));
        let all = |n: usize| (0..n).collect::<Vec<_>>();
        let [a, b] = [&x, &y].map(|rows| Features::new(rows, d).unwrap());
        let (found, expected) = (polynomial_mmd(a, &all(300), b, &all(513)).unwrap(), definition(&x, &y, d));
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn samples_that_do_not_exist_are_refused() {
        let x = Features::new(&[0.0; 6], 2).unwrap();
        let beyond = polynomial_mmd(x, &[0, 3], x, &[0, 1]).unwrap_err();
        assert_eq!(beyond, MetricsError::NoSuchSample { index: 3, count: 3 });
        let single = polynomial_mmd(x, &[0, 1], x, &[0]).unwrap_err();
        assert!(matches!(single, MetricsError::TooFewSamples { got: 1, .. }));
    }

    proptest! {
        #[test]
        fn exchanging_the_sets_changes_nothing(seed in 0u64..1000, n in 2usize..40, d in 1usize..9) {
            let (x, y) = (rows(seed, n, d, 1.0), rows(seed + 1, n + 5, d, 1.5));
            let [a, b] = [&x, &y].map(|rows| Features::new(rows, d).unwrap());
            let (of_x, of_y): (Vec<_>, Vec<_>) = ((0..n).collect(), (0..n + 5).collect());
            let (there, back) =
                (polynomial_mmd(a, &of_x, b, &of_y).unwrap(), polynomial_mmd(b, &of_y, a, &of_x).unwrap());
            prop_assert!((there - back).abs() < 1e-11 * (1.0 + there.abs()));
        }
    }
}

//! The Fréchet distance of two Gaussians: the Fréchet inception distance, given an inception network's features.

use crate::error::MetricsError;
use crate::linear::{eigen, nuclear_norm_of_products};
use crate::statistics::Statistics;

/// How far below 0 an eigenvalue may lie, in parts of the largest: single precision puts some there.
const NEGATIVE: f64 = 1e-5;

/// ‖μ_a − μ_b‖² + Tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^{1/2})    (Dowson & Landau 1982; Heusel et al. 2017, Eq. 6)
///
/// The squared 2-Wasserstein distance of N(μ_a, Σ_a) and N(μ_b, Σ_b), in squared units of the features; never negative, and
/// biased upward where samples are few ([`Statistics::caution`]).
///
/// With Σ_a = AᵀA and Σ_b = BᵀB the trace of the root is the sum of the singular values of ABᵀ. The factors come from
/// eigendecompositions, so that singular covariances are as good as others: eigenvalues up to d · 2⁻⁵² of the largest are
/// rounding, and are left out. The root of the product, as SciPy takes it, turns a rounding of 10⁻¹⁶ into one of
/// 10⁻⁸ there; here the error stays below some 10⁻¹⁴ of Tr(Σ_a + Σ_b), and nothing is added to a diagonal.
///
/// # Errors
/// If the dimensions differ, or a covariance has a negative eigenvalue of more than 10⁻⁵ of the largest.
pub fn frechet_distance(a: &Statistics, b: &Statistics) -> Result<f64, MetricsError> {
    let d = a.dimensions();
    if b.dimensions() != d {
        return Err(MetricsError::Dimensions { what: "a mean", got: b.dimensions(), expected: d });
    }
    let shift: f64 = a.mean().iter().zip(b.mean()).map(|(a, b)| (a - b).powi(2)).sum();
    let (left, right) = rayon::join(|| factor(a), || factor(b));
    let root = nuclear_norm_of_products(&left?, &right?, d)?;
    let distance = shift + a.total_variance() + b.total_variance() - 2.0 * root;
    Ok(distance.max(0.0))
}

/// A with AᵀA = Σ: the eigenvectors as rows, each times the root of its eigenvalue; as many rows as Σ has rank.
fn factor(statistics: &Statistics) -> Result<Vec<f64>, MetricsError> {
    let d = statistics.dimensions();
    let found = eigen(statistics.covariance(), d)?;
    let (largest, smallest) = (found.values[0], found.values[d - 1]);
    if smallest < -NEGATIVE * largest.abs() {
        return Err(MetricsError::NotPositive { smallest, largest });
    }
    let rounding = d as f64 * f64::EPSILON * largest;
    let rank = found.values.partition_point(|&value| value > rounding);
    let mut rows = found.vectors;
    rows.truncate(rank * d);
    for (row, value) in rows.chunks_exact_mut(d).zip(&found.values) {
        let root = value.sqrt();
        row.iter_mut().for_each(|entry| *entry *= root);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::StatisticsBuilder;
    use crate::features::Features;
    use crate::testing::{on_threads, rows};
    use proptest::prelude::*;

    fn of(rows: &[f32], d: usize) -> Statistics {
        let mut builder = StatisticsBuilder::new(d).unwrap();
        builder.push(Features::new(rows, d).unwrap()).unwrap();
        builder.finish().unwrap()
    }

    fn diagonal(mean: &[f64], variances: &[f64]) -> Statistics {
        let d = mean.len();
        let mut covariance = vec![0.0; d * d];
        (0..d).for_each(|k| covariance[k * d + k] = variances[k]);
        Statistics::from_moments(mean.to_vec(), covariance, None).unwrap()
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let (two, three) = (diagonal(&[0.0; 2], &[1.0; 2]), diagonal(&[0.0; 3], &[1.0; 3]));
        let error = frechet_distance(&two, &three).unwrap_err();
        assert!(matches!(error, MetricsError::Dimensions { got: 3, expected: 2, .. }));
        // Eigenvalues 3 and −1.
        let indefinite = Statistics::from_moments(vec![0.0; 2], vec![1.0, 2.0, 2.0, 1.0], None).unwrap();
        let error = frechet_distance(&two, &indefinite).unwrap_err();
        assert!(matches!(error, MetricsError::NotPositive { .. }), "{error}");
    }

    #[test]
    fn sets_without_spread_differ_by_their_means() {
        let points = [diagonal(&[1.0, 2.0], &[0.0; 2]), diagonal(&[4.0, 6.0], &[0.0; 2])];
        assert_eq!(frechet_distance(&points[0], &points[1]).unwrap(), 25.0);
    }

    /// Q diag(s) Qᵀ with the reflection Q = 1 − 2vvᵀ of a unit vector v.
    fn reflected(variances: &[f64]) -> Statistics {
        let d = variances.len();
        let drawn = rows(9, 1, d, 1.0);
        let length = drawn.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let v: Vec<f64> = drawn.into_iter().map(|x| f64::from(x) / length).collect();
        let inner: f64 = v.iter().zip(variances).map(|(v, s)| v * v * s).sum();
        let mut covariance = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..d {
                let own = if i == j { variances[i] } else { 0.0 };
                let product = 4.0 * inner - 2.0 * (variances[i] + variances[j]);
                covariance[i * d + j] = own + v[i] * v[j] * product;
            }
        }
        Statistics::from_moments(vec![0.0; d], covariance, None).unwrap()
    }

    /// Variances over eight orders of magnitude along common axes, as those of an inception network spread.
    #[test]
    fn large_matrices_lose_no_more() {
        let d = 400;
        let falling = |k: usize| 10f64.powf(-8.0 * k as f64 / d as f64);
        let (s, t): (Vec<_>, Vec<_>) = (0..d).map(|k| (falling(k), 0.5 * falling((7 * k) % d))).unzip();
        let expected: f64 = s.iter().zip(&t).map(|(s, t)| (s.sqrt() - t.sqrt()).powi(2)).sum();
        let (a, b) = (reflected(&s), reflected(&t));
        let error = (frechet_distance(&a, &b).unwrap() - expected).abs();
        assert!(error < 1e-13 * (a.total_variance() + b.total_variance()), "{error}");
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (a, b) = (of(&rows(1, 300, 90, 1.0), 90), of(&rows(2, 40, 90, 1.3), 90));
        let found = on_threads(|| frechet_distance(&a, &b).unwrap().to_bits());
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
    }

    proptest! {
        /// Of fewer samples than dimensions too.
        #[test]
        fn it_is_a_distance_that_knows_translations(
            seed in 0u64..1000,
            n in 2usize..60,
            d in 1usize..40,
            by in -3.0f64..3.0,
        ) {
            let (a, b) = (of(&rows(seed, n, d, 1.0), d), of(&rows(seed + 1, n + 3, d, 0.7), d));
            let scale = a.total_variance() + b.total_variance();
            prop_assert!(frechet_distance(&a, &a).unwrap() < 1e-12 * scale);
            let (there, back) = (frechet_distance(&a, &b).unwrap(), frechet_distance(&b, &a).unwrap());
            prop_assert!((there - back).abs() < 1e-12 * scale);
            let mean = a.mean().iter().map(|value| value + by).collect();
            let moved = Statistics::from_moments(mean, a.covariance().to_vec(), None).unwrap();
            let expected = d as f64 * by * by;
            let found = frechet_distance(&a, &moved).unwrap();
            prop_assert!((found - expected).abs() < 1e-11 * (scale + expected));
        }

        /// Σ (√s − √t)² + Σ (μ − ν)² where both covariances are diagonal.
        #[test]
        fn diagonal_covariances_have_the_exact_value(
            numbers in prop::collection::vec((-5.0f64..5.0, -5.0f64..5.0, 0.0f64..9.0, 0.0f64..9.0), 1..30),
        ) {
            let side = |pick: fn(&(f64, f64, f64, f64)) -> f64| numbers.iter().map(pick).collect::<Vec<_>>();
            let (a, b) = (diagonal(&side(|n| n.0), &side(|n| n.2)), diagonal(&side(|n| n.1), &side(|n| n.3)));
            let term = |n: &(f64, f64, f64, f64)| (n.0 - n.1).powi(2) + (n.2.sqrt() - n.3.sqrt()).powi(2);
            let expected: f64 = numbers.iter().map(term).sum();
            let found = frechet_distance(&a, &b).unwrap();
            prop_assert!((found - expected).abs() < 1e-11 * (1.0 + expected), "{} {}", found, expected);
        }
    }
}

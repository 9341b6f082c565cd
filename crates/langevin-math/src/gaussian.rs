//! Densities and divergences of one-dimensional Gaussians, in nats.

use std::f64::consts::TAU;

/// KL(N(mean1, e^log_var1) ‖ N(mean2, e^log_var2)) ≥ 0, in nats:
///
/// ½ (e^d − 1 − d + (mean1 − mean2)² e^{−log_var2}), d = log_var1 − log_var2
///
/// Keeps its relative accuracy (1e-14) also where the two Gaussians nearly agree.
pub fn kl(mean1: f64, log_var1: f64, mean2: f64, log_var2: f64) -> f64 {
    let distance = (mean1 - mean2) * (-0.5 * log_var2).exp();
    0.5 * (exp_minus_tangent(log_var1 - log_var2) + distance * distance)
}

/// The derivatives of [`kl`] by `mean2` and by `log_var2`:
///
/// (mean2 − mean1) e^{−log_var2} and ½ (1 − e^d − (mean1 − mean2)² e^{−log_var2}), d = log_var1 − log_var2
pub fn kl_gradient(mean1: f64, log_var1: f64, mean2: f64, log_var2: f64) -> (f64, f64) {
    let precision = (-log_var2).exp();
    let distance = mean2 - mean1;
    let by_log_var = -0.5 * ((log_var1 - log_var2).exp_m1() + distance * distance * precision);
    (distance * precision, by_log_var)
}

/// ln N(x; mean, e^log_var) = −½ (ln 2π + log_var + (x − mean)² e^{−log_var})
pub fn log_prob(x: f64, mean: f64, log_var: f64) -> f64 {
    let distance = (x - mean) * (-0.5 * log_var).exp();
    -0.5 * (TAU.ln() + log_var + distance * distance)
}

/// e^d − 1 − d, without the cancellation at small d.
fn exp_minus_tangent(d: f64) -> f64 {
    if d.abs() > 0.25 {
        return d.exp_m1() - d;
    }
    // d²/2 (1 + d/3 (1 + d/4 (1 + …))): at |d| = 1/4 the first term left out is below 1e-17 of the sum.
    let tail = (3..=14).rev().fold(1.0, |sum, k| 1.0 + d / f64::from(k) * sum);
    0.5 * d * d * tail
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// ∫ p ln(p/q) by Simpson's rule over 15 deviations on either side of p's mean.
    fn kl_by_integration(mean1: f64, log_var1: f64, mean2: f64, log_var2: f64) -> f64 {
        let (count, spread) = (4000, 15.0 * (0.5 * log_var1).exp());
        let width = 2.0 * spread / f64::from(count);
        let value = |i: i32| {
            let x = mean1 - spread + width * f64::from(i);
            let (log_p, log_q) = (log_prob(x, mean1, log_var1), log_prob(x, mean2, log_var2));
            log_p.exp() * (log_p - log_q)
        };
        let weight = |i| if i == 0 || i == count { 1.0 } else { 2.0 + 2.0 * f64::from(i % 2) };
        (0..=count).map(|i| weight(i) * value(i)).sum::<f64>() * width / 3.0
    }

    /// scipy.stats.norm.logpdf(1.5, 0.5, 2) and (0, 0, 1).
    #[test]
    fn log_densities_are_those_of_the_normal_distribution() {
        assert!((log_prob(0.0, 0.0, 0.0) - -0.9189385332046727).abs() < 1e-15);
        assert!((log_prob(1.5, 0.5, 4f64.ln()) - -1.737085713764618).abs() < 1e-15);
    }

    /// Means that differ by one deviation of q are half a nat apart.
    #[test]
    fn shifted_gaussians_differ_by_half_their_squared_distance() {
        assert!((kl(2.0, 9f64.ln(), -1.0, 9f64.ln()) - 0.5).abs() < 1e-15);
    }

    /// (e^d − 1 − d)/2 by mpmath.
    #[test]
    fn nearly_equal_variances_keep_their_digits() {
        let cases = [
            (1e-9, 2.5000000008333337e-19),
            (-1e-4, 2.4999166687499585e-09),
            (0.24999, 0.01701128824888783),
            (0.25001, 0.017014128503054924),
        ];
        for (d, expected) in cases {
            let got = kl(0.3, d, 0.3, 0.0);
            assert!((got / expected - 1.0).abs() < 1e-12, "{got} should be {expected}");
        }
    }

    proptest! {
        #[test]
        fn kl_agrees_with_integration(
            mean1 in -3.0f64..3.0, log_var1 in -4.0f64..3.0, mean2 in -3.0f64..3.0, log_var2 in -4.0f64..3.0,
        ) {
            let integral = kl_by_integration(mean1, log_var1, mean2, log_var2);
            prop_assert!((kl(mean1, log_var1, mean2, log_var2) - integral).abs() < 1e-9 * (1.0 + integral));
        }

        #[test]
        fn the_gradient_is_that_of_differences(
            mean1 in -3.0f64..3.0, log_var1 in -4.0f64..3.0, mean2 in -3.0f64..3.0, log_var2 in -4.0f64..3.0,
        ) {
            let (by_mean, by_log_var) = kl_gradient(mean1, log_var1, mean2, log_var2);
            let h = 1e-5;
            let of_mean = |mean2| kl(mean1, log_var1, mean2, log_var2);
            let of_log_var = |log_var2| kl(mean1, log_var1, mean2, log_var2);
            let size = 1.0 + kl(mean1, log_var1, mean2, log_var2);
            let slope = (of_mean(mean2 + h) - of_mean(mean2 - h)) / (2.0 * h);
            prop_assert!((slope - by_mean).abs() < 1e-7 * size, "{} for {}", slope, by_mean);
            let slope = (of_log_var(log_var2 + h) - of_log_var(log_var2 - h)) / (2.0 * h);
            prop_assert!((slope - by_log_var).abs() < 1e-7 * size, "{} for {}", slope, by_log_var);
        }

        #[test]
        fn kl_is_positive_and_zero_only_for_equals(
            mean in -10.0f64..10.0, log_var in -50.0f64..10.0, shift in -1.0f64..1.0, scale in -30.0f64..30.0,
        ) {
            prop_assert_eq!(kl(mean, log_var, mean, log_var), 0.0);
            let apart = kl(mean, log_var, mean + shift, log_var + scale);
            prop_assert!(apart >= 0.0 && apart.is_finite());
        }
    }
}

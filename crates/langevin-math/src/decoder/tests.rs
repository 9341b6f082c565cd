use proptest::prelude::*;

use super::*;

/// x, mean, log_std, levels and the logarithm by mpmath in up to 20,000 digits: narrow and wide bins, edges,
/// one to thousands of deviations away; the last but one is 12,000 deviations away, the last 36 million.
#[test]
fn agrees_with_high_precision() {
    let cases = [
        (-1.0, 0.9, -3.0, 2, -167.2052765040222),
        (-1.0, -1.5, 0.0, 2, -0.06914345561223398),
        (1.0, -1.0, -5.0, 2, -11019.151881331341),
        (1.0, 0.01, -4.6, 2, -0.1742418177292179),
        (1.0, 2.5, 5.0, 2, -0.6797970670861082),
        (-1.0, 0.9, -3.0, 3, -399.61688908843547),
        (0.0, 1.0, -7.0, 3, -150332.76131527583),
        (0.0, 2.5, 5.0, 3, -5.919082299110731),
        (-1.0, 0.9, -3.0, 256, -729.7455489264048),
        (-1.0, -1.5, 0.0, 256, -0.3669536559573152),
        (1.0, -1.0, -5.0, 256, -43886.95449875352),
        (0.0039215686274509665, 0.01, -4.6, 256, -1.3659293374526094),
        (0.0039215686274509665, 0.3, -4.6, 256, -426.6775094963572),
        (-0.33333333333333337, 1.0, -7.0, 256, -1062710.90986934),
        (0.0039215686274509665, 2.5, 5.0, 256, -10.767196327951739),
        (0.0039215686274509665, 0.25, -5.5, 256, -1760.5092772920787),
        (0.0010010010010010895, 0.25, -5.5, 1000, -1846.2447541469026),
        (-1.0, -1.5, 0.0, 65536, -0.36893864605826626),
        (1.0, -1.0, -5.0, 65536, -44058.87147696405),
        (1.5259021896696368e-05, 0.01, -4.6, 65536, -7.209478387868204),
        (1.5259021896696368e-05, 2.5, 5.0, 65536, -16.31627285574699),
        (1.5259021896696368e-05, 0.25, -5.5, 65536, -1876.6459849872904),
        (0.00392156862745098, -1.5, -9.0, 256, -73867475.60390048),
        (0.00392156862745098, 30.0, -14.0, 256, -650475427634457.4),
    ];
    for (x, mean, log_std, levels, expected) in cases {
        let got = discretized_log_likelihood(x, mean, log_std, levels);
        assert!((got / expected - 1.0).abs() < 1e-13, "{x} {mean} {log_std} {levels}: {got}, not {expected}");
    }
}

/// Nearly all of the mass inside the bin: what is lost in the tails keeps its digits.
#[test]
fn probabilities_near_one_keep_their_digits() {
    for (x, mean, log_std, levels, expected) in
        [(1.0, 0.3, -4.6, 2, -5.052005676284137e-196), (0.0, 0.3, -4.6, 3, -2.1660303468144053e-88)]
    {
        let got = discretized_log_likelihood(x, mean, log_std, levels);
        assert!((got / expected - 1.0).abs() < 1e-12, "{got}, not {expected}");
    }
    assert_eq!(discretized_log_likelihood(0.0, 0.0, -20.0, 3), 0.0);
}

/// The three ways to evaluate an interval agree where they meet.
#[test]
fn the_branches_join() {
    let step = 1e-9;
    for (m, w) in [(2.0, 0.5), (0.5, 0.5), (1e3, 1e-3), (0.0, 0.5), (0.7, 0.7)] {
        let values = [(-step, -step), (-step, step), (step, -step), (step, step)]
            .map(|(dm, dw)| log_interval(f64::max(m * (1.0 + dm), 0.0), w * (1.0 + dw)));
        // d ln p/d ln m is at most m² + 1, d ln p/d ln w at most m·w + 1.
        let allowed = 4.0 * step * (m * m + m * w + 2.0);
        assert!(values.iter().all(|v| (v - values[0]).abs() < allowed), "{m}, {w}: {values:?}");
    }
}

proptest! {
    #[test]
    fn the_levels_share_a_probability_of_one(
        levels in prop::sample::select(vec![2u32, 3, 4, 17, 256, 1000, 65536]),
        mean in -3.0f64..3.0,
        log_std in -9.0f64..4.0,
    ) {
        let level = |k: u32| 2.0 * f64::from(k) / f64::from(levels - 1) - 1.0;
        let sum: f64 =
            (0..levels).map(|k| discretized_log_likelihood(level(k), mean, log_std, levels).exp()).sum();
        // Bins meet only to within the rounding of the levels, seen through the density.
        prop_assert!((sum - 1.0).abs() < 1e-11, "sum {}", sum);
    }

    #[test]
    fn levels_rounded_to_f32_find_their_bins(
        levels in prop::sample::select(vec![2u32, 3, 256, 65536]),
        part in 0.0f64..1.0,
        mean in -1.0f64..1.0,
    ) {
        let level = 2.0 * (part * f64::from(levels - 1)).round() / f64::from(levels - 1) - 1.0;
        let exact = discretized_log_likelihood(level, mean, -1.0, levels);
        let rounded = discretized_log_likelihood(f64::from(level as f32), mean, -1.0, levels);
        prop_assert!((exact - rounded).abs() < 1e-5);
    }

    #[test]
    fn far_tails_are_finite_and_fall(
        levels in prop::sample::select(vec![2u32, 256, 65536]),
        k in 0u32..2,
        log_std in -30.0f64..3.0,
        mean in 1.0f64..1e6,
    ) {
        let x = if k == 0 { -1.0 } else { 2.0 * f64::from(levels / 2 - 1) / f64::from(levels - 1) - 1.0 };
        let near = discretized_log_likelihood(x, mean, log_std, levels);
        let far = discretized_log_likelihood(x, 2.0 * mean, log_std, levels);
        prop_assert!(near.is_finite() && far.is_finite() && far < near && near < 0.0);
    }

    #[test]
    fn the_gradient_is_that_of_differences(
        levels in prop::sample::select(vec![2u32, 17, 256, 65536]),
        part in 0.0f64..=1.0,
        distance in -6.0f64..6.0,
        log_std in -7.0f64..2.0,
    ) {
        let x = 2.0 * (part * f64::from(levels - 1)).round() / f64::from(levels - 1) - 1.0;
        let (std, mean) = (log_std.exp(), x + distance * log_std.exp());
        let (by_mean, by_log_std) = discretized_log_likelihood_gradient(x, mean, log_std, levels);
        let h = 1e-5;
        let of = |mean: f64, log_std: f64| discretized_log_likelihood(x, mean, log_std, levels);
        // In deviations: the slope by the mean is as large as 1/σ.
        let slope = (of(mean + h * std, log_std) - of(mean - h * std, log_std)) / (2.0 * h);
        let size = 1.0 + of(mean, log_std).abs();
        prop_assert!((slope - by_mean * std).abs() < 1e-6 * size, "{} for {}", slope, by_mean * std);
        let slope = (of(mean, log_std + h) - of(mean, log_std - h)) / (2.0 * h);
        prop_assert!((slope - by_log_std).abs() < 1e-6 * size, "{} for {}", slope, by_log_std);
    }
}

/// Far out, ln P falls as −z²/2: its slope by the mean is z/σ, to within 1/z².
#[test]
fn the_gradient_does_not_underflow() {
    let (by_mean, by_log_std) = discretized_log_likelihood_gradient(1.0, -1.0, -7.0, 256);
    let z = (2.0 - 1.0 / 255.0) * 7f64.exp();
    assert!((by_mean / (z * 7f64.exp()) - 1.0).abs() < 1e-6, "{by_mean}");
    assert!((by_log_std / (z * z) - 1.0).abs() < 1e-6, "{by_log_std}");
}

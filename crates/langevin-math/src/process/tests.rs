use proptest::prelude::*;

use super::*;
use crate::Schedule;

fn linear() -> DiffusionTable {
    DiffusionTable::new(Schedule::default().betas(1000).unwrap()).unwrap()
}

fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got - expected).abs() <= tolerance * expected.abs()
}

/// The product and the quotients of H4 and H7 in 60 digits (mpmath), from the betas of numpy: timestep,
/// ᾱ, 1−ᾱ, β̃, the two coefficients of μ̃, log SNR.
#[test]
fn agrees_with_high_precision() {
    let cases = [
        (0, 0.9999, 0.0001, 0.0, 1.0, 0.0, 9.21024036697585),
        (
            1,
            0.9997800920720721,
            0.00021990792792792794,
            5.4531876613026055e-05,
            0.5452914995102714,
            0.45470849899056465,
            8.422081676518708,
        ),
        (
            487,
            0.08858573232059311,
            0.9114142676794069,
            0.00979157198569004,
            0.0032164385528130495,
            0.9941301128045489,
            -2.331026723504437,
        ),
        (
            999,
            4.035829765375685e-05,
            0.9999596417023462,
            0.019999983526560607,
            0.00012835148717224698,
            0.9899486782675173,
            -10.117673183301031,
        ),
    ];
    let table = linear();
    for (t, alpha_bar, rest, posterior_variance, of_x0, of_xt, log_snr) in cases {
        assert!(close(table.alpha_bar(t), alpha_bar, 1e-14), "ᾱ_{t} = {}", table.alpha_bar(t));
        assert!(close(table.one_minus_alpha_bar(t), rest, 1e-14), "1−ᾱ_{t}");
        assert!(close(table.posterior_variance(t), posterior_variance, 1e-14), "β̃_{t}");
        let coefficients = table.posterior_mean_coefficients(t);
        assert!(close(coefficients.0, of_x0, 1e-14) && close(coefficients.1, of_xt, 1e-14), "μ̃_{t}");
        assert!(close(table.log_snr(t), log_snr, 1e-14), "log SNR_{t}");
        assert!(close(table.snr(t), log_snr.exp(), 1e-13), "SNR_{t}");
        assert!(close(table.sqrt_alpha_bar(t).powi(2), alpha_bar, 1e-14), "√ᾱ_{t}");
    }
}

/// The figures quoted for the variance of the ancestral sampler at T = 1000.
#[test]
fn posterior_variances_are_the_published_ones() {
    let table = linear();
    assert_eq!(table.posterior_variance(0), 0.0);
    assert!((table.posterior_variance(487) - 0.00979).abs() < 1e-5);
    assert!((table.posterior_variance(999) - 0.02).abs() < 1e-5);
}

#[test]
fn alpha_bar_agrees_with_the_plain_product() {
    let table = linear();
    let mut product = 1.0;
    for t in 0..table.len() {
        product *= 1.0 - table.beta(t);
        assert!(close(table.alpha_bar(t), product, 1e-14), "{} and {product} at {t}", table.alpha_bar(t));
        assert_eq!(table.alpha_bar_prev(t), if t == 0 { 1.0 } else { table.alpha_bar(t - 1) });
    }
}

#[test]
fn the_first_log_variance_is_clipped_to_the_second() {
    let table = linear();
    assert_eq!(table.posterior_log_variance_clipped(0), table.posterior_log_variance_clipped(1));
    assert!(close(table.posterior_log_variance_clipped(1), 5.4531876613026055e-05f64.ln(), 1e-14));
    let single = DiffusionTable::new(vec![0.25]).unwrap();
    assert_eq!(single.posterior_log_variance_clipped(0), 0.25f64.ln());
    assert_eq!(single.posterior_mean_coefficients(0), (1.0, 0.0));
}

#[test]
fn bad_betas_are_refused() {
    let max = crate::MAX_TIMESTEPS;
    assert_eq!(DiffusionTable::new(vec![]), Err(MathError::TimestepCount { got: 0, max }));
    assert!(matches!(
        DiffusionTable::new(vec![0.5, f64::NAN]),
        Err(MathError::BetaOutOfRange { timestep: 1, .. })
    ));
    // 0.001^101 = e^{−697.7} is accepted, 0.001^102 = e^{−704.6} is not.
    assert!(DiffusionTable::new(vec![0.999; 101]).is_ok());
    assert!(matches!(
        DiffusionTable::new(vec![0.999; 102]),
        Err(MathError::NoSignalLeft { timestep: 101, .. })
    ));
}

/// Mean and variance of the product q(x_t | x_{t−1}) q(x_{t−1} | x_0), taken on a grid of x_{t−1}.
fn bayes_on_a_grid(table: &DiffusionTable, t: usize, x0: f64, xt: f64) -> (f64, f64) {
    let (root_alpha, _) = table.step_coefficients(t);
    let centre = table.alpha_bar_prev(t).sqrt() * x0;
    let exponent = |x: f64| {
        -(xt - root_alpha * x).powi(2) / (2.0 * table.beta(t))
            - (x - centre).powi(2) / (2.0 * table.one_minus_alpha_bar_prev(t))
    };
    // Both factors lie within a dozen of their own deviations of where each alone would put x.
    let spread = 12.0 * table.one_minus_alpha_bar_prev(t).sqrt();
    let (low, high) = (centre - spread, centre + spread);
    let count = 200_000;
    let points: Vec<f64> =
        (0..=count).map(|i| low + (high - low) * f64::from(i) / f64::from(count)).collect();
    let top = points.iter().map(|&x| exponent(x)).fold(f64::MIN, f64::max);
    let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
    for x in points {
        let weight = (exponent(x) - top).exp();
        mass += weight;
        first += weight * (x - centre);
        second += weight * (x - centre).powi(2);
    }
    let shift = first / mass;
    (centre + shift, second / mass - shift * shift)
}

#[test]
fn the_posterior_is_the_product_of_the_two_gaussians() {
    let table = linear();
    for (t, x0, noise) in [(1, 0.3, 0.8), (37, -1.0, -1.5), (487, 0.9, 0.2), (999, -0.4, 1.1)] {
        let xt = table.sqrt_alpha_bar(t) * x0 + table.sqrt_one_minus_alpha_bar(t) * noise;
        let (mean, variance) = bayes_on_a_grid(&table, t, x0, xt);
        let (of_x0, of_xt) = table.posterior_mean_coefficients(t);
        assert!((of_x0 * x0 + of_xt * xt - mean).abs() < 1e-9, "mean at {t}");
        assert!(close(table.posterior_variance(t), variance, 1e-7), "variance at {t}");
    }
}

proptest! {
    #[test]
    fn alpha_bar_strictly_falls(betas in prop::collection::vec(1e-6f64..0.5, 1..500)) {
        let table = DiffusionTable::new(betas).unwrap();
        for t in 1..table.len() {
            prop_assert!(table.alpha_bar(t) < table.alpha_bar(t - 1));
            prop_assert!(table.log_snr(t) < table.log_snr(t - 1));
        }
    }

    #[test]
    fn the_closed_form_equals_iterating_the_steps(
        betas in prop::collection::vec(1e-5f64..0.3, 1..200),
        x0 in -1.0f64..1.0,
    ) {
        let table = DiffusionTable::new(betas).unwrap();
        let (mut mean, mut variance) = (x0, 0.0);
        for t in 0..table.len() {
            let (of_x, of_noise) = table.step_coefficients(t);
            mean *= of_x;
            variance = of_x * of_x * variance + of_noise * of_noise;
            prop_assert!(close(table.sqrt_alpha_bar(t) * x0, mean, 1e-13));
            prop_assert!(close(table.one_minus_alpha_bar(t), variance, 1e-13));
        }
    }
}

//! The probability that a Gaussian gives to one level of a discrete pixel.

use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

/// ln ∫ N(u; mean, e^{2 log_std}) du over the bin of `x`    (Ho et al. 2020, Eq. 13), in nats.
///
/// `levels` ≥ 2 levels lie evenly over [−1, 1]; the bin of a level reaches 1/(levels − 1) to each side, that
/// of the lowest to −∞ and that of the highest to ∞, so that the probabilities of all levels sum to 1. `x` is
/// one of the levels, up to the rounding of an f32.
///
/// The relative error of the result is below 1e-13 for any mean, however many deviations away, as long as
/// the squared distance in deviations is a finite number; it is never −∞ or NaN there. Of probabilities that
/// an f64 cannot tell from 1 the logarithm still has a relative error below 1e-12, down to 1e-300; then it is 0.
pub fn discretized_log_likelihood(x: f64, mean: f64, log_std: f64, levels: u32) -> f64 {
    debug_assert!(levels >= 2, "{levels} levels have no bins");
    let half_width = 1.0 / (f64::from(levels) - 1.0);
    let per_std = (-log_std).exp();
    if x < half_width - 1.0 {
        log_cdf((x - mean + half_width) * per_std)
    } else if x > 1.0 - half_width {
        log_cdf((mean - x + half_width) * per_std)
    } else {
        log_interval((x - mean).abs() * per_std, half_width * per_std)
    }
}

/// The derivatives of [`discretized_log_likelihood`] by `mean` and by `log_std`:
///
/// −(φ(b) − φ(a))/(σ P) and −(b φ(b) − a φ(a))/P, with the bin's ends a and b in deviations σ from the mean, and its
/// probability P. Each density is divided by P in logarithms, so that neither underflows.
pub fn discretized_log_likelihood_gradient(x: f64, mean: f64, log_std: f64, levels: u32) -> (f64, f64) {
    let half_width = 1.0 / (f64::from(levels) - 1.0);
    let per_std = (-log_std).exp();
    let log_p = discretized_log_likelihood(x, mean, log_std, levels);
    // (φ(z)/P, z φ(z)/P) at the end of the bin that lies `offset` from x.
    let at = |offset: f64| {
        let z = (x - mean + offset) * per_std;
        let ratio = (-0.5 * (z * z + TAU.ln()) - log_p).exp();
        (ratio, z * ratio)
    };
    let lower = if x < half_width - 1.0 { (0.0, 0.0) } else { at(-half_width) };
    let upper = if x > 1.0 - half_width { (0.0, 0.0) } else { at(half_width) };
    (-(upper.0 - lower.0) * per_std, -(upper.1 - lower.1))
}

/// ln Φ(z).
fn log_cdf(z: f64) -> f64 {
    if z < 0.0 { -0.5 * (z * z + TAU.ln()) + mills_ratio(-z).ln() } else { (-upper_tail(z)).ln_1p() }
}

/// ln ∫ φ(u) du over [m − w, m + w], for m ≥ 0 and w > 0. Each branch adds numbers of one sign, or subtracts
/// one that is much the smaller.
fn log_interval(m: f64, w: f64) -> f64 {
    if w <= 0.5 && m * w <= 1.0 {
        // Narrow: the two tails would nearly cancel.
        -0.5 * (m * m + TAU.ln()) + (2.0 * w * mean_density_ratio(m, w)).ln()
    } else if m < w {
        // Around the centre: all but two small tails.
        (-(upper_tail(w - m) + upper_tail(w + m))).ln_1p()
    } else {
        // Q(m−w) − Q(m+w) with φ(m−w) taken out; (m+w)² − (m−w)² = 4mw.
        let near = m - w;
        let ratio = mills_ratio(near) - (-2.0 * m * w).exp() * mills_ratio(m + w);
        -0.5 * (near * near + TAU.ln()) + ratio.ln()
    }
}

/// The mean of φ(m + u)/φ(m) over |u| ≤ w, for w ≤ ½ and m·w ≤ 1.
///
/// From φ(m + u) = φ(m) Σ_k (−u)^k He_k(m)/k!, integrated term by term: Σ_{k even} w^k He_k(m)/(k+1)!, with
/// He_{k+1} = m He_k − k He_{k−1}. After 18 terms what is left is below 1e-17.
fn mean_density_ratio(m: f64, w: f64) -> f64 {
    let (mut term, mut previous, mut factorial, mut sum) = (1.0, 0.0, 1.0, 1.0);
    for k in 0..18 {
        let order = f64::from(k);
        (term, previous) = (m * w * term - order * w * w * previous, term);
        factorial *= order + 2.0;
        if k % 2 == 1 {
            sum += term / factorial;
        }
    }
    sum
}

/// Q(z) = 1 − Φ(z), for z ≥ 0.
fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// Mills' ratio Q(z)/φ(z), for z ≥ 0. It falls from √(π/2) like 1/z and never underflows.
///
/// Below 20 the error is that of the exponent, z² · 1e-16: as small, relative to the z²/2 that the callers
/// subtract, as their own rounding.
fn mills_ratio(z: f64) -> f64 {
    if z < 20.0 {
        return (0.5 * PI).sqrt() * (0.5 * z * z).exp() * libm::erfc(z * FRAC_1_SQRT_2);
    }
    // (1 − 1/z² (1 − 3/z² (1 − 5/z² …)))/z: from 20 on the first term left out is below 1e-15.
    let inverse_square = (1.0 / z) / z;
    (0..8).rev().fold(1.0, |sum, k| 1.0 - f64::from(2 * k + 1) * inverse_square * sum) / z
}

#[cfg(test)]
mod tests;

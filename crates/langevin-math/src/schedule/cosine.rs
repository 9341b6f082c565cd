//! The squared-cosine schedule of Improved DDPM.

use std::f64::consts::FRAC_PI_2;

/// Keeps β away from 0 near t = 0: √β_0 stays just below the size of a pixel bin.
const OFFSET: f64 = 0.008;
/// Keeps the last step, where f reaches 0, from being singular.
const MAX_BETA: f64 = 0.999;

/// β_t = min(1 − f(t+1)/f(t), 0.999), f(t) = cos²((t/T + s)/(1 + s) · π/2), s = 0.008
/// (Nichol & Dhariwal 2021, Eq. 17; t counts from 0)
///
/// With x and y the angles of t and t+1, cos²x − cos²y = sin(y − x) sin(y + x), which loses no digits where
/// the ratio is close to 1.
pub(super) fn betas(timesteps: usize) -> Vec<f64> {
    let angle = |t: usize| (t as f64 / timesteps as f64 + OFFSET) / (1.0 + OFFSET) * FRAC_PI_2;
    let width = FRAC_PI_2 / ((1.0 + OFFSET) * timesteps as f64);
    (0..timesteps)
        .map(|t| {
            let (x, y) = (angle(t), angle(t + 1));
            (width.sin() * (x + y).sin() / x.cos().powi(2)).min(MAX_BETA)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::betas;

    /// Eq. 17 evaluated with mpmath to 60 digits.
    #[test]
    fn agrees_with_the_equation_in_high_precision() {
        let cases = [
            (37, 0, 0.0028214472790383267),
            (37, 18, 0.08177819345419063),
            (37, 35, 0.7495560142378397),
            (1000, 0, 4.1284224821777805e-05),
            (1000, 1, 4.614175273669451e-05),
            (1000, 500, 0.003155691441585003),
            (1000, 998, 0.749999392901162),
            (4000, 0, 9.865818813591633e-06),
            (4000, 2000, 0.0007889355535105843),
        ];
        for (timesteps, t, expected) in cases {
            let beta = betas(timesteps)[t];
            assert!(
                (beta / expected - 1.0).abs() < 1e-12,
                "T = {timesteps}, t = {t}: {beta}, not {expected}"
            );
        }
    }

    #[test]
    fn the_last_beta_is_clipped() {
        for timesteps in [1, 2, 37, 1000, 4000] {
            assert_eq!(betas(timesteps)[timesteps - 1], 0.999);
        }
    }
}

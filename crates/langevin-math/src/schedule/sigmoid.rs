//! A logistic curve in β.

use super::linspace;

/// The curve is taken over [−6, 6], so that the first and last β lie 0.25 % of the way inside its ends.
const REACH: f64 = 6.0;

pub(super) fn beta_start() -> f64 {
    1e-4
}

pub(super) fn beta_end() -> f64 {
    0.02
}

/// β_t = β_start + (β_end − β_start) / (1 + e^{−x_t}), x_t evenly spaced over [−6, 6]
/// (the released code of Xu et al. 2022, GeoDiff)
pub(super) fn betas(beta_start: f64, beta_end: f64, timesteps: usize) -> Vec<f64> {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    linspace(-REACH, REACH, timesteps)
        .into_iter()
        .map(|x| logistic(x) * (beta_end - beta_start) + beta_start)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::betas;

    /// The same curve evaluated with numpy 2.
    #[test]
    fn agrees_with_numpy() {
        let expected = [
            0.00014920520081703202,
            0.0010437748762335789,
            0.01005,
            0.019056225123766424,
            0.01995079479918297,
        ];
        for (beta, expected) in betas(1e-4, 0.02, 5).into_iter().zip(expected) {
            assert!((beta / expected - 1.0).abs() < 1e-14, "{beta} should be {expected}");
        }
    }

    #[test]
    fn one_timestep_gets_the_left_end_of_the_curve() {
        assert!((betas(1e-4, 0.02, 1)[0] / 0.00014920520081703202 - 1.0).abs() < 1e-14);
    }
}

//! The schedule of latent diffusion: linear in √β.

use super::linspace;

pub(super) fn beta_start() -> f64 {
    0.00085
}

pub(super) fn beta_end() -> f64 {
    0.012
}

/// √β_t = √β_start + t/(T−1) · (√β_end − √β_start)    (the released code of Rombach et al. 2022)
pub(super) fn betas(beta_start: f64, beta_end: f64, timesteps: usize) -> Vec<f64> {
    linspace(beta_start.sqrt(), beta_end.sqrt(), timesteps).into_iter().map(|root| root * root).collect()
}

#[cfg(test)]
mod tests {
    use super::betas;

    /// `numpy.linspace(0.00085**0.5, 0.012**0.5, 5)**2`, numpy 2.
    #[test]
    fn agrees_with_numpy() {
        let expected = [0.00085, 0.0024257789567003487, 0.004809371942267133, 0.00800077895670035, 0.012];
        for (beta, expected) in betas(0.00085, 0.012, 5).into_iter().zip(expected) {
            assert!((beta / expected - 1.0).abs() < 1e-15, "{beta} should be {expected}");
        }
    }

    #[test]
    fn one_timestep_gets_the_start() {
        assert!((betas(0.00085, 0.012, 1)[0] / 0.00085 - 1.0).abs() < 1e-15);
    }
}

//! The linear schedule of DDPM.

use super::linspace;

pub(super) fn beta_start() -> f64 {
    1e-4
}

pub(super) fn beta_end() -> f64 {
    0.02
}

/// β_t = β_start + t/(T−1) · (β_end − β_start)    (Ho et al. 2020, section 4)
pub(super) fn betas(beta_start: f64, beta_end: f64, timesteps: usize) -> Vec<f64> {
    linspace(beta_start, beta_end, timesteps)
}

#[cfg(test)]
mod tests {
    use super::betas;

    /// `numpy.linspace(1e-4, 0.02, 1000)`, numpy 2.
    #[test]
    fn agrees_with_numpy() {
        let betas = betas(1e-4, 0.02, 1000);
        let picked = [0, 1, 487, 999].map(|t| betas[t]);
        assert_eq!(picked, [1e-4, 0.00011991991991991993, 0.009801001001001, 0.02]);
    }

    #[test]
    fn one_timestep_gets_the_start() {
        assert_eq!(betas(1e-4, 0.02, 1), [1e-4]);
    }
}

//! The sinusoidal embedding of a timestep.

use serde::{Deserialize, Serialize};

/// The period of the slowest wave that is used everywhere.
pub const MAX_PERIOD: f64 = 10_000.0;

/// Which half of an embedding comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbeddingOrder {
    /// All sines, then all cosines: DDPM.
    SinCos,
    /// All cosines, then all sines: Improved DDPM, guided and latent diffusion.
    CosSin,
}

/// The `dim` numbers sin(t ω_i) and cos(t ω_i) for i in `0..half`, half = ⌊dim/2⌋, with
///
/// ω_i = exp(−ln(max_period) · i/(half − frequency_shift))    (Vaswani et al. 2017, section 3.5)
///
/// A 0 fills up an odd `dim`. `t` counts timesteps and need not be whole. `frequency_shift` is 1 in DDPM, so
/// that ω runs from 1 to 1/max_period inclusive, and 0 in Improved DDPM. ω_0 is 1 also where
/// half = frequency_shift leaves its exponent undefined.
pub fn sinusoidal_embedding(
    t: f64,
    dim: usize,
    order: EmbeddingOrder,
    frequency_shift: f64,
    max_period: f64,
) -> Vec<f64> {
    sinusoidal_embeddings(&[t], dim, order, frequency_shift, max_period)
}

/// [`sinusoidal_embedding`] of each of `timesteps`, one after another; the frequencies are computed once.
pub fn sinusoidal_embeddings(
    timesteps: &[f64],
    dim: usize,
    order: EmbeddingOrder,
    frequency_shift: f64,
    max_period: f64,
) -> Vec<f64> {
    let half = dim / 2;
    let frequency = |i: usize| {
        let exponent =
            if i == 0 { 0.0 } else { -max_period.ln() * i as f64 / (half as f64 - frequency_shift) };
        exponent.exp()
    };
    let frequencies: Vec<f64> = (0..half).map(frequency).collect();
    let mut embeddings = vec![0.0; dim * timesteps.len()];
    for (&t, embedding) in timesteps.iter().zip(embeddings.chunks_mut(dim.max(1))) {
        for (i, frequency) in frequencies.iter().enumerate() {
            let (sin, cos) = (t * frequency).sin_cos();
            let (first, second) = match order {
                EmbeddingOrder::SinCos => (sin, cos),
                EmbeddingOrder::CosSin => (cos, sin),
            };
            embedding[i] = first;
            embedding[half + i] = second;
        }
    }
    embeddings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
            assert!((got - expected).abs() < 1e-12, "entry {i} is {got}, not {expected}");
        }
    }

    /// DDPM's form at t = 999: frequencies 1, 10^{−4/3}, 10^{−8/3} and 10⁻⁴, by mpmath.
    #[test]
    fn sines_come_before_cosines_in_ddpm() {
        let expected = [
            -0.026460752737064126,
            0.6848642293578565,
            0.835648500885845,
            0.0997339157312991,
            0.9996498529808264,
            -0.7286706988386931,
            -0.5492645837547148,
            0.995014143644653,
        ];
        assert_close(&sinusoidal_embedding(999.0, 8, EmbeddingOrder::SinCos, 1.0, MAX_PERIOD), &expected);
    }

    /// Improved DDPM's form: frequencies 1 and 10⁻², and a zero to make five.
    #[test]
    fn cosines_come_first_and_an_odd_size_is_padded() {
        let expected =
            [-0.9899924966004454, 0.9995500337489875, 0.1411200080598672, 0.02999550020249566, 0.0];
        assert_close(&sinusoidal_embedding(3.0, 5, EmbeddingOrder::CosSin, 0.0, MAX_PERIOD), &expected);
    }

    #[test]
    fn small_sizes_are_finite() {
        let expected = [0.479425538604203, 0.8775825618903728];
        assert_close(&sinusoidal_embedding(0.5, 2, EmbeddingOrder::SinCos, 1.0, MAX_PERIOD), &expected);
        assert_close(&sinusoidal_embedding(7.0, 1, EmbeddingOrder::SinCos, 1.0, MAX_PERIOD), &[0.0]);
        assert_close(&sinusoidal_embedding(7.0, 0, EmbeddingOrder::SinCos, 1.0, MAX_PERIOD), &[]);
    }
}

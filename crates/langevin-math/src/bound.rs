//! The parts of the variational bound that need no network, and its units.

use std::f64::consts::LN_2;

use crate::gaussian::kl;
use crate::process::DiffusionTable;

/// L_T of one dimension: KL(q(x_T | x_0) ‖ N(0, 1)), in nats    (Ho et al. 2020, Eq. 5)
///
/// q(x_T | x_0) = N(√ᾱ x_0, 1 − ᾱ) at the last timestep; what is left of the signal there.
pub fn prior_kl(x0: f64, table: &DiffusionTable) -> f64 {
    let last = table.len() - 1;
    kl(table.sqrt_alpha_bar(last) * x0, table.one_minus_alpha_bar(last).ln(), 0.0, 0.0)
}

/// Bits per dimension: `nats`, summed over `dimensions` numbers, divided by ln 2 · `dimensions`.
///
/// `dimensions` ≥ 1 counts every channel of every pixel.
pub fn nats_to_bits_per_dim(nats: f64, dimensions: usize) -> f64 {
    nats / (LN_2 * dimensions as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Schedule;

    /// ½ (ᾱ x_0² − ᾱ − ln(1 − ᾱ)) by mpmath with ᾱ_999 of the linear schedule; both are far below a
    /// thousandth of a bit.
    #[test]
    fn little_is_left_of_the_signal() {
        let table = DiffusionTable::new(Schedule::default().betas(1000).unwrap()).unwrap();
        for (x0, expected) in [(0.0, 4.072090035889402e-10), (1.0, 2.0179556035882015e-05)] {
            let got = prior_kl(x0, &table);
            assert!((got / expected - 1.0).abs() < 1e-10, "{got} should be {expected}");
        }
    }

    /// A uniform choice among 256 values takes 8 bits a dimension.
    #[test]
    fn uniform_bytes_take_eight_bits() {
        let dimensions = 32 * 32 * 3;
        let nats = 256f64.ln() * dimensions as f64;
        assert!((nats_to_bits_per_dim(nats, dimensions) - 8.0).abs() < 1e-14);
    }
}

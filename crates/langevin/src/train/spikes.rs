//! Spikes: steps whose loss or gradient stands far out from those before.

use super::exact;
use serde::{Deserialize, Serialize};

/// Steps before anything is called unusual.
const SETTLING: u64 = 50;

/// How far the average follows one step.
const FOLLOW: f64 = 0.02;

/// Standard deviations above the average beyond which a step is unusual.
const DEVIATIONS: f64 = 6.0;

/// The usual size of a positive number that comes with every step, and how much it varies.
///
/// Both are moving averages over some fifty steps of its logarithm y: m ← m + a (y − m), s² ← (1 − a)(s² + a (y − m)²).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usual {
    seen: u64,
    #[serde(with = "exact")]
    mean: f64,
    #[serde(with = "exact")]
    variance: f64,
}

impl Usual {
    /// Takes up the next number. Gives how many times the usual it is, if that is a spike: above the average by more than
    /// six standard deviations, and by more than a factor of two. What is not positive has no logarithm, and is passed over.
    pub fn judge(&mut self, value: f64) -> Option<f64> {
        let y = value.ln();
        if !y.is_finite() {
            return None;
        }
        let bound = (DEVIATIONS * self.variance.sqrt()).max(2f64.ln());
        let above = y - self.mean;
        let spike = self.seen >= SETTLING && above > bound;
        // A plain mean at first; and of a spike no more than half the bound, so that one does not hide the next.
        let follow = FOLLOW.max(1.0 / (self.seen + 1) as f64);
        let change = if self.seen >= SETTLING { above.min(0.5 * bound) } else { above };
        self.mean += follow * change;
        self.variance = (1.0 - follow) * (self.variance + follow * change * change);
        self.seen += 1;
        spike.then(|| above.exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use langevin_math::rng::{Purpose, Stream};

    /// Log-normal numbers around `median`, of standard deviation `sigma` in their logarithm.
    fn noise(seed: u64, median: f64, sigma: f64, count: usize) -> Vec<f64> {
        let mut normal = vec![0f32; count];
        Stream::new(seed, Purpose::Data, 0).normal(0, &mut normal);
        normal.into_iter().map(|z| median * (sigma * f64::from(z)).exp()).collect()
    }

    #[test]
    fn noise_is_no_spike_and_a_spike_in_it_is_one() {
        for (seed, sigma) in [(1, 0.05), (2, 0.3), (3, 0.8)] {
            let mut usual = Usual::default();
            let values = noise(seed, 0.04, sigma, 2000);
            assert!(values.iter().all(|&value| usual.judge(value).is_none()), "sigma {sigma}");
            let spike = 0.04 * (8.0 * sigma).exp().max(3.0);
            let times = usual.judge(spike).unwrap();
            assert!((times / (spike / 0.04)).ln().abs() < 0.5 * sigma.max(0.1), "{times} at sigma {sigma}");
            assert!(usual.judge(0.04).is_none());
            assert!(usual.judge(spike).is_some(), "one spike does not hide the next");
        }
    }

    #[test]
    fn a_fall_is_no_spike_and_a_new_level_is_learnt() {
        let mut usual = Usual::default();
        let fall = (0..500).map(|step| 1.0 / (1.0 + f64::from(step)));
        assert!(fall.into_iter().all(|value| usual.judge(value).is_none()));
        let spikes = (0..1000).filter(|_| usual.judge(50.0).is_some()).count();
        assert!((1..200).contains(&spikes), "{spikes}");
    }

    #[test]
    fn what_has_no_logarithm_changes_nothing() {
        let mut usual = Usual::default();
        usual.judge(2.0);
        let before = usual;
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(usual.judge(value), None);
        }
        assert_eq!(usual, before);
    }
}

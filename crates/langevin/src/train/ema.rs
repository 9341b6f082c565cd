//! The moving average of the weights.

use rayon::prelude::*;

/// An exponential moving average, one array a parameter.
///
/// After step s (from 0) the decay is min(`decay`, (1 + s) / (10 + s)): the warm-up of the average. Without it,
/// early averages are mostly the first random weights.
#[derive(Clone, Debug)]
pub struct Ema {
    /// The decay after the warm-up.
    pub decay: f64,
    /// The averages, in the network's order.
    pub values: Vec<Vec<f32>>,
}

impl Ema {
    /// An average that starts at `values`.
    pub fn new(decay: f64, values: Vec<Vec<f32>>) -> Self {
        Self { decay, values }
    }

    /// The decay of the update after step `step`, counted from 0.
    pub fn decay_at(&self, step: u64) -> f64 {
        self.decay.min((1.0 + step as f64) / (10.0 + step as f64))
    }

    /// average ← d · average + (1 − d) · weights, for parameter `index`.
    ///
    /// [`Optimizer::step`](super::Optimizer::step) does the same in one pass with its own update.
    pub fn update(&mut self, index: usize, weights: &[f32], step: u64) {
        let part = (1.0 - self.decay_at(step)) as f32;
        self.values[index]
            .par_iter_mut()
            .with_min_len(1 << 14)
            .zip(weights)
            .for_each(|(average, weight)| *average += part * (weight - *average));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_and_then_decays_as_asked() {
        let ema = Ema::new(0.9, vec![]);
        assert!((ema.decay_at(0) - 0.1).abs() < 1e-12);
        assert!((ema.decay_at(10) - 0.55).abs() < 1e-12);
        assert_eq!(ema.decay_at(1_000), 0.9);
    }

    #[test]
    fn follows_its_recurrence() {
        let mut ema = Ema::new(0.5, vec![vec![0.0, 4.0]]);
        ema.update(0, &[1.0, 0.0], 1_000);
        ema.update(0, &[1.0, 0.0], 1_001);
        assert_eq!(ema.values[0], [0.75, 1.0]);
    }
}

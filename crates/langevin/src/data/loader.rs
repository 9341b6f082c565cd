//! In which order a training run sees its samples: a function of the seed and the position alone.

use std::sync::{Arc, Mutex, PoisonError};

use langevin_math::rng::{Purpose, Stream};

/// The order of training: one random permutation an epoch, epochs following each other without a seam.
///
/// There is no state to save: a resumed run asks for the next position. The permutation of the epoch last asked for
/// is kept.
#[derive(Debug)]
pub struct Order {
    seed: u64,
    n: usize,
    cached: Mutex<Option<(u64, Arc<[usize]>)>>,
}

impl Order {
    /// The order of `n` samples under `seed`.
    pub fn new(seed: u64, n: usize) -> Self {
        Self { seed, n, cached: Mutex::new(None) }
    }

    /// The sample at `position`, counted from the beginning of training: each sample exactly once in every epoch of
    /// `n` positions.
    ///
    /// # Panics
    /// If there are no samples.
    pub fn sample_at(&self, position: u64) -> usize {
        let (epoch, place) = self.split(position);
        self.permutation(epoch)[place]
    }

    /// The samples at the `count` positions from `position` on; a batch may reach into the next epoch.
    ///
    /// # Panics
    /// If there are no samples.
    pub fn batch(&self, position: u64, count: usize) -> Vec<usize> {
        let mut samples = Vec::with_capacity(count);
        while samples.len() < count {
            let (epoch, place) = self.split(position + samples.len() as u64);
            let permutation = self.permutation(epoch);
            let end = self.n.min(place + count - samples.len());
            samples.extend_from_slice(&permutation[place..end]);
        }
        samples
    }

    fn split(&self, position: u64) -> (u64, usize) {
        assert!(self.n > 0, "an order of no samples has no positions");
        (position / self.n as u64, (position % self.n as u64) as usize)
    }

    fn permutation(&self, epoch: u64) -> Arc<[usize]> {
        // What is cached is whole or absent, so a panic elsewhere cannot have spoiled it.
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cached {
            Some((known, permutation)) if *known == epoch => permutation.clone(),
            _ => {
                let drawn: Arc<[usize]> =
                    Stream::new(self.seed, Purpose::Order, epoch).permutation(self.n).into();
                *cached = Some((epoch, drawn.clone()));
                drawn
            }
        }
    }
}

/// Divides `0..n` at random into (training, held-out) items, both sorted.
///
/// `round(fraction · n)` items are held out; where `fraction` is neither 0 nor 1 and `n` is above 1, at least one on
/// each side. A `fraction` outside [0, 1] counts as the nearer end.
pub fn holdout_split(n: usize, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let fraction = fraction.clamp(0.0, 1.0);
    let mut heldout = (fraction * n as f64).round() as usize;
    if fraction > 0.0 && fraction < 1.0 && n > 1 {
        heldout = heldout.clamp(1, n - 1);
    }
    let mut out = Stream::new(seed, Purpose::Holdout, 0).permutation(n);
    let mut train = out.split_off(heldout.min(n));
    out.sort_unstable();
    train.sort_unstable();
    (train, out)
}

/// At most `most` of some samples, spread evenly over them: sets are often ordered by class.
pub fn spread(indices: &[usize], most: usize) -> Vec<usize> {
    let taken = indices.len().min(most);
    (0..taken)
        .map(|place| indices[(place as u128 * indices.len() as u128 / taken as u128) as usize])
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn some_samples_are_spread_over_all() {
        assert_eq!(spread(&[3, 5, 8, 9, 12, 20, 21], 3), [3, 8, 12]);
        assert_eq!(spread(&[3, 5], 9), [3, 5]);
        assert!(spread(&[], 4).is_empty());
    }

    proptest! {
        #[test]
        fn every_epoch_has_every_sample_once(seed: u64, n in 1usize..60, epoch in 0u64..1000) {
            let order = Order::new(seed, n);
            let mut seen: Vec<_> = (0..n as u64).map(|i| order.sample_at(epoch * n as u64 + i)).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..n).collect::<Vec<_>>());
        }

        #[test]
        fn batches_of_any_size_read_the_same_order(seed: u64, n in 1usize..40, start in 0u64..200, count in 0usize..100) {
            let order = Order::new(seed, n);
            let one_by_one: Vec<_> = (start..start + count as u64).map(|i| order.sample_at(i)).collect();
            prop_assert_eq!(order.batch(start, count), one_by_one);
        }

        #[test]
        fn a_holdout_is_a_partition(n in 0usize..500, fraction in 0.0f64..=1.0, seed: u64) {
            let (train, heldout) = holdout_split(n, fraction, seed);
            prop_assert!(train.is_sorted() && heldout.is_sorted());
            let mut all = [train, heldout].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn epochs_and_seeds_give_different_orders() {
        let epoch = |seed, epoch: u64| Order::new(seed, 500).batch(epoch * 500, 500);
        assert_ne!(epoch(1, 0), epoch(1, 1));
        assert_ne!(epoch(1, 0), epoch(2, 0));
        assert_eq!(epoch(1, 1), Stream::new(1, Purpose::Order, 1).permutation(500));
    }

    #[test]
    fn a_holdout_has_the_size_asked_for_and_neither_side_is_empty() {
        let sizes = |n, fraction| {
            let (train, heldout) = holdout_split(n, fraction, 3);
            (train.len(), heldout.len())
        };
        assert_eq!(sizes(1000, 0.05), (950, 50));
        assert_eq!(sizes(10, 0.0), (10, 0));
        assert_eq!(sizes(10, 1e-9), (9, 1));
        assert_eq!(sizes(10, 0.999), (1, 9));
        assert_eq!(sizes(10, f64::NAN), (10, 0));
        assert_ne!(holdout_split(1000, 0.05, 3), holdout_split(1000, 0.05, 4));
    }
}

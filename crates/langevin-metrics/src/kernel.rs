//! The kernel distance: MMD² under a cubic kernel, over random subsets.

use crate::error::MetricsError;
use crate::features::Features;
use crate::mmd::polynomial_mmd;
use langevin_math::rng::{Purpose, Stream};
use std::ops::ControlFlow;

/// How the kernel distance is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelOptions {
    /// Pairs of subsets, at least 1.
    pub subsets: usize,
    /// Samples in a subset, at least 2; a smaller set is taken whole, and as many of the other.
    pub subset_size: usize,
    /// Seed of the drawing.
    pub seed: u64,
}

impl Default for KernelOptions {
    /// 100 subsets of 1000, as in the code of Bińkowski et al.
    fn default() -> Self {
        Self { subsets: 100, subset_size: 1000, seed: 0 }
    }
}

/// A kernel distance, over pairs of subsets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelDistance {
    /// Mean of the unbiased estimates; it may be a little below 0.
    pub mean: f64,
    /// Their standard deviation, with the number of subsets below the sum: the spread of one estimate, not the error of
    /// the mean.
    pub std: f64,
    /// Pairs of subsets.
    pub subsets: usize,
    /// Samples in a subset: what was asked for, or all of the smaller set.
    pub subset_size: usize,
}

/// The kernel (inception) distance of two sets: [`polynomial_mmd`] over subsets drawn without replacement
/// (Bińkowski et al. 2018, section 4).
///
/// Subset k of either set is drawn from the stream k of the seed. `observe` is told the subsets done and to do, and may
/// stop: the result is then `None`.
///
/// # Errors
/// If the dimensions differ, no subset is asked for, or a subset would have fewer than 2 samples.
pub fn kernel_distance(
    x: Features<'_>,
    y: Features<'_>,
    options: KernelOptions,
    observe: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<KernelDistance>, MetricsError> {
    let KernelOptions { subsets, seed, .. } = options;
    if subsets == 0 {
        return Err(MetricsError::NoSubsets);
    }
    let subset_size = options.subset_size.min(x.count()).min(y.count());
    let mut estimates = Vec::with_capacity(subsets);
    for subset in 0..subsets {
        let stream = Stream::new(seed, Purpose::Subset, subset as u64);
        let (from_x, from_y) =
            (draw(&stream, 0, x.count(), subset_size), draw(&stream, 1, y.count(), subset_size));
        estimates.push(polynomial_mmd(x, &from_x, y, &from_y)?);
        if observe(subset + 1, subsets).is_break() {
            return Ok(None);
        }
    }
    let mean = estimates.iter().sum::<f64>() / subsets as f64;
    let squares: f64 = estimates.iter().map(|estimate| (estimate - mean).powi(2)).sum();
    Ok(Some(KernelDistance { mean, std: (squares / subsets as f64).sqrt(), subsets, subset_size }))
}

/// `size` of the numbers below `count`, each at most once: the first steps of Fisher and Yates's shuffle.
fn draw(stream: &Stream, lane: u32, count: usize, size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in 0..size {
        let other = stream.below(lane, place as u32, (count - place) as u64) as usize;
        order.swap(place, place + other);
    }
    order.truncate(size);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{on_threads, rows};

    fn go_on(_: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn distance(x: &[f32], y: &[f32], d: usize, options: KernelOptions) -> KernelDistance {
        let [x, y] = [x, y].map(|rows| Features::new(rows, d).unwrap());
        kernel_distance(x, y, options, &mut go_on).unwrap().unwrap()
    }

    #[test]
    fn a_small_set_is_taken_whole() {
        let d = 3;
        let (x, y) = (rows(1, 40, d, 1.0), rows(2, 40, d, 1.0));
        let found = distance(&x, &y, d, KernelOptions { subsets: 4, ..KernelOptions::default() });
        assert_eq!((found.subsets, found.subset_size), (4, 40));
        // Each subset is everything, in some order.
        let all: Vec<usize> = (0..40).collect();
        let [x, y] = [&x, &y].map(|rows| Features::new(rows, d).unwrap());
        let expected = polynomial_mmd(x, &all, y, &all).unwrap();
        assert!((found.mean - expected).abs() < 1e-13 && found.std < 1e-13);
    }

    #[test]
    fn the_seed_draws_the_subsets() {
        let stream = |index| Stream::new(7, Purpose::Subset, index);
        let subset = draw(&stream(0), 0, 50, 20);
        assert!(subset.iter().all(|&index| index < 50));
        let mut distinct = subset.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 20);
        assert_eq!(subset, draw(&stream(0), 0, 50, 20));
        assert_ne!(subset, draw(&stream(0), 1, 50, 20));
        assert_ne!(subset, draw(&stream(1), 0, 50, 20));
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (x, y) = (rows(1, 700, 9, 1.0), rows(2, 600, 9, 1.0));
        let options = KernelOptions { subsets: 2, subset_size: 530, seed: 3 };
        let found = on_threads(|| distance(&x, &y, 9, options));
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn who_watches_may_stop() {
        let x = rows(1, 10, 2, 1.0);
        let features = Features::new(&x, 2).unwrap();
        let mut seen = Vec::new();
        let found = kernel_distance(features, features, KernelOptions::default(), &mut |done, all| {
            seen.push((done, all));
            if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((found, seen), (Ok(None), vec![(1, 100), (2, 100), (3, 100)]));
    }

    #[test]
    fn what_cannot_be_estimated_is_refused() {
        let x = [0.0; 6];
        let (two, three) = (Features::new(&x, 2).unwrap(), Features::new(&x, 3).unwrap());
        let refused = |x, y, options| kernel_distance(x, y, options, &mut go_on).unwrap_err();
        let options = KernelOptions::default();
        assert!(matches!(refused(two, three, options), MetricsError::Dimensions { .. }));
        assert!(matches!(
            refused(two, two, KernelOptions { subsets: 0, ..options }),
            MetricsError::NoSubsets
        ));
        let single = KernelOptions { subset_size: 1, ..options };
        assert!(matches!(refused(two, two, single), MetricsError::TooFewSamples { got: 1, .. }));
    }
}

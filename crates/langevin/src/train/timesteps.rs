//! Which timesteps a batch is trained at, and what each then counts.

use crate::config::TimestepSampling;
use langevin_math::rng::{Purpose, Stream};

/// Losses of a timestep that are kept.
pub const KEPT: usize = 10;

/// The part of the draws that stays uniform, so that no timestep is forgotten.
const UNIFORM_PART: f64 = 1e-3;

/// The last losses of each timestep, from which importance sampling takes its probabilities.
///
/// It changes at the end of a step only, in the order of the batch: how a batch is split does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct LossHistory {
    /// The losses of each timestep, the oldest first.
    losses: Vec<Vec<f32>>,
}

impl LossHistory {
    /// That of a process of `timesteps` which has seen none.
    pub fn new(timesteps: usize) -> Self {
        Self { losses: vec![Vec::new(); timesteps] }
    }

    /// One that was stored: how many losses each timestep has, and `[timesteps, 10]` of them; `None` if they are not sound.
    pub fn restore(counts: &[f32], losses: &[f32]) -> Option<Self> {
        if losses.len() != counts.len() * KEPT {
            return None;
        }
        let row = |(count, row): (&f32, &[f32])| {
            let sound = (0.0..=KEPT as f32).contains(count) && row.iter().all(|loss| loss.is_finite());
            sound.then(|| row[..*count as usize].to_vec())
        };
        counts.iter().zip(losses.chunks(KEPT)).map(row).collect::<Option<_>>().map(|losses| Self { losses })
    }

    /// What [`LossHistory::restore`] takes.
    pub fn stored(&self) -> (Vec<f32>, Vec<f32>) {
        let counts = self.losses.iter().map(|row| row.len() as f32).collect();
        let padded =
            |row: &Vec<f32>| row.iter().copied().chain(std::iter::repeat(0.0)).take(KEPT).collect::<Vec<_>>();
        (counts, self.losses.iter().flat_map(padded).collect())
    }

    /// Adds a loss of timestep `t`, before any weight.
    pub fn record(&mut self, t: usize, loss: f64) {
        let row = &mut self.losses[t];
        if row.len() == KEPT {
            row.remove(0);
        }
        // A number that f32 cannot hold could not be stored.
        row.push(loss.min(f64::from(f32::MAX)) as f32);
    }

    /// p_t ∝ √(E L_t²), mixed with a thousandth of uniform draws; `None` until every timestep has its ten losses
    /// (Nichol & Dhariwal 2021, Eq. 18).
    pub fn probabilities(&self) -> Option<Vec<f64>> {
        if self.losses.iter().any(|row| row.len() < KEPT) {
            return None;
        }
        let root_mean_square = |row: &Vec<f32>| {
            (row.iter().map(|&loss| f64::from(loss).powi(2)).sum::<f64>() / KEPT as f64).sqrt()
        };
        let sizes: Vec<f64> = self.losses.iter().map(root_mean_square).collect();
        let (total, uniform) = (sizes.iter().sum::<f64>(), 1.0 / sizes.len() as f64);
        // Losses that are all zero say nothing.
        let part = |size: f64| if total > 0.0 { size / total } else { uniform };
        Some(
            sizes
                .into_iter()
                .map(|size| (1.0 - UNIFORM_PART) * part(size) + UNIFORM_PART * uniform)
                .collect(),
        )
    }
}

/// The draws of one step.
#[derive(Clone, Debug)]
pub struct TimestepDraw {
    antithetic: bool,
    stream: Stream,
    timesteps: usize,
    /// The probabilities, and their running sums, where they are not uniform.
    unequal: Option<(Vec<f64>, Vec<f64>)>,
}

impl TimestepDraw {
    /// Those of optimiser step `step`, counted from 0, of a process of `timesteps`.
    pub fn new(
        sampling: TimestepSampling,
        history: Option<&LossHistory>,
        timesteps: usize,
        seed: u64,
        step: u64,
    ) -> Self {
        let probabilities = history.and_then(LossHistory::probabilities);
        let unequal = probabilities.map(|probabilities| {
            let mut sum = 0.0;
            let sums = probabilities.iter().map(|p| {
                sum += p;
                sum
            });
            let sums = sums.collect();
            (probabilities, sums)
        });
        let antithetic = sampling == TimestepSampling::Antithetic;
        Self { antithetic, stream: Stream::new(seed, Purpose::Timestep, step), timesteps, unequal }
    }

    /// The timestep of row `row`, and what its loss counts: 1/(T p_t), so that the mean is that of uniform draws.
    pub fn row(&self, row: usize) -> (usize, f64) {
        let below = |position: usize, bound| self.stream.below(0, position as u32, bound);
        let uniform = |position| below(position, self.timesteps as u64) as usize;
        match &self.unequal {
            Some((probabilities, sums)) => {
                let part = below(row, 1 << 53) as f64 / (1u64 << 53) as f64;
                let drawn = part * sums[sums.len() - 1];
                let t = sums.partition_point(|&sum| sum <= drawn).min(self.timesteps - 1);
                (t, 1.0 / (self.timesteps as f64 * probabilities[t]))
            }
            None if !self.antithetic => (uniform(row), 1.0),
            None if row.is_multiple_of(2) => (uniform(row / 2), 1.0),
            None => (self.timesteps - 1 - uniform(row / 2), 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(sampling: TimestepSampling, history: Option<&LossHistory>) -> TimestepDraw {
        TimestepDraw::new(sampling, history, 1000, 5, 9)
    }

    #[test]
    fn antithetic_timesteps_come_in_mirrored_pairs() {
        let draw = draw(TimestepSampling::Antithetic, None);
        for row in (0..64).step_by(2) {
            assert_eq!(draw.row(row).0 + draw.row(row + 1).0, 999);
        }
    }

    #[test]
    fn timesteps_are_uniform() {
        for sampling in [TimestepSampling::Uniform, TimestepSampling::Antithetic] {
            let draw = draw(sampling, None);
            let mut counts = [0.0f64; 10];
            let n = 20_000;
            for row in 0..n {
                let (t, weight) = draw.row(row);
                assert_eq!(weight, 1.0);
                counts[t / 100] += 1.0;
            }
            let expected = n as f64 / 10.0;
            let chi_square: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
            // The 99.99 % quantile of χ² with 9 degrees of freedom is 33.7; pairs double the variance.
            assert!(chi_square < 67.4, "{sampling:?}: {counts:?}");
        }
    }

    /// Losses of 1, 2, 3 and 6 in a history of ten each, after ten older ones that are forgotten.
    fn history() -> LossHistory {
        let mut history = LossHistory::new(4);
        for (t, loss) in [1.0, 2.0, 3.0, 6.0].into_iter().enumerate() {
            assert_eq!(history.probabilities(), None);
            (0..10).for_each(|_| history.record(t, 50.0));
            (0..10).for_each(|_| history.record(t, loss));
        }
        history
    }

    #[test]
    fn probabilities_follow_the_root_mean_square_of_ten_losses() {
        let found = history().probabilities().unwrap();
        for (p, part) in found.iter().zip([1.0, 2.0, 3.0, 6.0]) {
            assert!((p - (0.999 * part / 12.0 + 0.001 / 4.0)).abs() < 1e-15, "{p} for {part}");
        }
    }

    #[test]
    fn weighted_draws_have_the_mean_of_uniform_ones() {
        let history = history();
        let draw = TimestepDraw::new(TimestepSampling::Importance, Some(&history), 4, 1, 0);
        let probabilities = history.probabilities().unwrap();
        let (n, mut counts, mut mean) = (40_000, [0.0; 4], 0.0);
        for row in 0..n {
            let (t, weight) = draw.row(row);
            counts[t] += 1.0;
            mean += weight * [1.0, 2.0, 3.0, 6.0][t] / n as f64;
        }
        assert!((mean - 3.0).abs() < 0.01, "{mean}");
        for (count, p) in counts.iter().zip(&probabilities) {
            let deviation = (n as f64 * p * (1.0 - p)).sqrt();
            assert!((count - n as f64 * p).abs() < 5.0 * deviation, "{counts:?} for {probabilities:?}");
        }
    }

    #[test]
    fn a_history_survives_its_stored_form() {
        let mut history = history();
        history.losses[2].truncate(3);
        let (counts, losses) = history.stored();
        assert_eq!(LossHistory::restore(&counts, &losses), Some(history));
        assert_eq!(LossHistory::restore(&counts, &losses[1..]), None);
        assert_eq!(LossHistory::restore(&[11.0], &[0.0; 10]), None);
        assert_eq!(LossHistory::restore(&[1.0], &[f32::NAN; 10]), None);
    }
}

//! Losses by the quarter of the timesteps: how well a network removes little noise, and how well much.
//!
//! One loss over all t hides that: the noisiest timesteps are learned in minutes and the cleanest are not for hours, or a
//! change helps some and harms others.

use super::exact;
use serde::{Deserialize, Serialize};

/// Sums of samples' losses, by the quarter of the timesteps 0..T that each was drawn at, the cleanest first.
///
/// Timestep t, counted from 0, is in quarter ⌊4 t / T⌋. A sample's loss is what the objective minimises, with the weight of
/// its timestep in L_simple and its part of the bound, but before the weight of its draw: in a quarter every sample counts
/// the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quarters([Sum; 4]);

/// The samples of one quarter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    samples: u64,
    #[serde(with = "exact")]
    loss: f64,
}

impl Quarters {
    /// Those of samples at (timestep, loss), of a process of `timesteps`.
    pub fn of(drawn: &[(usize, f64)], timesteps: usize) -> Self {
        let mut quarters = [Sum::default(); 4];
        for &(t, loss) in drawn {
            let sum = &mut quarters[4 * t / timesteps];
            sum.samples += 1;
            sum.loss += loss;
        }
        Self(quarters)
    }

    /// Adds the samples of another step.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, other) in self.0.iter_mut().zip(&other.0) {
            sum.samples += other.samples;
            sum.loss += other.loss;
        }
    }

    /// The mean loss of each quarter that a sample was drawn from; `None` where there are no samples at all.
    pub fn means(&self) -> Option<[Option<f64>; 4]> {
        let mean = |sum: Sum| (sum.samples > 0).then(|| sum.loss / sum.samples as f64);
        let means = self.0.map(mean);
        means.iter().any(Option::is_some).then_some(means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, builtin_recipe};
    use crate::data;
    use crate::train::Trainer;

    #[test]
    fn a_step_of_one_sample_has_its_loss_in_one_quarter() {
        let recipe = builtin_recipe("digits").unwrap().with_assignment("train.batch=1").unwrap();
        let digits = data::load("digits", &recipe.data.options(0)).unwrap();
        let settings = Settings::resolve(recipe, &digits).unwrap();
        let mut trainer = Trainer::new(settings, digits, &crate::cpu()).unwrap();
        let mut seen = [false; 4];
        for _ in 0..12 {
            let report = trainer.step();
            let means = report.quarters.means().unwrap();
            assert_eq!(means.iter().flatten().collect::<Vec<_>>(), [&report.loss]);
            seen.iter_mut().zip(means).for_each(|(seen, mean)| *seen |= mean.is_some());
        }
        assert!(seen.iter().filter(|&&seen| seen).count() > 2, "{seen:?}");
    }

    #[test]
    fn a_sample_counts_where_its_timestep_lies() {
        let drawn = [(0, 1.0), (249, 3.0), (250, 5.0), (750, 7.0), (999, 8.0)];
        let mut quarters = Quarters::of(&drawn, 1000);
        assert_eq!(quarters.means(), Some([Some(2.0), Some(5.0), None, Some(7.5)]));
        quarters.add(&Quarters::of(&[(100, 5.0), (500, 0.0)], 1000));
        assert_eq!(quarters.means(), Some([Some(3.0), Some(5.0), Some(0.0), Some(7.5)]));
        assert_eq!(Quarters::default().means(), None);
    }

    #[test]
    fn every_timestep_has_a_quarter_where_four_does_not_divide_them() {
        for timesteps in [1, 2, 3, 5, 37, 1001] {
            let drawn: Vec<_> = (0..timesteps).map(|t| (t, 1.0)).collect();
            let counts = Quarters::of(&drawn, timesteps).0.map(|sum| sum.samples as usize);
            assert_eq!(counts.iter().sum::<usize>(), timesteps);
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most - least <= 1, "{timesteps}: {counts:?}");
        }
    }
}

//! Timesteps drawn so that few of them stand for all.

use langevin_math::rng::{Purpose, Stream};
use std::ops::Range;

/// The timesteps of a process in consecutive groups, from each of which one is drawn: Σ_t L_t is estimated without bias by
/// Σ_groups (size of the group) · L_{t drawn}. Timestep 0, whose term is of another kind, is a group of its own; the others
/// grow with t, as the terms are largest and change fastest where it is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strata(Vec<Range<usize>>);

impl Strata {
    /// `groups` groups of the timesteps `0..timesteps`, or as many as there are timesteps.
    ///
    /// # Panics
    /// If either is 0.
    pub fn new(timesteps: usize, groups: usize) -> Self {
        assert!(timesteps > 0 && groups > 0, "{groups} groups of {timesteps} timesteps");
        let groups = groups.min(timesteps);
        if groups == 1 {
            return Self(std::iter::once(0..timesteps).collect());
        }
        let (rest, parts) = (timesteps - 1, groups - 1);
        // Quadratically, and at least one timestep each.
        let begin = |part: usize| 1 + part.max((rest as f64 * (part as f64 / parts as f64).powi(2)) as usize);
        let later = (0..parts).map(|part| begin(part)..begin(part + 1));
        Self(std::iter::once(0..1).chain(later).collect())
    }

    /// The groups, the cleanest first.
    pub fn groups(&self) -> &[Range<usize>] {
        &self.0
    }

    /// A timestep of each group, for sample `index` of a seed.
    pub fn draw(&self, seed: u64, index: usize) -> Vec<usize> {
        let mut uniform = vec![0.0; self.0.len()];
        Stream::new(seed, Purpose::EvaluationTimestep, index as u64).uniform(0, &mut uniform);
        let drawn =
            |(group, u): (&Range<usize>, f32)| group.start + (f64::from(u) * group.len() as f64) as usize;
        self.0.iter().zip(uniform).map(drawn).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_share_out_every_timestep(timesteps in 1usize..2000, groups in 1usize..200) {
            let strata = Strata::new(timesteps, groups);
            prop_assert_eq!(strata.groups().len(), groups.min(timesteps));
            let mut next = 0;
            for group in strata.groups() {
                prop_assert_eq!(group.start, next);
                prop_assert!(!group.is_empty());
                next = group.end;
            }
            prop_assert_eq!(next, timesteps);
            for (group, t) in strata.groups().iter().zip(strata.draw(3, 7)) {
                prop_assert!(group.contains(&t));
            }
        }
    }

    /// Σ of sizes times a function of what is drawn has the function's sum as its mean.
    #[test]
    fn the_estimate_has_no_bias() {
        let (strata, f) = (Strata::new(100, 8), |t: usize| ((t * t) as f64).sqrt() + 3.0);
        let exact: f64 = (0..100).map(f).sum();
        let estimate = |index: usize| -> f64 {
            strata
                .groups()
                .iter()
                .zip(strata.draw(1, index))
                .map(|(group, t)| group.len() as f64 * f(t))
                .sum()
        };
        let estimates: Vec<f64> = (0..4000).map(estimate).collect();
        let mean = estimates.iter().sum::<f64>() / 4000.0;
        let deviation = (estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 4000.0).sqrt();
        assert!((mean - exact).abs() < 5.0 * deviation / 4000f64.sqrt(), "{mean} for {exact}");
    }
}

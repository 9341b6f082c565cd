//! Which checkpoints of a run stay on the disk.

use serde::{Deserialize, Serialize};

/// Which checkpoints stay; the others go as newer ones are written.
///
/// As TOML: `keep = { last = 3, every = 10000, best = 1 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// The newest so many; without it, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// Those of the steps that this divides, beside the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// 1 for the checkpoint of the best measurement in `checkpoints/best`, 0 for none.
    pub best: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: None, every: None, best: 1 }
    }
}

impl Keep {
    /// Whether nothing ever goes.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Those of `steps`, in ascending order, whose checkpoints go.
    pub fn outdated(&self, steps: &[u64]) -> Vec<u64> {
        let Some(last) = self.last else { return Vec::new() };
        let newest = usize::try_from(last).unwrap_or(usize::MAX);
        let older = &steps[..steps.len().saturating_sub(newest)];
        let stays = |step: &u64| self.every.is_some_and(|every| step.is_multiple_of(every));
        older.iter().copied().filter(|step| !stays(step)).collect()
    }

    /// How many checkpoints a run of `steps` has at its end, with one every `interval` steps.
    pub fn count(&self, steps: u64, interval: u64) -> u64 {
        let all = steps.div_ceil(interval);
        let Some(last) = self.last else { return all };
        let newest = last.min(all);
        // Those before the newest that both divide; the last one of all need not stand at the interval.
        let before = (all - newest) * interval;
        let common = self.every.map_or(0, |every| before / least_common_multiple(interval, every));
        newest + common
    }
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keep(last: u64, every: Option<u64>) -> Keep {
        Keep { last: Some(last), every, best: 1 }
    }

    #[test]
    fn the_newest_and_the_round_ones_stay() {
        let steps = [100, 200, 300, 400, 450];
        assert!(Keep::default().outdated(&steps).is_empty());
        assert_eq!(keep(1, None).outdated(&steps), [100, 200, 300, 400]);
        assert_eq!(keep(2, Some(200)).outdated(&steps), [100, 300]);
        assert!(keep(9, None).outdated(&steps).is_empty());
        assert!(keep(2, None).outdated(&[]).is_empty());
    }

    proptest! {
        /// What the plan promises is what is there when checkpoints come one by one.
        #[test]
        fn the_count_is_what_stays(steps in 1u64..400, interval in 1u64..50, last in 1u64..6, every in prop::option::of(1u64..90)) {
            let keep = keep(last, every);
            let mut there = Vec::new();
            for step in (1..=steps).filter(|step| step % interval == 0 || *step == steps) {
                there.push(step);
                let outdated = keep.outdated(&there);
                there.retain(|step| !outdated.contains(step));
            }
            prop_assert_eq!(there.len() as u64, keep.count(steps, interval));
        }
    }
}

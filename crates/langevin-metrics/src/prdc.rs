//! Precision and recall, density and coverage: how two sets cover one another, by nearest neighbours.

use crate::distances::Points;
use crate::error::MetricsError;
use crate::features::Features;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// How the generated samples and the real ones cover one another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prdc {
    /// The part of the generated samples near a real one, in [0, 1]    (Kynkäänniemi et al. 2019)
    pub precision: f64,
    /// The part of the real samples near a generated one, in [0, 1]    (Kynkäänniemi et al. 2019)
    pub recall: f64,
    /// Real samples that a generated one is near, on average, by k; 1 is expected where the sets are of one kind, and more is
    /// possible    (Naeem et al. 2020)
    pub density: f64,
    /// The part of the real samples that have a generated one near, in [0, 1]    (Naeem et al. 2020)
    pub coverage: f64,
}

/// What a block of real rows finds among the generated ones.
struct Found {
    /// Pairs where the generated row is within the real row's radius.
    pairs: u64,
    /// Real rows with a generated row within their radius.
    covered: u64,
    /// Real rows within a generated row's radius.
    recalled: u64,
    /// Which generated rows are within a real row's radius.
    precise: Vec<bool>,
}

/// Precision, recall, density and coverage of generated samples, with `k` neighbours.
///
/// A row's radius is the distance of its k-th nearest other in the same set; near means nearer than that, not as near.
/// Recall goes by the radii of the generated samples, the others by those of the real ones. Customary are k = 3 for
/// precision and recall and 5 for density and coverage, and 10,000 samples in each set. This is what the package prdc
/// computes, which counts the row itself as one neighbour more.
///
/// Distances are computed in f64 and rounded to f32 before they are compared: sets that hold the same points tie where they
/// should. Memory grows with the samples and not with their pairs. `observe` is told blocks of rows done and to do,
/// and may stop: the result is then `None`.
///
/// # Errors
/// If the dimensions differ, k is 0, or a set has no k + 1 samples.
pub fn prdc(
    real: Features<'_>,
    fake: Features<'_>,
    k: usize,
    observe: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Prdc>, MetricsError> {
    fake.expect_dimensions(real.dimensions())?;
    let fewest = real.count().min(fake.count());
    if fewest < 2 {
        return Err(MetricsError::TooFewSamples { what: "a nearest neighbour", least: 2, got: fewest });
    }
    if k == 0 || k >= fewest {
        return Err(MetricsError::Count { what: "neighbours", got: k, most: fewest - 1 });
    }
    let (real, fake) = (Points::new(real), Points::new(fake));
    let (mut done, all) = (0, 2 * real.blocks() + fake.blocks());
    let mut advance = |blocks: usize| {
        done += blocks;
        observe(done, all)
    };
    let Some(real_radii) = in_waves(real.blocks(), &mut advance, |block| real.radii(block, k)) else {
        return Ok(None);
    };
    let Some(fake_radii) = in_waves(fake.blocks(), &mut advance, |block| fake.radii(block, k)) else {
        return Ok(None);
    };
    let (real_radii, fake_radii) = (real_radii.concat(), fake_radii.concat());
    let compare_block = |block| compare(&real, block, &real_radii, &fake, &fake_radii);
    let found = in_waves(real.blocks(), &mut advance, compare_block);
    Ok(found.map(|found| summed(&found, real.count(), fake.count(), k)))
}

fn compare(
    real: &Points<'_>,
    block: usize,
    real_radii: &[f32],
    fake: &Points<'_>,
    fake_radii: &[f32],
) -> Found {
    let rows = real.rows_of(block);
    let (mut covered, mut recalled) = (vec![false; rows.len()], vec![false; rows.len()]);
    let (mut precise, mut pairs) = (vec![false; fake.count()], 0);
    real.distances(block, fake, |row, first, distances| {
        let (radius, place) = (real_radii[row], row - rows.start);
        let others = precise[first..].iter_mut().zip(&fake_radii[first..]);
        for (&distance, (precise, &fake_radius)) in distances.iter().zip(others) {
            let near = distance < radius;
            *precise |= near;
            covered[place] |= near;
            recalled[place] |= distance < fake_radius;
            pairs += u64::from(near);
        }
    });
    let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count() as u64;
    Found { pairs, covered: count(&covered), recalled: count(&recalled), precise }
}

fn summed(found: &[Found], reals: usize, fakes: usize, k: usize) -> Prdc {
    let total = |count: fn(&Found) -> u64| found.iter().map(count).sum::<u64>() as f64;
    let precise = (0..fakes).filter(|&fake| found.iter().any(|found| found.precise[fake])).count();
    Prdc {
        precision: precise as f64 / fakes as f64,
        recall: total(|found| found.recalled) / reals as f64,
        density: total(|found| found.pairs) / fakes as f64 / k as f64,
        coverage: total(|found| found.covered) / reals as f64,
    }
}

/// What `work` makes of each of `count` blocks, as many at a time as there are threads. `advance` is told how many those
/// were; `None` if it stops.
fn in_waves<T: Send>(
    count: usize,
    advance: &mut dyn FnMut(usize) -> ControlFlow<()>,
    work: impl Fn(usize) -> T + Sync,
) -> Option<Vec<T>> {
    let wave = rayon::current_num_threads();
    let mut results = Vec::with_capacity(count);
    while results.len() < count {
        let blocks = results.len()..count.min(results.len() + wave);
        let size = blocks.len();
        results.extend(blocks.into_par_iter().map(&work).collect::<Vec<_>>());
        if advance(size).is_break() {
            return None;
        }
    }
    Some(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{on_threads, rows};
    use proptest::prelude::*;

    fn go_on(_: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn of(real: &[f32], fake: &[f32], d: usize, k: usize) -> Prdc {
        let [real, fake] = [real, fake].map(|rows| Features::new(rows, d).unwrap());
        prdc(real, fake, k, &mut go_on).unwrap().unwrap()
    }

    #[test]
    fn sets_far_apart_share_nothing() {
        let (near, far) =
            (rows(1, 300, 6, 1.0), rows(2, 290, 6, 1.0).iter().map(|x| x + 99.0).collect::<Vec<_>>());
        let expected = Prdc { precision: 0.0, recall: 0.0, density: 0.0, coverage: 0.0 };
        assert_eq!(of(&near, &far, 6, 5), expected);
    }

    /// On a line at 0, 1, 3 and 7 with k = 1 the radii are 1, 1, 2 and 4: as near as the radius is not near.
    #[test]
    fn a_tie_is_not_near() {
        let (real, fake) = ([0.0, 1.0, 3.0, 7.0], [2.0, 5.0]);
        // 2 is at 1 from 1, which is too far, and at 1 from 3; 5 is at 2 from 3, too far, and at 2 from 7.
        // The generated radii are 3: 0, 1 and 3 are near 2; 3 and 7 near 5.
        let expected = Prdc { precision: 1.0, recall: 1.0, density: 1.0, coverage: 0.5 };
        assert_eq!(of(&real, &fake, 1, 1), expected);
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (real, fake) = (rows(1, 900, 5, 1.0), rows(2, 700, 5, 1.1));
        let found = on_threads(|| of(&real, &fake, 5, 3));
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn who_watches_may_stop() {
        let x = rows(1, 600, 2, 1.0);
        let features = Features::new(&x, 2).unwrap();
        let mut last = (0, 0);
        let whole = prdc(features, features, 3, &mut |done, all| {
            assert!(done > last.0);
            last = (done, all);
            ControlFlow::Continue(())
        });
        assert!(whole.unwrap().is_some());
        assert_eq!(last, (9, 9));
        for stop in [1, 5, 9] {
            let stopped = prdc(features, features, 3, &mut |done, _| {
                if done >= stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(stopped, Ok(None));
        }
    }

    #[test]
    fn neighbours_must_exist() {
        let x = [0.0; 6];
        let (two, three) = (Features::new(&x, 2).unwrap(), Features::new(&x, 3).unwrap());
        let refused = |real, fake, k| prdc(real, fake, k, &mut go_on).unwrap_err();
        assert!(matches!(refused(two, three, 1), MetricsError::Dimensions { .. }));
        for k in [0, 3] {
            assert_eq!(refused(two, two, k), MetricsError::Count { what: "neighbours", got: k, most: 2 });
        }
        let single = Features::new(&x[..2], 2).unwrap();
        assert!(matches!(refused(two, single, 1), MetricsError::TooFewSamples { got: 1, .. }));
    }

    proptest! {
        #[test]
        fn parts_are_parts(seed in 0u64..500, n in 8usize..90, m in 8usize..90, d in 1usize..8, k in 1usize..7) {
            let found = of(&rows(seed, n, d, 1.0), &rows(seed + 1, m, d, 1.3), d, k);
            for part in [found.precision, found.recall, found.coverage] {
                prop_assert!((0.0..=1.0).contains(&part));
            }
            prop_assert!(found.density >= 0.0 && found.density <= n as f64 / k as f64);
        }

        /// Every row finds itself; its own k-th neighbour is as near as the radius, so that k − 1 others are counted.
        #[test]
        fn a_set_covers_itself(seed in 0u64..500, n in 8usize..300, d in 1usize..8, k in 1usize..7) {
            let set = rows(seed, n, d, 1.0);
            let found = of(&set, &set, d, k);
            prop_assert_eq!((found.precision, found.recall, found.coverage), (1.0, 1.0, 1.0));
            prop_assert!((found.density - 1.0).abs() < 1e-12, "{}", found.density);
        }
    }
}

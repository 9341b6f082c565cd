//! Concatenation of channels, and its split.

use crate::columns::TASK;
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// The channels of a, then those of b, at each position.
///
/// # Shapes
/// `a`: `[positions, channels[0]]`, `b`: `[positions, channels[1]]`, `y`: `[positions, channels[0] + channels[1]]`;
/// the positions are those of all samples.
pub fn concat_channels(a: &[f32], b: &[f32], channels: [usize; 2], y: &mut [f32]) {
    let [width, run] = joined(channels, a.len(), b.len(), y.len());
    dispatch!(|s, _MR| {
        let inputs = a.par_chunks(run * channels[0]).zip(b.par_chunks(run * channels[1]));
        let parts = y.par_chunks_mut(run * width).zip(inputs);
        parts.for_each(|(y, (a, b))| s.vectorize(Concat { a, b, channels, y }));
    });
}

/// The gradients of [`concat_channels`]: the channels of dy, shared out again.
///
/// # Shapes
/// As there, `dy` for y, `da` for a, `db` for b.
pub fn split_channels(dy: &[f32], channels: [usize; 2], da: &mut [f32], db: &mut [f32]) {
    let [width, run] = joined(channels, da.len(), db.len(), dy.len());
    dispatch!(|s, _MR| {
        let outputs = da.par_chunks_mut(run * channels[0]).zip(db.par_chunks_mut(run * channels[1]));
        let parts = dy.par_chunks(run * width).zip(outputs);
        parts.for_each(|(dy, (da, db))| s.vectorize(Split { dy, channels, da, db }));
    });
}

/// The joined channels, and the positions that a task takes.
fn joined(channels: [usize; 2], a: usize, b: usize, y: usize) -> [usize; 2] {
    assert!(channels[0] > 0 && channels[1] > 0, "a join with no channels");
    let width = channels[0] + channels[1];
    let positions = y / width;
    let expected = [positions * channels[0], positions * channels[1], positions * width];
    assert_eq!([a, b, y], expected, "lengths of the parts and of the whole");
    [width, TASK.div_ceil(width)]
}

/// Copies `count` elements; shorter than a call for the few channels of a position.
///
/// # Safety
/// `from` must be valid for reads and `to` for writes of `count` elements.
#[inline(always)]
unsafe fn copy<S: Simd>(s: S, from: *const f32, to: *mut f32, count: usize) {
    let mut at = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while at + S::LANES <= count {
            s.store(to.add(at), s.load(from.add(at)));
            at += S::LANES;
        }
        if at < count {
            s.store_partial(to.add(at), s.load_partial(from.add(at), count - at), count - at);
        }
    }
}

struct Concat<'a> {
    a: &'a [f32],
    b: &'a [f32],
    channels: [usize; 2],
    y: &'a mut [f32],
}

impl Kernel for Concat<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let [first, second] = self.channels;
        let inputs = self.a.chunks_exact(first).zip(self.b.chunks_exact(second));
        for (y, (a, b)) in self.y.chunks_exact_mut(first + second).zip(inputs) {
            // SAFETY: y is as long as a and b together.
            unsafe {
                copy(s, a.as_ptr(), y.as_mut_ptr(), first);
                copy(s, b.as_ptr(), y.as_mut_ptr().add(first), second);
            }
        }
    }
}

struct Split<'a> {
    dy: &'a [f32],
    channels: [usize; 2],
    da: &'a mut [f32],
    db: &'a mut [f32],
}

impl Kernel for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let [first, second] = self.channels;
        let outputs = self.da.chunks_exact_mut(first).zip(self.db.chunks_exact_mut(second));
        for (dy, (da, db)) in self.dy.chunks_exact(first + second).zip(outputs) {
            // SAFETY: dy is as long as da and db together.
            unsafe {
                copy(s, dy.as_ptr(), da.as_mut_ptr(), first);
                copy(s, dy.as_ptr().add(first), db.as_mut_ptr(), second);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, with_isa};
    use crate::testing::{same_on_all_pools, values};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_element_is_put_in_its_place(
            rows in 1usize..120, a in 1usize..40, b in 1usize..40, seed: u64
        ) {
            let (first, second) = (values(seed, rows * a), values(seed ^ 1, rows * b));
            for isa in Isa::available() {
                let mut whole = vec![f32::NAN; rows * (a + b)];
                let mut parts = (vec![f32::NAN; rows * a], vec![f32::NAN; rows * b]);
                with_isa(isa, || {
                    concat_channels(&first, &second, [a, b], &mut whole);
                    split_channels(&whole, [a, b], &mut parts.0, &mut parts.1);
                });
                for i in 0..rows {
                    for c in 0..a {
                        prop_assert_eq!(whole[i * (a + b) + c], first[i * a + c]);
                    }
                    for c in 0..b {
                        prop_assert_eq!(whole[i * (a + b) + a + c], second[i * b + c]);
                    }
                }
                prop_assert_eq!(parts, (first.clone(), second.clone()));
            }
        }
    }

    #[test]
    fn several_tasks_give_the_same_on_all_pools() {
        let (rows, a, b) = (2100, 33, 24);
        let (x, z) = (values(1, rows * a), values(3, rows * b));
        same_on_all_pools(|| {
            let mut whole = vec![0.0; x.len() + z.len()];
            concat_channels(&x, &z, [a, b], &mut whole);
            let (mut da, mut db) = (vec![0.0; x.len()], vec![0.0; z.len()]);
            split_channels(&whole, [a, b], &mut da, &mut db);
            assert!(da == x && db == z);
            vec![whole]
        });
    }

    #[test]
    #[should_panic(expected = "lengths of the parts")]
    fn a_part_that_does_not_fit_is_refused() {
        concat_channels(&[0.0; 6], &[0.0; 3], [2, 2], &mut [0.0; 12]);
    }
}

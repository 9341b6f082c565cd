//! What joins activations: addition, and concatenation of channels.

use crate::columns::{Cells, Place, TASK, read, walk, write};
use crate::elementwise::{Function, map};
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// y = a + b.
pub fn add(a: &[f32], b: &[f32], y: &mut [f32]) {
    map(Sum, [a, b], y);
}

#[derive(Clone, Copy)]
struct Sum;

impl Function<2> for Sum {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, [a, b]: [S::V; 2]) -> S::V {
        s.add(a, b)
    }
}

/// y = x + t with the same `t` at every position of a sample. The gradient of x is that of y; the gradient of t is
/// its sum over positions, [`channel_sums`](crate::channel_sums).
///
/// # Shapes
/// `x`, `y`: `[batch, positions, channels]`; `t`: `[batch, channels]`.
pub fn add_channels(x: &[f32], t: &[f32], channels: usize, y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "input and output differ in length");
    if x.is_empty() {
        return;
    }
    assert!(channels > 0 && !t.is_empty() && t.len().is_multiple_of(channels), "t is [batch, {channels}]");
    assert!(
        x.len().is_multiple_of(t.len()),
        "{} elements are no positions of {} samples",
        x.len(),
        t.len() / channels
    );
    let sample = x.len() / t.len() * channels;
    let run = TASK.div_ceil(channels) * channels;
    let least = TASK.div_ceil(sample);
    dispatch!(|s, _MR| {
        let samples = x.par_chunks(sample).zip(y.par_chunks_mut(sample)).zip(t.par_chunks(channels));
        samples.with_min_len(least).for_each(|((x, y), t)| {
            let runs = x.par_chunks(run).zip(y.par_chunks_mut(run));
            runs.for_each(|(x, y)| s.vectorize(AddRow { x, t, y }));
        });
    });
}

struct AddRow<'a> {
    x: &'a [f32],
    t: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for AddRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let sums = RowSums { x: self.x.as_ptr(), t: self.t.as_ptr(), y: self.y.as_mut_ptr() };
        // SAFETY: x and y are of one length, and t is as long as their rows.
        unsafe { walk(s, sums, self.x.len(), self.t.len(), &mut []) };
    }
}

#[derive(Clone, Copy)]
struct RowSums {
    x: *const f32,
    t: *const f32,
    y: *mut f32,
}

impl Cells<0> for RowSums {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { column, at, count, .. }: Place) -> [S::V; 0] {
        // SAFETY: the caller's promise.
        unsafe {
            let sum = s.add(read(s, self.x.add(at), count), read(s, self.t.add(column), count));
            write(s, self.y.add(at), sum, count);
        }
        []
    }
}

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
        fn joins_put_every_element_in_its_place(
            batch in 1usize..4, positions in 1usize..40, a in 1usize..40, b in 1usize..40, seed: u64
        ) {
            let rows = batch * positions;
            let (first, second) = (values(seed, rows * a), values(seed ^ 1, rows * b));
            let t = values(seed ^ 2, batch * a);
            for isa in Isa::available() {
                let (mut sum, mut whole) = (vec![f32::NAN; rows * a], vec![f32::NAN; rows * (a + b)]);
                let mut parts = (vec![f32::NAN; rows * a], vec![f32::NAN; rows * b]);
                let mut twice = vec![f32::NAN; rows * a];
                with_isa(isa, || {
                    add_channels(&first, &t, a, &mut sum);
                    concat_channels(&first, &second, [a, b], &mut whole);
                    split_channels(&whole, [a, b], &mut parts.0, &mut parts.1);
                    add(&first, &sum, &mut twice);
                });
                for i in 0..rows {
                    for c in 0..a {
                        prop_assert_eq!(whole[i * (a + b) + c], first[i * a + c]);
                        prop_assert_eq!(sum[i * a + c], first[i * a + c] + t[i / positions * a + c]);
                        prop_assert_eq!(twice[i * a + c], first[i * a + c] + sum[i * a + c]);
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
    fn joins_of_several_tasks_give_the_same_on_all_pools() {
        let (positions, a, b) = (700, 33, 24);
        let (x, t, z) = (values(1, 3 * positions * a), values(2, 3 * a), values(3, 3 * positions * b));
        same_on_all_pools(|| {
            let (mut y, mut whole) = (vec![0.0; x.len()], vec![0.0; x.len() + z.len()]);
            add_channels(&x, &t, a, &mut y);
            concat_channels(&x, &z, [a, b], &mut whole);
            let (mut da, mut db) = (vec![0.0; x.len()], vec![0.0; z.len()]);
            split_channels(&whole, [a, b], &mut da, &mut db);
            assert!(da == x && db == z);
            assert!(y.iter().enumerate().all(|(i, y)| *y == x[i] + t[i / (positions * a) * a + i % a]));
            vec![y, whole]
        });
    }

    #[test]
    #[should_panic(expected = "lengths of the parts")]
    fn a_part_that_does_not_fit_is_refused() {
        concat_channels(&[0.0; 6], &[0.0; 3], [2, 2], &mut [0.0; 12]);
    }
}

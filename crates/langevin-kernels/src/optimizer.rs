//! The optimiser's update: clipping, Adam or AdamW and the moving average in one pass over memory.

use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

#[cfg(test)]
mod tests;

/// Elements that one task takes.
const CHUNK: usize = 1 << 14;

/// The numbers of one update by Adam (Kingma & Ba 2015, Algorithm 1) or AdamW (Loshchilov & Hutter 2019,
/// Algorithm 2), after which a moving average follows the weights.
///
/// ```text
/// g ← scale · g + pull · w
/// m ← beta1 · m + rest1 · g
/// v ← beta2 · v + rest2 · g²
/// w ← keep · w − rate · m / (root · √v + epsilon)
/// a ← a + follow · (w − a)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// What clipping multiplies the gradient by.
    pub scale: f32,
    /// Adam's weight decay, a part of the gradient; 0 for AdamW.
    pub pull: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// 1 − β₁, rounded once.
    pub rest1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// 1 − β₂, rounded once.
    pub rest2: f32,
    /// 1 less AdamW's weight decay times the learning rate; 1 for Adam.
    pub keep: f32,
    /// The learning rate over 1 − β₁ᵗ at update t, the correction of the first moment.
    pub rate: f32,
    /// 1 / √(1 − β₂ᵗ), the correction of the second.
    pub root: f32,
    /// What keeps the division from one by zero.
    pub epsilon: f32,
    /// 1 less the decay of the moving average.
    pub follow: f32,
}

impl AdamStep {
    /// Updates the weights of one parameter, both moments and the average in place, each element read and
    /// written once.
    ///
    /// Products are not fused with sums, so every instruction set gives the same bits.
    ///
    /// # Panics
    /// If the slices are not of one length.
    pub fn apply(
        &self,
        weights: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
        average: &mut [f32],
    ) {
        let n = weights.len();
        for (name, len) in [
            ("gradient", gradient.len()),
            ("first moment", first.len()),
            ("second moment", second.len()),
            ("average", average.len()),
        ] {
            assert_eq!(len, n, "the {name} has {len} elements where the weights have {n}");
        }
        let chunks = (weights.par_chunks_mut(CHUNK), gradient.par_chunks(CHUNK));
        let state =
            (first.par_chunks_mut(CHUNK), second.par_chunks_mut(CHUNK), average.par_chunks_mut(CHUNK));
        dispatch!(|s, _MR| chunks.into_par_iter().zip(state.into_par_iter()).for_each(
            |((weights, gradient), (first, second, average))| {
                s.vectorize(Update { step: *self, weights, gradient, first, second, average });
            }
        ));
    }
}

/// An update of one chunk; the slices are of one length.
struct Update<'a> {
    step: AdamStep,
    weights: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    average: &'a mut [f32],
}

impl Kernel for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = self.weights.len();
        let whole = n - n % S::LANES;
        let gradient = self.gradient.as_ptr();
        let [weights, first, second, average] =
            [self.weights, self.first, self.second, self.average].map(<[f32]>::as_mut_ptr);
        let numbers = Numbers::new(s, &self.step);
        for i in (0..whole).step_by(S::LANES) {
            // SAFETY: all slices have n elements, and i + LANES ≤ n.
            unsafe {
                let [w, m, v, a] = [weights, first, second, average].map(|array| s.load(array.add(i)));
                let new = numbers.update(s, s.load(gradient.add(i)), [w, m, v, a]);
                for (array, new) in [weights, first, second, average].into_iter().zip(new) {
                    s.store(array.add(i), new);
                }
            }
        }
        let count = n - whole;
        // SAFETY: `count` elements follow `whole` in each slice, fewer than LANES.
        unsafe {
            let partial = |array: *const f32| s.load_partial(array.add(whole), count);
            let state = [weights, first, second, average].map(|array| partial(array));
            let new = numbers.update(s, partial(gradient), state);
            for (array, new) in [weights, first, second, average].into_iter().zip(new) {
                s.store_partial(array.add(whole), new, count);
            }
        }
    }
}

/// The numbers of a step, each in every lane.
#[derive(Clone, Copy)]
struct Numbers<V> {
    scale: V,
    pull: V,
    betas: [V; 2],
    rests: [V; 2],
    keep: V,
    rate: V,
    root: V,
    epsilon: V,
    follow: V,
}

impl<V: Copy> Numbers<V> {
    #[inline(always)]
    fn new<S: Simd<V = V>>(s: S, step: &AdamStep) -> Self {
        Self {
            scale: s.splat(step.scale),
            pull: s.splat(step.pull),
            betas: [s.splat(step.beta1), s.splat(step.beta2)],
            rests: [s.splat(step.rest1), s.splat(step.rest2)],
            keep: s.splat(step.keep),
            rate: s.splat(step.rate),
            root: s.splat(step.root),
            epsilon: s.splat(step.epsilon),
            follow: s.splat(step.follow),
        }
    }

    /// The new weights, moments and average.
    #[inline(always)]
    fn update<S: Simd<V = V>>(self, s: S, g: V, [w, m, v, a]: [V; 4]) -> [V; 4] {
        let g = s.add(s.mul(self.scale, g), s.mul(self.pull, w));
        let m = s.add(s.mul(self.betas[0], m), s.mul(self.rests[0], g));
        let v = s.add(s.mul(self.betas[1], v), s.mul(s.mul(self.rests[1], g), g));
        let denominator = s.add(s.mul(s.sqrt(v), self.root), self.epsilon);
        let w = s.sub(s.mul(self.keep, w), s.div(s.mul(self.rate, m), denominator));
        let a = s.add(a, s.mul(self.follow, s.sub(w, a)));
        [w, m, v, a]
    }
}

//! Functions of corresponding elements of flat slices.

use crate::columns::{TASK, read, write};
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// A function of `N` numbers, a vector at a time.
pub(crate) trait Function<const N: usize>: Copy + Send + Sync {
    /// Its value; must be `#[inline(always)]`.
    fn apply<S: Simd>(self, s: S, x: [S::V; N]) -> S::V;
}

/// y = f(inputs), element by element.
pub(crate) fn map<const N: usize, F: Function<N>>(f: F, inputs: [&[f32]; N], y: &mut [f32]) {
    for x in inputs {
        assert_eq!(x.len(), y.len(), "input and output differ in length");
    }
    dispatch!(|s, _MR| {
        y.par_chunks_mut(TASK).enumerate().for_each(|(k, y)| {
            let inputs = inputs.map(|x| &x[k * TASK..k * TASK + y.len()]);
            s.vectorize(Map { f, inputs, y });
        });
    });
}

struct Map<'a, const N: usize, F> {
    f: F,
    inputs: [&'a [f32]; N],
    y: &'a mut [f32],
}

impl<const N: usize, F: Function<N>> Map<'_, N, F> {
    /// # Safety
    /// `count` elements from `at` on must exist in `y` and all inputs.
    #[inline(always)]
    unsafe fn step<S: Simd>(&mut self, s: S, at: usize, count: usize) {
        let mut x = [s.zero(); N];
        // SAFETY: the caller's promise.
        unsafe {
            for (x, input) in x.iter_mut().zip(self.inputs) {
                *x = read(s, input.as_ptr().add(at), count);
            }
            write(s, self.y.as_mut_ptr().add(at), self.f.apply(s, x), count);
        }
    }
}

impl<const N: usize, F: Function<N>> Kernel for Map<'_, N, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let len = self.y.len();
        let mut at = 0;
        // SAFETY: at + count ≤ len, and the inputs were cut to the length of `y`.
        unsafe {
            while at + S::LANES <= len {
                self.step(s, at, S::LANES);
                at += S::LANES;
            }
            if at < len {
                self.step(s, at, len - at);
            }
        }
    }
}

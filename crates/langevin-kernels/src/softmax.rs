//! Softmax over the last axis.

use crate::columns::{Cells, Place, TASK, read, row_sums, write};
use crate::exp2::exp2;
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

#[cfg(test)]
mod tests;

/// y = exp(x − max x) / Σ exp(x − max x) for each row of `n` elements.
///
/// # Shapes
/// `x`, `y`: `[rows, n]`.
pub fn softmax(x: &[f32], n: usize, y: &mut [f32]) {
    assert!(n > 0 && x.len().is_multiple_of(n), "{} elements are no rows of {n}", x.len());
    assert_eq!(x.len(), y.len(), "input and output differ in length");
    let run = TASK.div_ceil(n) * n;
    dispatch!(|s, _MR| {
        let parts = x.par_chunks(run).zip(y.par_chunks_mut(run));
        parts.for_each(|(x, y)| s.vectorize(Forward { x, n, y }));
    });
}

/// dx = y (dy − Σ dy y) for each row, given the output y.
///
/// # Shapes
/// `y`, `dy`, `dx`: `[rows, n]`.
pub fn softmax_backward(y: &[f32], dy: &[f32], n: usize, dx: &mut [f32]) {
    assert!(n > 0 && y.len().is_multiple_of(n), "{} elements are no rows of {n}", y.len());
    assert!(y.len() == dy.len() && y.len() == dx.len(), "output and gradients differ in length");
    let run = TASK.div_ceil(n) * n;
    dispatch!(|s, _MR| {
        let parts = y.par_chunks(run).zip(dy.par_chunks(run)).zip(dx.par_chunks_mut(run));
        parts.for_each(|((y, dy), dx)| s.vectorize(Backward { y, dy, n, dx }));
    });
}

struct Forward<'a> {
    x: &'a [f32],
    n: usize,
    y: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { x, n, y } = self;
        for (row, x_row) in x.chunks_exact(n).enumerate() {
            let shift = largest(s, x_row);
            let y = y.as_mut_ptr();
            // SAFETY: the row lies in x and y, which are of one length.
            unsafe {
                let [sum] = row_sums(s, Exponentials { x: x.as_ptr(), shift, y }, row, n);
                let _: [f32; 0] = row_sums(s, Scale { y, factor: 1.0 / sum }, row, n);
            }
        }
    }
}

/// The largest element of a row.
#[inline(always)]
fn largest<S: Simd>(s: S, row: &[f32]) -> f32 {
    if row.len() < S::LANES {
        return row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    }
    // The last vector may overlap the one before: a maximum does not mind.
    let last = row.len() - S::LANES;
    // SAFETY: at + LANES ≤ the row's length.
    unsafe {
        let mut most = s.load(row.as_ptr().add(last));
        let mut at = 0;
        while at < last {
            most = s.max(most, s.load(row.as_ptr().add(at)));
            at += S::LANES;
        }
        s.reduce_max(most)
    }
}

/// Writes exp(x − shift) and sums it.
#[derive(Clone, Copy)]
struct Exponentials {
    x: *const f32,
    shift: f32,
    y: *mut f32,
}

impl Cells<1> for Exponentials {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { at, count, .. }: Place) -> [S::V; 1] {
        // SAFETY: the caller's promise.
        unsafe {
            let d = s.sub(read(s, self.x.add(at), count), s.splat(self.shift));
            let y = exp2(s, s.mul(d, s.splat(std::f32::consts::LOG2_E)));
            write(s, self.y.add(at), y, count);
            // Read back, so that the lanes that are not there are 0.
            [if count == S::LANES { y } else { read(s, self.y.add(at), count) }]
        }
    }
}

#[derive(Clone, Copy)]
struct Scale {
    y: *mut f32,
    factor: f32,
}

impl Cells<0> for Scale {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { at, count, .. }: Place) -> [S::V; 0] {
        // SAFETY: the caller's promise.
        unsafe {
            let y = read(s, self.y.add(at), count);
            write(s, self.y.add(at), s.mul(y, s.splat(self.factor)), count);
        }
        []
    }
}

struct Backward<'a> {
    y: &'a [f32],
    dy: &'a [f32],
    n: usize,
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { y, dy, n, dx } = self;
        let (rows, dx) = (y.len() / n, dx.as_mut_ptr());
        for row in 0..rows {
            let products = Products { y: y.as_ptr(), dy: dy.as_ptr() };
            // SAFETY: the row lies in y, dy and dx, which are of one length.
            unsafe {
                let [sum] = row_sums(s, products, row, n);
                let _: [f32; 0] = row_sums(s, Gradient { products, sum, dx }, row, n);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Products {
    y: *const f32,
    dy: *const f32,
}

impl Cells<1> for Products {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { at, count, .. }: Place) -> [S::V; 1] {
        // SAFETY: the caller's promise.
        unsafe { [s.mul(read(s, self.y.add(at), count), read(s, self.dy.add(at), count))] }
    }
}

#[derive(Clone, Copy)]
struct Gradient {
    products: Products,
    sum: f32,
    dx: *mut f32,
}

impl Cells<0> for Gradient {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { at, count, .. }: Place) -> [S::V; 0] {
        let Products { y, dy } = self.products;
        // SAFETY: the caller's promise.
        unsafe {
            let centred = s.sub(read(s, dy.add(at), count), s.splat(self.sum));
            write(s, self.dx.add(at), s.mul(read(s, y.add(at), count), centred), count);
        }
        []
    }
}

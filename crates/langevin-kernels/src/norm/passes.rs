//! The two passes of GroupNorm's gradient over the runs of a sample.

use super::group::Argument;
use super::rows::Cut;
use crate::activation::silu_slope;
use crate::columns::{Cells, Place, read, walk, write};
use crate::scratch::Scratch;
use crate::simd::{Kernel, Simd};

/// The first pass over a run: for each channel Σ g and Σ g (x − μ). Where g is not dy it is kept, in dx.
pub(super) struct FirstPass<'a> {
    pub(super) cut: Cut,
    pub(super) rows: &'a [f32],
    pub(super) silu: bool,
    pub(super) x: &'a [f32],
    pub(super) dy: &'a [f32],
    pub(super) g: &'a mut [f32],
    pub(super) sums: &'a mut [f32],
}

impl Kernel for FirstPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { cut, rows, silu, x, dy, g, sums } = self;
        assert!(rows.len() == 3 * cut.width && x.len() == dy.len() && x.len() == g.len());
        let Cut { channels, width, .. } = cut;
        let argument = Argument::new(x, rows, width);
        let (dy, g, len) = (dy.as_ptr(), g.as_mut_ptr(), x.len());
        let mut columns = Scratch::new(2 * width);
        columns.fill(0.0);
        // SAFETY: x, dy and g have the length that is visited, the rows `width` elements each.
        unsafe {
            if silu {
                walk(s, Slopes::<true> { argument, dy, g }, len, width, &mut columns);
            } else {
                walk(s, Slopes::<false> { argument, dy, g }, len, width, &mut columns);
            }
        }
        for (sums, columns) in sums.chunks_exact_mut(channels).zip(columns.chunks_exact(width)) {
            sums.fill(0.0);
            for position in columns.chunks_exact(channels) {
                sums.iter_mut().zip(position).for_each(|(sum, v)| *sum += v);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Slopes<const SILU: bool> {
    argument: Argument,
    dy: *const f32,
    g: *mut f32,
}

impl<const SILU: bool> Cells<2> for Slopes<SILU> {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, place: Place) -> [S::V; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let (d, u) = self.argument.of(s, place);
            let dy = read(s, self.dy.add(place.at), place.count);
            let g = if SILU { s.mul(dy, silu_slope(s, u)) } else { dy };
            if SILU {
                write(s, self.g.add(place.at), g, place.count);
            }
            [g, s.mul(g, d)]
        }
    }
}

/// The second pass over a run: dx, from g as dx holds it, or from dy where that is g.
pub(super) struct SecondPass<'a> {
    pub(super) cut: Cut,
    pub(super) rows: &'a [f32],
    pub(super) x: &'a [f32],
    pub(super) dy: Option<&'a [f32]>,
    pub(super) residual: Option<&'a [f32]>,
    pub(super) dx: &'a mut [f32],
}

impl Kernel for SecondPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { cut, rows, x, dy, residual, dx } = self;
        let len = x.len();
        assert!(rows.len() == 4 * cut.width && dx.len() == len);
        assert!(dy.is_none_or(|dy| dy.len() == len) && residual.is_none_or(|r| r.len() == len));
        let dx = dx.as_mut_ptr();
        let g = dy.map_or(dx.cast_const(), <[f32]>::as_ptr);
        let residual = residual.map_or(std::ptr::null(), <[f32]>::as_ptr);
        let input = Input { x: x.as_ptr(), g, residual, rows: rows.as_ptr(), width: cut.width, dx };
        // SAFETY: all have the length that is visited, the rows `width` elements each.
        unsafe {
            if residual.is_null() {
                walk(s, WithResidual::<false>(input), len, cut.width, &mut []);
            } else {
                walk(s, WithResidual::<true>(input), len, cut.width, &mut []);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Input {
    x: *const f32,
    g: *const f32,
    residual: *const f32,
    rows: *const f32,
    width: usize,
    dx: *mut f32,
}

#[derive(Clone, Copy)]
struct WithResidual<const RESIDUAL: bool>(Input);

impl<const RESIDUAL: bool> Cells<0> for WithResidual<RESIDUAL> {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { column, at, count, .. }: Place) -> [S::V; 0] {
        let Input { x, g, residual, rows, width, dx } = self.0;
        // SAFETY: the caller's promise.
        unsafe {
            let row = |k: usize| rows.add(k * width + column);
            let d = s.sub(read(s, x.add(at), count), read(s, row(0), count));
            let mut v = s.mul_add(d, read(s, row(2), count), read(s, row(3), count));
            v = s.mul_add(read(s, g.add(at), count), read(s, row(1), count), v);
            if RESIDUAL {
                v = s.add(v, read(s, residual.add(at), count));
            }
            write(s, dx.add(at), v, count);
        }
        []
    }
}

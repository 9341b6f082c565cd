//! A matrix product of one panel, and what becomes of its tiles.

use crate::exp2::exp2;
use crate::micro::{Tile, multiply, read_tile, tile_columns, write_tile, zero_tile};
use crate::simd::Simd;
use std::f32::consts::LOG2_E;

/// A · B, where B is one panel: `[depth, tile columns]`.
pub(super) struct Product {
    /// The first element of A.
    pub(super) a: *const f32,
    /// Elements from one row of A to the next.
    pub(super) a_line: usize,
    /// Elements from one column of A to the next.
    pub(super) a_step: usize,
    pub(super) rows: usize,
    pub(super) b: *const f32,
    pub(super) depth: usize,
}

/// What a tile begins with and where it goes; `row` is the tile's first.
pub(super) trait Destination: Copy {
    /// What the products are added to.
    ///
    /// # Safety
    /// The elements for `valid` rows from `row` on must be readable, whole tiles of columns.
    #[inline(always)]
    unsafe fn start<S: Simd, const MR: usize>(self, s: S, _row: usize, _valid: usize) -> Tile<S::V, MR> {
        zero_tile::<S, MR>(s)
    }

    /// Takes the sums.
    ///
    /// # Safety
    /// The elements for `valid` rows from `row` on must be writable, whole tiles of columns.
    unsafe fn finish<S: Simd, const MR: usize>(self, s: S, row: usize, valid: usize, tile: &Tile<S::V, MR>);
}

impl Product {
    /// Computes all rows.
    ///
    /// # Safety
    /// A and B must be readable, and `to` must hold `rows` rows.
    #[inline(always)]
    pub(super) unsafe fn compute<S: Simd, const MR: usize>(&self, s: S, to: impl Destination) {
        for row in (0..self.rows).step_by(MR) {
            let valid = MR.min(self.rows - row);
            // Rows that are not there repeat the last, and are not written.
            let rows = std::array::from_fn(|r| self.a.wrapping_add((row + r.min(valid - 1)) * self.a_line));
            // SAFETY: the caller's promise.
            unsafe {
                let mut tile = to.start::<S, MR>(s, row, valid);
                multiply(s, &mut tile, &rows, self.a_step, self.b, tile_columns::<S>(), self.depth);
                to.finish(s, row, valid, &tile);
            }
        }
    }
}

/// Writes rows, `line` elements apart, or adds to what is there.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) to: *mut f32,
    pub(super) line: usize,
    pub(super) add: bool,
}

impl Sums {
    /// The same rows from another column on, which must exist.
    #[inline(always)]
    pub(super) fn at_column(self, column: usize) -> Self {
        Self { to: self.to.wrapping_add(column), ..self }
    }
}

impl Destination for Sums {
    #[inline(always)]
    unsafe fn start<S: Simd, const MR: usize>(self, s: S, row: usize, valid: usize) -> Tile<S::V, MR> {
        if self.add {
            // SAFETY: the caller's promise.
            unsafe { read_tile::<S, MR>(s, self.to.add(row * self.line), self.line, valid) }
        } else {
            zero_tile::<S, MR>(s)
        }
    }

    #[inline(always)]
    unsafe fn finish<S: Simd, const MR: usize>(self, s: S, row: usize, valid: usize, tile: &Tile<S::V, MR>) {
        // SAFETY: the caller's promise.
        unsafe { write_tile(s, self.to.add(row * self.line), self.line, valid, tile) }
    }
}

/// P = 2^(score − log_sum · log₂ e), the scores being exponents of 2.
#[derive(Clone, Copy)]
pub(super) struct Probabilities {
    pub(super) to: *mut f32,
    pub(super) line: usize,
    pub(super) log_sum: *const f32,
}

impl Destination for Probabilities {
    #[inline(always)]
    unsafe fn finish<S: Simd, const MR: usize>(self, s: S, row: usize, valid: usize, tile: &Tile<S::V, MR>) {
        for (r, scores) in tile.iter().enumerate().take(valid) {
            // SAFETY: the caller's promise.
            unsafe {
                let log_sum = s.splat(*self.log_sum.add(row + r));
                for (v, &score) in scores.iter().enumerate() {
                    let p = exp2(s, s.mul_add(log_sum, s.splat(-LOG2_E), score));
                    s.store(self.to.add((row + r) * self.line + v * S::LANES), p);
                }
            }
        }
    }
}

/// dS = P ∘ (dP − D).
#[derive(Clone, Copy)]
pub(super) struct ScoreGradients {
    pub(super) to: *mut f32,
    pub(super) line: usize,
    pub(super) probabilities: *const f32,
    /// D.
    pub(super) shares: *const f32,
}

impl Destination for ScoreGradients {
    #[inline(always)]
    unsafe fn finish<S: Simd, const MR: usize>(self, s: S, row: usize, valid: usize, tile: &Tile<S::V, MR>) {
        for (r, gradients) in tile.iter().enumerate().take(valid) {
            // SAFETY: the caller's promise.
            unsafe {
                let share = s.splat(*self.shares.add(row + r));
                for (v, &gradient) in gradients.iter().enumerate() {
                    let at = (row + r) * self.line + v * S::LANES;
                    let p = s.load(self.probabilities.add(at));
                    s.store(self.to.add(at), s.mul(p, s.sub(gradient, share)));
                }
            }
        }
    }
}

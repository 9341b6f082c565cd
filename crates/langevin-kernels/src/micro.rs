//! The register tile at the bottom of every matrix product.

use crate::simd::Simd;

/// Vectors that a tile is wide.
pub(crate) const NV: usize = 2;

/// Steps of a product that are written out one after the other: the loop's own instructions are a fifth of a step's.
const UNROLL: usize = 4;

/// Columns of a tile.
#[inline(always)]
pub(crate) const fn tile_columns<S: Simd>() -> usize {
    NV * S::LANES
}

/// A tile of `MR` rows and two vectors of columns, kept in registers.
pub(crate) type Tile<V, const MR: usize> = [[V; NV]; MR];

/// An empty tile.
#[inline(always)]
pub(crate) fn zero_tile<S: Simd, const MR: usize>(s: S) -> Tile<S::V, MR> {
    [[s.zero(); NV]; MR]
}

/// tile[r][c] += Σ_k rows[r][k · row_step] · b[k · b_step + c], k ascending, for each element on its own: which
/// rows share a tile changes nothing.
///
/// # Safety
/// Every element named by the sum must be readable.
#[inline(always)]
pub(crate) unsafe fn multiply<S: Simd, const MR: usize>(
    s: S,
    tile: &mut Tile<S::V, MR>,
    rows: &[*const f32; MR],
    row_step: usize,
    b: *const f32,
    b_step: usize,
    count: usize,
) {
    let mut sums = *tile;
    // Addresses are added up: a product for each k would cost as much as a load. Rows whose elements lie side by side
    // need no address of their own in the steps that are written out; others would need more registers than there are.
    let (mut at, mut b) = (0, b);
    let written_out = if row_step == 1 { count / UNROLL * UNROLL } else { 0 };
    for _ in 0..written_out / UNROLL {
        for _ in 0..UNROLL {
            // SAFETY: within the sum.
            unsafe { add_step(s, &mut sums, rows, at, b) };
            (at, b) = (at + row_step, b.wrapping_add(b_step));
        }
    }
    for _ in written_out..count {
        // SAFETY: within the sum.
        unsafe { add_step(s, &mut sums, rows, at, b) };
        (at, b) = (at + row_step, b.wrapping_add(b_step));
    }
    *tile = sums;
}

/// One k of [`multiply`].
///
/// # Safety
/// Two vectors must be readable from `b` on, and the element `at` of each row.
#[inline(always)]
unsafe fn add_step<S: Simd, const MR: usize>(
    s: S,
    sums: &mut Tile<S::V, MR>,
    rows: &[*const f32; MR],
    at: usize,
    b: *const f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let columns = [s.load(b), s.load(b.add(S::LANES))];
        for r in 0..MR {
            let a = s.splat(*rows[r].add(at));
            for v in 0..NV {
                sums[r][v] = s.mul_add(a, columns[v], sums[r][v]);
            }
        }
    }
}

/// Reads a tile of `valid` rows, `line` elements apart.
///
/// # Safety
/// The elements must be readable: whole tiles of columns.
#[inline(always)]
pub(crate) unsafe fn read_tile<S: Simd, const MR: usize>(
    s: S,
    from: *const f32,
    line: usize,
    valid: usize,
) -> Tile<S::V, MR> {
    let mut tile = zero_tile::<S, MR>(s);
    for (r, row) in tile.iter_mut().enumerate().take(valid) {
        for (v, to) in row.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *to = unsafe { s.load(from.add(r * line + v * S::LANES)) };
        }
    }
    tile
}

/// Writes the first `valid` rows of a tile, `line` elements apart.
///
/// # Safety
/// The elements must be writable: whole tiles of columns.
#[inline(always)]
pub(crate) unsafe fn write_tile<S: Simd, const MR: usize>(
    s: S,
    to: *mut f32,
    line: usize,
    valid: usize,
    tile: &Tile<S::V, MR>,
) {
    for (r, row) in tile.iter().enumerate().take(valid) {
        for (v, &sum) in row.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { s.store(to.add(r * line + v * S::LANES), sum) };
        }
    }
}

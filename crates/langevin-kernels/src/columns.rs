//! Walking over the rows of a matrix, a vector at a time, with sums down its columns or along its rows.

use crate::simd::Simd;

/// Elements that are worth a task of their own, and the usual length of the runs that a long sum is cut into.
pub(crate) const TASK: usize = 1 << 14;

/// Where a vector lies in a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The row.
    pub(crate) row: usize,
    /// The column of the first lane.
    pub(crate) column: usize,
    /// The index of the first lane: row · width + column.
    pub(crate) at: usize,
    /// Lanes that lie in the row; the vector's length except at the row's end.
    pub(crate) count: usize,
}

/// What is done with each vector of a matrix: `SUMS` terms to be added up, and perhaps an output written.
pub(crate) trait Cells<const SUMS: usize>: Copy {
    /// The terms of one vector. Lanes from `place.count` on are ignored in sums down columns; in sums along rows
    /// they must be 0.
    ///
    /// # Safety
    /// The elements at `place` must exist in all matrices that the implementor reads or writes.
    unsafe fn terms<S: Simd>(self, s: S, place: Place) -> [S::V; SUMS];
}

/// The elements of an array themselves.
#[derive(Clone, Copy)]
pub(crate) struct Plain(pub(crate) *const f32);

impl Cells<1> for Plain {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, Place { at, count, .. }: Place) -> [S::V; 1] {
        // SAFETY: the caller's promise.
        unsafe { [read(s, self.0.add(at), count)] }
    }
}

/// Rows shorter than this are read several at a time.
const LONG: usize = 64;

/// Elements of a row in which positions of few channels are joined, a multiple of the channels. A loop over such a
/// row is a loop over whole vectors, whatever the number of channels.
pub(crate) fn joined_width(channels: usize) -> usize {
    if channels >= LONG {
        return channels;
    }
    // Full vectors of 16, and so of 8.
    let whole = 16 >> channels.trailing_zeros().min(4);
    channels * whole * LONG.div_ceil(channels * whole)
}

/// Reads `count` elements, the other lanes 0.
///
/// # Safety
/// `from` must be valid for reads of `count` elements, `count` ≤ `LANES`.
#[inline(always)]
pub(crate) unsafe fn read<S: Simd>(s: S, from: *const f32, count: usize) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { if count == S::LANES { s.load(from) } else { s.load_partial(from, count) } }
}

/// Writes the first `count` lanes.
///
/// # Safety
/// `to` must be valid for writes of `count` elements, `count` ≤ `LANES`.
#[inline(always)]
pub(crate) unsafe fn write<S: Simd>(s: S, to: *mut f32, v: S::V, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { if count == S::LANES { s.store(to, v) } else { s.store_partial(to, v, count) } }
}

/// Visits the first `len` elements of a matrix with rows of `width`; the last row may be shorter. Sum k of column j
/// is added to `sums[k · width + j]`, four rows at a time: the order follows from `len` and `width` alone.
///
/// # Safety
/// `cells` must be able to visit `len` elements.
#[inline(always)]
pub(crate) unsafe fn walk<S: Simd, C: Cells<SUMS>, const SUMS: usize>(
    s: S,
    cells: C,
    len: usize,
    width: usize,
    sums: &mut [f32],
) {
    assert!(sums.len() >= SUMS * width);
    let rows = len / width;
    let mut row = 0;
    // SAFETY: the rows, and the part of a row at the end, lie within `len`; the sums were checked.
    unsafe {
        if SUMS > 0 {
            while row + 4 <= rows {
                visit_rows::<S, C, SUMS, 4>(s, cells, row, width, width, sums);
                row += 4;
            }
        }
        while row < rows {
            visit_rows::<S, C, SUMS, 1>(s, cells, row, width, width, sums);
            row += 1;
        }
        visit_rows::<S, C, SUMS, 1>(s, cells, rows, width, len - rows * width, sums);
    }
}

/// # Safety
/// `columns` elements must exist in each of the `ROWS` rows from `row` on, and `SUMS` · `width` sums.
#[inline(always)]
unsafe fn visit_rows<S: Simd, C: Cells<SUMS>, const SUMS: usize, const ROWS: usize>(
    s: S,
    cells: C,
    row: usize,
    width: usize,
    columns: usize,
    sums: &mut [f32],
) {
    let mut column = 0;
    // SAFETY: `column + count` ≤ `columns`.
    unsafe {
        while column + S::LANES <= columns {
            let place = Place { row, column, at: row * width + column, count: S::LANES };
            visit::<S, C, SUMS, ROWS>(s, cells, place, width, sums);
            column += S::LANES;
        }
        if column < columns {
            let place = Place { row, column, at: row * width + column, count: columns - column };
            visit::<S, C, SUMS, ROWS>(s, cells, place, width, sums);
        }
    }
}

/// # Safety
/// As for `visit_rows`.
#[inline(always)]
unsafe fn visit<S: Simd, C: Cells<SUMS>, const SUMS: usize, const ROWS: usize>(
    s: S,
    cells: C,
    place: Place,
    width: usize,
    sums: &mut [f32],
) {
    let below = |r: usize| Place { row: place.row + r, at: place.at + r * width, ..place };
    // SAFETY: the caller's promise.
    unsafe {
        let mut terms = cells.terms(s, place);
        if ROWS == 4 {
            let others = [cells.terms(s, below(1)), cells.terms(s, below(2)), cells.terms(s, below(3))];
            for k in 0..SUMS {
                terms[k] = s.add(s.add(terms[k], others[0][k]), s.add(others[1][k], others[2][k]));
            }
        }
        for (k, term) in terms.into_iter().enumerate() {
            let sum = sums.as_mut_ptr().add(k * width + place.column);
            write(s, sum, s.add(read(s, sum, place.count), term), place.count);
        }
    }
}

/// The sums of the terms along row `row` of a matrix with rows of `width`.
///
/// # Safety
/// `cells` must be able to visit the row.
#[inline(always)]
pub(crate) unsafe fn row_sums<S: Simd, C: Cells<SUMS>, const SUMS: usize>(
    s: S,
    cells: C,
    row: usize,
    width: usize,
) -> [f32; SUMS] {
    let mut even = [s.zero(); SUMS];
    let mut odd = [s.zero(); SUMS];
    let place = |column: usize, count: usize| Place { row, column, at: row * width + column, count };
    let mut column = 0;
    // SAFETY: `column + count` ≤ `width`.
    unsafe {
        while column + 2 * S::LANES <= width {
            let first = cells.terms(s, place(column, S::LANES));
            let second = cells.terms(s, place(column + S::LANES, S::LANES));
            for k in 0..SUMS {
                even[k] = s.add(even[k], first[k]);
                odd[k] = s.add(odd[k], second[k]);
            }
            column += 2 * S::LANES;
        }
        while column < width {
            let count = S::LANES.min(width - column);
            let terms = cells.terms(s, place(column, count));
            for k in 0..SUMS {
                even[k] = s.add(even[k], terms[k]);
            }
            column += count;
        }
    }
    let mut sums = [0.0; SUMS];
    for k in 0..SUMS {
        sums[k] = s.reduce_add(s.add(even[k], odd[k]));
    }
    sums
}

//! Attention: blocks of queries against blocks of keys, with the softmax carried from block to block.

use super::panels::{Parts, Rows};
use super::product::{Product, Sums};
use super::{AttentionShape, part};
use crate::exp2::exp2;
use crate::micro::tile_columns;
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, MAX_LANES, Simd};
use rayon::prelude::*;
use std::f32::consts::{LN_2, LOG2_E};

/// Queries of a block, at most; a multiple of the rows of every register tile.
const QUERIES: usize = 48;

/// Keys of a block, at most: its scores should stay in the second-level cache.
const KEYS: usize = 256;

pub(super) fn forward<S: Simd, const MR: usize>(
    s: S,
    shape: &AttentionShape,
    [q, k, v]: [&[f32]; 3],
    out: &mut [f32],
    log_sum: &mut [f32],
) {
    let (out, log_sum) = (Shared::new(out), Shared::new(log_sum));
    let AttentionShape { batch, positions, heads, head_size } = *shape;
    let width = tile_columns::<S>();
    let block = part(positions, QUERIES, MR);
    (0..batch * heads).into_par_iter().for_each(|head| {
        let mut keys = Scratch::new(positions.next_multiple_of(width) * head_size);
        let mut values = Scratch::new(positions * head_size.next_multiple_of(width));
        let [k, v] = [k, v].map(|x| Rows::new(shape, x, head, 0..positions));
        s.vectorize(Pack { scale: shape.scale() * LOG2_E, k, v, keys: &mut keys, values: &mut values });
        (0..positions.div_ceil(block)).into_par_iter().for_each(|i| {
            let queries = i * block..positions.min((i + 1) * block);
            let rows = Rows::new(shape, q, head, queries.clone());
            s.vectorize(Queries::<MR> {
                shape,
                head,
                queries,
                rows,
                keys: &keys,
                values: &values,
                out,
                log_sum,
            });
        });
    });
}

/// Packs the keys, scaled, and the values of a head.
struct Pack<'a> {
    scale: f32,
    k: Rows<'a>,
    v: Rows<'a>,
    keys: &'a mut [f32],
    values: &'a mut [f32],
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.k.pack_transposed(s, self.scale, self.keys);
        self.v.pack(s, 1.0, self.values);
    }
}

/// A block of queries of one head.
struct Queries<'a, const MR: usize> {
    shape: &'a AttentionShape,
    head: usize,
    queries: std::ops::Range<usize>,
    rows: Rows<'a>,
    keys: &'a [f32],
    values: &'a [f32],
    out: Shared,
    log_sum: Shared,
}

impl<const MR: usize> Kernel for Queries<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let AttentionShape { positions, head_size, .. } = *self.shape;
        let width = tile_columns::<S>();
        let count = self.queries.len();
        let step = part(positions, KEYS, width);
        // An odd number of cache lines: rows apart by a power of two would share a few lines of the cache.
        let line = step.next_multiple_of(2 * MAX_LANES) + MAX_LANES;
        let sums_line = head_size.next_multiple_of(width);
        let mut scores = Scratch::new(count * line);
        let mut sums = Scratch::new(count * sums_line);
        let mut rows = [Row { most: f32::NEG_INFINITY, total: 0.0 }; QUERIES];
        for first in (0..positions).step_by(step) {
            let keys = step.min(positions - first);
            // SAFETY: the panels hold these keys, and the scratch whole tiles for each query.
            unsafe { self.scores(s, first, keys, scores.as_mut_ptr(), line) };
            let padded = keys.next_multiple_of(S::LANES);
            let lines = scores.chunks_exact_mut(line).zip(sums.chunks_exact_mut(sums_line));
            for ((scores, sums), row) in lines.zip(&mut rows) {
                scores[keys..padded].fill(f32::NEG_INFINITY);
                row.exponentials(s, &mut scores[..padded], sums, first > 0);
            }
            for panel in 0..sums_line / width {
                let b = self.values[(panel * positions + first) * width..].as_ptr();
                let product =
                    Product { a: scores.as_ptr(), a_line: line, a_step: 1, rows: count, b, depth: keys };
                let to = sums[panel * width..].as_mut_ptr();
                // SAFETY: as above.
                unsafe { product.compute::<S, MR>(s, Sums { to, line: sums_line, add: first > 0 }) };
            }
        }
        let sums = Parts { from: &sums, parts: 1, line: sums_line };
        for (i, (row, query)) in rows.iter().zip(self.queries.clone()).enumerate() {
            let to = self.shape.start(self.head) + query * self.shape.channels();
            // SAFETY: these positions of this head are this task's alone.
            unsafe {
                sums.write(s, i, 1.0 / row.total, self.out.at(to), head_size);
                *self.log_sum.at(self.head * positions + query) = row.most * LN_2 + row.total.ln();
            }
        }
    }
}

impl<const MR: usize> Queries<'_, MR> {
    /// The scores of `keys` keys from `first` on, as exponents of 2: q · k log₂ e / √d.
    ///
    /// # Safety
    /// The panels must hold these keys, and `to` a line of whole tiles for each query.
    #[inline(always)]
    unsafe fn scores<S: Simd>(&self, s: S, first: usize, keys: usize, to: *mut f32, line: usize) {
        let (size, width) = (self.shape.head_size, tile_columns::<S>());
        for panel in 0..keys.div_ceil(width) {
            let product = Product {
                a: self.rows.as_ptr(),
                a_line: self.shape.channels(),
                a_step: 1,
                rows: self.queries.len(),
                b: self.keys[(first + panel * width) * size..].as_ptr(),
                depth: size,
            };
            // SAFETY: the caller's promise.
            unsafe { product.compute::<S, MR>(s, Sums { to: to.add(panel * width), line, add: false }) };
        }
    }
}

/// The softmax of one query as far as it has come.
#[derive(Clone, Copy)]
struct Row {
    /// The largest score.
    most: f32,
    /// Σ 2^(score − most).
    total: f32,
}

impl Row {
    /// Replaces further scores, whole vectors, by 2^(score − most); where `add`, fits `sums`, what the earlier ones
    /// came to, to the new largest score.
    #[inline(always)]
    fn exponentials<S: Simd>(&mut self, s: S, scores: &mut [f32], sums: &mut [f32], add: bool) {
        let mut most = s.splat(self.most);
        for at in (0..scores.len()).step_by(S::LANES) {
            // SAFETY: the scores are whole vectors.
            most = s.max(most, unsafe { s.load(scores.as_ptr().add(at)) });
        }
        let most = s.reduce_max(most);
        let shift = s.splat(most);
        let mut total = s.zero();
        for at in (0..scores.len()).step_by(S::LANES) {
            // SAFETY: as above.
            unsafe {
                let at = scores.as_mut_ptr().add(at);
                let y = exp2(s, s.sub(s.load(at), shift));
                s.store(at, y);
                total = s.add(total, y);
            }
        }
        let factor = (self.most - most).exp2();
        if add && factor < 1.0 {
            sums.iter_mut().for_each(|sum| *sum *= factor);
        }
        *self = Self { most, total: self.total * factor + s.reduce_add(total) };
    }
}

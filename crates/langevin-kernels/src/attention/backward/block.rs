//! A block of keys against a block of queries: the probabilities, their gradients, and what they add.

use super::super::panels::Rows;
use super::super::product::{Probabilities, Product, ScoreGradients, Sums};
use super::{Inputs, Keys, QUERIES};
use crate::micro::tile_columns;
use crate::scratch::Scratch;
use crate::simd::{MAX_LANES, Simd};
use std::ops::Range;

/// The operands of a block of keys and a block of queries. `queries` and `keys` are scaled by 1/√d, `keys_across`
/// by log₂ e / √d.
pub(super) struct Panels {
    /// Kᵀ and Vᵀ.
    pub(super) keys_across: Scratch,
    pub(super) values_across: Scratch,
    pub(super) keys: Scratch,
    pub(super) queries: Scratch,
    pub(super) douts: Scratch,
}

/// P and dS of a block of keys and a block of queries: a row a query.
pub(super) struct Tables {
    probabilities: Scratch,
    gradients: Scratch,
    line: usize,
}

impl Tables {
    pub(super) fn new(queries: usize, keys: usize) -> Self {
        // An odd number of cache lines: rows apart by a power of two would share a few lines of the cache.
        let line = keys.next_multiple_of(2 * MAX_LANES) + MAX_LANES;
        let [probabilities, gradients] = [queries * line; 2].map(Scratch::new);
        Self { probabilities, gradients, line }
    }
}

impl<const MR: usize> Keys<'_, MR> {
    /// Packs a block of queries and computes P and dS for `keys` keys.
    ///
    /// # Safety
    /// The panels must hold the keys, and the tables be large enough.
    #[inline(always)]
    pub(super) unsafe fn tables<S: Simd>(
        &self,
        s: S,
        keys: usize,
        queries: Range<usize>,
        panels: &mut Panels,
        tables: &mut Tables,
    ) {
        let Inputs { q, out, dout, log_sum, .. } = self.inputs;
        let [q, out, dout] = [q, out, dout].map(|x| Rows::new(self.shape, x, self.head, queries.clone()));
        q.pack(s, self.shape.scale(), &mut panels.queries);
        dout.pack(s, 1.0, &mut panels.douts);
        let mut shares = [0.0; QUERIES];
        dout.products(s, &out, &mut shares);
        let (size, width, line) = (self.shape.head_size, tile_columns::<S>(), tables.line);
        let log_sum = log_sum[self.head * self.shape.positions + queries.start..].as_ptr();
        for panel in 0..keys.div_ceil(width) {
            let product = |rows: Rows, across: &[f32]| Product {
                a: rows.as_ptr(),
                a_line: self.shape.channels(),
                a_step: 1,
                rows: queries.len(),
                b: across[panel * width * size..].as_ptr(),
                depth: size,
            };
            let to = tables.probabilities.as_mut_ptr().wrapping_add(panel * width);
            let probabilities = Probabilities { to, line, log_sum };
            let to = tables.gradients.as_mut_ptr().wrapping_add(panel * width);
            let gradients =
                ScoreGradients { to, line, probabilities: probabilities.to, shares: shares.as_ptr() };
            // SAFETY: the caller's promise.
            unsafe {
                product(q, &panels.keys_across).compute::<S, MR>(s, probabilities);
                product(dout, &panels.values_across).compute::<S, MR>(s, gradients);
            }
        }
    }

    /// dQ += dS K, dK += dSᵀ Q and dV += Pᵀ dO.
    ///
    /// # Safety
    /// The sums must hold whole tiles for each query and key.
    #[inline(always)]
    pub(super) unsafe fn add<S: Simd>(
        &self,
        s: S,
        keys: usize,
        queries: usize,
        panels: &Panels,
        tables: &Tables,
        [dq, dk, dv]: [Sums; 3],
    ) {
        let line = tables.line;
        let (probabilities, gradients) = (tables.probabilities.as_ptr(), tables.gradients.as_ptr());
        for column in (0..self.line).step_by(tile_columns::<S>()) {
            let across = |a, b: &[f32]| Product {
                a,
                a_line: 1,
                a_step: line,
                rows: keys,
                b: b[column * queries..].as_ptr(),
                depth: queries,
            };
            let b = panels.keys[column * keys..].as_ptr();
            let along = Product { a: gradients, a_line: line, a_step: 1, rows: queries, b, depth: keys };
            // SAFETY: the caller's promise.
            unsafe {
                across(probabilities, &panels.douts).compute::<S, MR>(s, dv.at_column(column));
                across(gradients, &panels.queries).compute::<S, MR>(s, dk.at_column(column));
                along.compute::<S, MR>(s, dq.at_column(column));
            }
        }
    }
}

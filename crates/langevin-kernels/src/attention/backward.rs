//! The gradients of attention: blocks of keys against blocks of queries, the probabilities computed anew.

use super::panels::{Parts, Rows};
use super::product::{Probabilities, Product, ScoreGradients, Sums};
use super::{AttentionShape, part};
use crate::micro::tile_columns;
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, MAX_LANES, Simd};
use rayon::prelude::*;
use std::f32::consts::LOG2_E;
use std::ops::Range;

/// Queries of a block, at most; a multiple of the rows of every register tile.
const QUERIES: usize = 96;

/// Keys of a block, at most.
const KEYS: usize = 128;

/// Tasks that a head's keys are shared out to, at most: each has a matrix of its own for dQ.
const TASKS: usize = 4;

#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) q: &'a [f32],
    pub(super) k: &'a [f32],
    pub(super) v: &'a [f32],
    pub(super) out: &'a [f32],
    pub(super) log_sum: &'a [f32],
    pub(super) dout: &'a [f32],
}

pub(super) fn backward<S: Simd, const MR: usize>(
    s: S,
    shape: &AttentionShape,
    inputs: Inputs,
    dq: &mut [f32],
    dk: &mut [f32],
    dv: &mut [f32],
) {
    let [dq, dk, dv] = [dq, dk, dv].map(Shared::new);
    let AttentionShape { batch, positions, heads, head_size } = *shape;
    let line = head_size.next_multiple_of(tile_columns::<S>());
    let block = part(positions, KEYS, tile_columns::<S>());
    let run = positions.div_ceil(block).div_ceil(TASKS) * block;
    let tasks = positions.div_ceil(run);
    (0..batch * heads).into_par_iter().for_each(|head| {
        let mut sums = Scratch::new(tasks * positions * line);
        let queries = sums.par_chunks_exact_mut(positions * line).enumerate();
        queries.for_each(|(task, dq)| {
            let keys = task * run..positions.min((task + 1) * run);
            s.vectorize(Keys::<MR> { shape, inputs, head, keys, block, line, dq: Shared::new(dq), dk, dv });
        });
        let dq = Gather { shape, head, first: 0, sums: Parts { from: &sums, parts: tasks, line }, to: dq };
        s.vectorize(dq);
    });
}

/// Writes the rows of `sums` to the positions of a head from `first` on.
struct Gather<'a> {
    shape: &'a AttentionShape,
    head: usize,
    first: usize,
    sums: Parts<'a>,
    to: Shared,
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.sums.from.len() / self.sums.parts / self.sums.line;
        for row in 0..rows {
            let at = self.shape.start(self.head) + (self.first + row) * self.shape.channels();
            // SAFETY: these positions of this head are written by this task alone.
            unsafe { self.sums.write(s, row, 1.0, self.to.at(at), self.shape.head_size) };
        }
    }
}

/// A run of keys of one head against all its queries: their dK and dV, and what they add to dQ.
struct Keys<'a, const MR: usize> {
    shape: &'a AttentionShape,
    inputs: Inputs<'a>,
    head: usize,
    keys: Range<usize>,
    /// Keys of a block.
    block: usize,
    /// Elements of a row of the sums: whole tiles.
    line: usize,
    /// This task's own.
    dq: Shared,
    dk: Shared,
    dv: Shared,
}

impl<const MR: usize> Kernel for Keys<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let AttentionShape { positions, head_size, .. } = *self.shape;
        let (line, scale) = (self.line, self.shape.scale());
        let queries = part(positions, QUERIES, MR);
        let mut panels = Panels {
            keys_across: Scratch::new(self.block * head_size),
            values_across: Scratch::new(self.block * head_size),
            keys: Scratch::new(self.block * line),
            queries: Scratch::new(queries * line),
            douts: Scratch::new(queries * line),
        };
        let mut tables = Tables::new(queries, self.block);
        let mut dk = Scratch::new(self.block * line);
        let mut dv = Scratch::new(self.block * line);
        for first in self.keys.clone().step_by(self.block) {
            let keys = first..self.keys.end.min(first + self.block);
            let [k, v] =
                [self.inputs.k, self.inputs.v].map(|x| Rows::new(self.shape, x, self.head, keys.clone()));
            k.pack_transposed(s, scale * LOG2_E, &mut panels.keys_across);
            v.pack_transposed(s, 1.0, &mut panels.values_across);
            k.pack(s, scale, &mut panels.keys);
            for query in (0..positions).step_by(queries) {
                let queries = query..positions.min(query + queries);
                // SAFETY: panels, tables and sums hold whole tiles for each key and query, and are this task's alone.
                unsafe {
                    self.tables(s, keys.len(), queries.clone(), &mut panels, &mut tables);
                    let [dk, dv] = [&mut dk, &mut dv].map(|sums| Sums {
                        to: sums.as_mut_ptr(),
                        line,
                        add: queries.start > 0,
                    });
                    let add = first > self.keys.start;
                    let dq = Sums { to: self.dq.at(queries.start * line), line, add };
                    self.add(s, keys.len(), queries.len(), &panels, &tables, [dq, dk, dv]);
                }
            }
            for (from, to) in [(&dk, self.dk), (&dv, self.dv)] {
                let sums = Parts { from: &from[..keys.len() * line], parts: 1, line };
                Gather { shape: self.shape, head: self.head, first, sums, to }.run(s);
            }
        }
    }
}

/// The operands of a block of keys and a block of queries. `queries` and `keys` are scaled by 1/√d, `keys_across`
/// by log₂ e / √d.
struct Panels {
    /// Kᵀ and Vᵀ.
    keys_across: Scratch,
    values_across: Scratch,
    keys: Scratch,
    queries: Scratch,
    douts: Scratch,
}

/// P and dS of a block of keys and a block of queries: a row a query.
struct Tables {
    probabilities: Scratch,
    gradients: Scratch,
    line: usize,
}

impl Tables {
    fn new(queries: usize, keys: usize) -> Self {
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
    unsafe fn tables<S: Simd>(
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
    unsafe fn add<S: Simd>(
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

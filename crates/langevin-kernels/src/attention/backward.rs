//! The gradients of attention: blocks of keys against blocks of queries, the probabilities computed anew.

mod block;

use super::panels::{Parts, Rows};
use super::product::Sums;
use super::{AttentionShape, part};
use crate::micro::tile_columns;
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use block::{Panels, Tables};
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

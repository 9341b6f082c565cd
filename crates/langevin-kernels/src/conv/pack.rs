//! Weights in the order in which the register tiles read them.

use crate::micro::tile_columns;
use crate::share::Shared;
use crate::simd::Simd;
use rayon::prelude::*;

/// Where the element for row k and column n of a packed matrix lies in the weight: k = segment · depth + d lies at
/// `segments[segment] + d · depth_step`, column n at n · `column_step` from there.
pub(super) struct Source<'a> {
    pub(super) weight: &'a [f32],
    pub(super) segments: &'a [usize],
    pub(super) depth: usize,
    pub(super) depth_step: usize,
    pub(super) columns: usize,
    pub(super) column_step: usize,
}

impl Source<'_> {
    /// Rows of the packed matrix.
    pub(super) fn rows(&self) -> usize {
        self.segments.len() * self.depth
    }

    /// Elements of the packed matrix: panels `[columns / tile, rows, tile]`, the last filled up with zeros.
    pub(super) fn packed_len<S: Simd>(&self) -> usize {
        self.columns.next_multiple_of(tile_columns::<S>()) * self.rows()
    }

    /// Packs into `out`, of `packed_len` elements.
    pub(super) fn pack<S: Simd>(&self, _: S, out: &mut [f32]) {
        let width = tile_columns::<S>();
        let panel_len = self.rows() * width;
        if panel_len == 0 {
            return;
        }
        let least = (1usize << 13).div_ceil(panel_len);
        let out = Shared::new(out);
        (0..self.columns.div_ceil(width)).into_par_iter().with_min_len(least).for_each(|panel| {
            // SAFETY: each panel is one task's alone.
            let out = unsafe { std::slice::from_raw_parts_mut(out.at(panel * panel_len), panel_len) };
            let count = width.min(self.columns - panel * width);
            for (segment, rows) in self.segments.iter().zip(out.chunks_exact_mut(self.depth * width)) {
                let start = segment + panel * width * self.column_step;
                self.pack_segment(start, rows, width, count);
            }
        });
    }

    /// One segment of one panel: `depth` rows of `width`, of which `count` columns exist.
    fn pack_segment(&self, start: usize, rows: &mut [f32], width: usize, count: usize) {
        if self.column_step == 1 {
            for (d, row) in rows.chunks_exact_mut(width).enumerate() {
                let from = start + d * self.depth_step;
                row[..count].copy_from_slice(&self.weight[from..from + count]);
                row[count..].fill(0.0);
            }
            return;
        }
        for n in 0..width {
            let column = rows[n..].iter_mut().step_by(width);
            if n < count {
                let from = self.weight[start + n * self.column_step..].iter().step_by(self.depth_step);
                column.zip(from).for_each(|(to, from)| *to = *from);
            } else {
                column.for_each(|to| *to = 0.0);
            }
        }
    }
}

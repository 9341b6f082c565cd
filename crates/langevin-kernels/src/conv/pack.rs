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
            self.pack_panel(panel * width * self.column_step, out, width, count);
        });
    }

    /// The panel whose first column begins at `start`; of its `width` columns `count` exist.
    fn pack_panel(&self, start: usize, out: &mut [f32], width: usize, count: usize) {
        /// Depths side by side: what is read and written for them stays in the first-level cache.
        const TOGETHER: usize = 8;
        if count < width {
            out.fill(0.0);
        }
        for first in (0..self.depth).step_by(TOGETHER) {
            let depths = first..self.depth.min(first + TOGETHER);
            for (n, d) in (0..count).flat_map(|n| depths.clone().map(move |d| (n, d))) {
                let from = start + n * self.column_step + d * self.depth_step;
                for (s, segment) in self.segments.iter().enumerate() {
                    out[(s * self.depth + d) * width + n] = self.weight[from + segment];
                }
            }
        }
    }
}

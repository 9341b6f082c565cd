//! Where the tiles of a convolution lie.

use super::super::ConvShape;
use crate::simd::Simd;

/// Elements of a cache line.
const LINE: usize = 16;

/// The tiles of all samples of a convolution, numbered sample by sample, row by row.
pub(super) struct Tiling {
    pub(super) shape: ConvShape,
    /// Output rows and columns.
    pub(super) rows: usize,
    pub(super) columns: usize,
    down: usize,
    across: usize,
}

/// One tile.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) sample: usize,
    /// Its first output row and column.
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Tiling {
    pub(super) fn of(shape: &ConvShape) -> Self {
        let [_, rows, columns, _] = shape.output();
        Self { shape: *shape, rows, columns, down: rows.div_ceil(4), across: columns.div_ceil(4) }
    }

    /// Tiles of all samples.
    pub(super) fn count(&self) -> usize {
        self.shape.batch * self.down * self.across
    }

    pub(super) fn place(&self, tile: usize) -> Place {
        let (line, column) = (tile / self.across, tile % self.across);
        Place { sample: line / self.down, row: 4 * (line % self.down), column: 4 * column }
    }

    /// The 36 input positions of a tile, each a pointer to its channels; `zeros` stands for the border.
    #[inline(always)]
    pub(super) fn inputs(&self, place: Place, x: &[f32], zeros: &[f32]) -> [*const f32; 36] {
        let ConvShape { height, width, inputs, before, upsample, .. } = self.shape;
        let [seen_height, seen_width] = self.shape.seen();
        let shift = usize::from(upsample);
        let sample = place.sample * height * width;
        let mut pointers = [zeros.as_ptr(); 36];
        for i in 0..6 {
            // Below zero is a large number, which is outside too.
            let row = (place.row + i).wrapping_sub(before);
            if row >= seen_height {
                continue;
            }
            let line = sample + (row >> shift) * width;
            for j in 0..6 {
                let column = (place.column + j).wrapping_sub(before);
                if column < seen_width {
                    pointers[i * 6 + j] = x[(line + (column >> shift)) * inputs..].as_ptr();
                }
            }
        }
        pointers
    }

    /// Asks for the inputs that the tile after `tile` has beyond those of `tile`: the processor does not guess them.
    #[inline(always)]
    pub(super) fn prefetch_after<S: Simd>(&self, s: S, tile: usize, x: &[f32]) {
        let ConvShape { height, width, inputs, before, upsample, .. } = self.shape;
        let next = self.place((tile + 1).min(self.count() - 1));
        let shift = usize::from(upsample);
        let column = (next.column + 2).saturating_sub(before) >> shift;
        let run = (4usize >> shift).min(width.saturating_sub(column)) * inputs;
        for i in 0..6 {
            let row = (next.row + i).saturating_sub(before) >> shift;
            let line = next.sample * height + row.min(height - 1);
            let from = x.as_ptr().wrapping_add((line * width + column) * inputs);
            for element in (0..run).step_by(LINE) {
                s.prefetch(from.wrapping_add(element));
            }
        }
    }

    /// The number of the tile's first output position, through all samples.
    #[inline(always)]
    pub(super) fn position(&self, place: Place) -> usize {
        (place.sample * self.rows + place.row) * self.columns + place.column
    }
}

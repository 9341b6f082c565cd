//! Matrices of one head in the order in which the register tiles read them, and back.

use super::AttentionShape;
use crate::micro::tile_columns;
use crate::simd::Simd;

/// Some positions of one head: rows of `size` channels, `line` elements apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    from: &'a [f32],
    line: usize,
    size: usize,
    count: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `x` for `positions` of a head.
    pub(super) fn new(
        shape: &AttentionShape,
        x: &'a [f32],
        head: usize,
        positions: std::ops::Range<usize>,
    ) -> Self {
        let line = shape.channels();
        let from = &x[shape.start(head) + positions.start * line..];
        Self { from, line, size: shape.head_size, count: positions.len() }
    }

    pub(super) fn as_ptr(&self) -> *const f32 {
        self.from.as_ptr()
    }

    /// Packs the matrix whose rows are these: `[channels / tile, rows, tile]`, times `scale`, missing channels 0.
    #[inline(always)]
    pub(super) fn pack<S: Simd>(&self, s: S, scale: f32, to: &mut [f32]) {
        let width = tile_columns::<S>();
        let factor = s.splat(scale);
        let panels = to.chunks_exact_mut(self.count * width).take(self.size.div_ceil(width));
        for (panel, to) in panels.enumerate() {
            let first = panel * width;
            for (row, to) in to.chunks_exact_mut(width).enumerate() {
                for (v, to) in to.chunks_exact_mut(S::LANES).enumerate() {
                    let channel = first + v * S::LANES;
                    let lanes = S::LANES.min(self.size.saturating_sub(channel));
                    let from = self.from.as_ptr().wrapping_add(row * self.line + channel);
                    // SAFETY: `lanes` channels of the row exist, none where 0; `to` is a vector.
                    unsafe {
                        let x = if lanes == S::LANES { s.load(from) } else { s.load_partial(from, lanes) };
                        s.store(to.as_mut_ptr(), s.mul(x, factor));
                    }
                }
            }
        }
    }

    /// Packs the matrix whose columns are these: `[rows / tile, channels, tile]`, times `scale`; for missing rows the
    /// last is repeated.
    #[inline(always)]
    pub(super) fn pack_transposed<S: Simd>(&self, _: S, scale: f32, to: &mut [f32]) {
        /// Rows that are gathered at once: as many as fill the shortest vector.
        const GROUP: usize = 8;
        let width = tile_columns::<S>();
        let panels = to.chunks_exact_mut(self.size * width).take(self.count.div_ceil(width));
        for (panel, to) in panels.enumerate() {
            for group in (0..width).step_by(GROUP) {
                let rows: [&[f32]; GROUP] = std::array::from_fn(|n| {
                    let row = (panel * width + group + n).min(self.count - 1);
                    &self.from[row * self.line..][..self.size]
                });
                for (channel, to) in to.chunks_exact_mut(width).enumerate() {
                    let gathered: [f32; GROUP] = std::array::from_fn(|n| rows[n][channel] * scale);
                    to[group..group + GROUP].copy_from_slice(&gathered);
                }
            }
        }
    }
}

impl Rows<'_> {
    /// Σ over the channels of the product with `other`, a row of as many, for each row.
    #[inline(always)]
    pub(super) fn products<S: Simd>(&self, s: S, other: &Self, to: &mut [f32]) {
        assert!(self.size == other.size && self.count == other.count && self.count <= to.len());
        for (row, to) in to.iter_mut().enumerate().take(self.count) {
            let mut sum = s.zero();
            for channel in (0..self.size).step_by(S::LANES) {
                let lanes = S::LANES.min(self.size - channel);
                // SAFETY: `lanes` channels of both rows are left.
                unsafe {
                    let a = self.from.as_ptr().add(row * self.line + channel);
                    let b = other.from.as_ptr().add(row * other.line + channel);
                    let [a, b] =
                        [a, b].map(|x| if lanes == S::LANES { s.load(x) } else { s.load_partial(x, lanes) });
                    sum = s.mul_add(a, b, sum);
                }
            }
            *to = s.reduce_add(sum);
        }
    }
}

/// Sums of tiles: rows of whole tiles, as `parts` matrices to be added up in their order.
pub(super) struct Parts<'a> {
    pub(super) from: &'a [f32],
    pub(super) parts: usize,
    /// Elements of a row.
    pub(super) line: usize,
}

impl Parts<'_> {
    /// Writes row number `row`, times `factor`, as `size` channels.
    ///
    /// # Safety
    /// `size` elements from `to` on must be writable.
    #[inline(always)]
    pub(super) unsafe fn write<S: Simd>(&self, s: S, row: usize, factor: f32, to: *mut f32, size: usize) {
        let part = self.from.len() / self.parts;
        assert!((row + 1) * self.line <= part && size <= self.line && self.line.is_multiple_of(S::LANES));
        let from = self.from[row * self.line..].as_ptr();
        for channel in (0..size).step_by(S::LANES) {
            let lanes = S::LANES.min(size - channel);
            // SAFETY: whole vectors of the row exist in each part, as is checked; `lanes` channels are left.
            unsafe {
                let mut sum = s.load(from.add(channel));
                for i in 1..self.parts {
                    sum = s.add(sum, s.load(from.add(i * part + channel)));
                }
                let (sum, to) = (s.mul(sum, s.splat(factor)), to.add(channel));
                if lanes == S::LANES { s.store(to, sum) } else { s.store_partial(to, sum, lanes) }
            }
        }
    }
}

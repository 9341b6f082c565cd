//! Where the cells of a sheet lie, and how much their pictures are enlarged.

use super::{MAX_SIDE, RenderError};

/// Pixels around and between the cells.
pub(super) const GAP: u32 = 4;
/// The side that small pictures are enlarged to, at least.
const COMFORTABLE: u32 = 64;
/// The least side of a cell that still shows something.
const LEAST: u32 = 4;

/// A sheet of equal cells with gaps of [`GAP`] pixels around each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub columns: u32,
    pub rows: u32,
    /// (width, height) of a cell.
    pub cell: (u32, u32),
    /// Drawn pixels per pixel of a picture, or 0 if pictures are shrunk to fit.
    pub zoom: u32,
}

impl Layout {
    /// The layout of `columns` × `rows` pictures of `size` (width, height) on at most `MAX_SIDE` × (`MAX_SIDE` −
    /// `reserved`) pixels: enlarged by the least whole factor that makes the longer side 64 pixels, if that fits.
    pub(super) fn new(
        columns: usize,
        rows: usize,
        size: (u32, u32),
        reserved: u32,
    ) -> Result<Self, RenderError> {
        let share = |cells: usize, total: u32| {
            let cells = u32::try_from(cells).unwrap_or(u32::MAX);
            let gaps = cells.saturating_add(1).saturating_mul(GAP);
            total.checked_sub(gaps).map_or(0, |left| left / cells.max(1))
        };
        let room = (share(columns, MAX_SIDE), share(rows, MAX_SIDE - reserved));
        if room.0.min(room.1) < LEAST {
            return Err(RenderError::TooMany { columns, rows });
        }
        let zoom = COMFORTABLE.div_ceil(size.0.max(size.1)).min(room.0 / size.0).min(room.1 / size.1);
        let cell = if zoom > 0 { (size.0 * zoom, size.1 * zoom) } else { shrunk(size, room) };
        Ok(Self { columns: columns as u32, rows: rows as u32, cell, zoom })
    }

    /// (width, height) of the sheet.
    pub(super) fn size(&self) -> (u32, u32) {
        (GAP + self.columns * (self.cell.0 + GAP), GAP + self.rows * (self.cell.1 + GAP))
    }

    /// The upper left pixel of a cell.
    pub(super) fn corner(&self, column: u32, row: u32) -> (u32, u32) {
        (GAP + column * (self.cell.0 + GAP), GAP + row * (self.cell.1 + GAP))
    }
}

/// The largest size of the same shape within `room`.
fn shrunk(size: (u32, u32), room: (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(room.0) / f64::from(size.0)).min(f64::from(room.1) / f64::from(size.1));
    let side = |pixels: u32, room: u32| ((f64::from(pixels) * scale).floor() as u32).clamp(1, room);
    (side(size.0, room.0), side(size.1, room.1))
}

/// The columns of a near-square sheet: without an incomplete last row, where that stays near square.
pub(super) fn near_square(count: usize, size: (u32, u32)) -> usize {
    let ideal = (count as f64 * f64::from(size.1) / f64::from(size.0)).sqrt().ceil().max(1.0) as usize;
    let ideal = ideal.min(count);
    let widest = ideal.saturating_add(ideal / 2).min(count);
    (ideal..=widest).find(|&columns| count.is_multiple_of(columns)).unwrap_or(ideal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sheets_are_near_square() {
        let columns = |count| near_square(count, (32, 32));
        assert_eq!(
            [1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 16, 64].map(columns),
            [1, 2, 3, 2, 3, 3, 4, 3, 5, 4, 4, 8]
        );
        assert_eq!(near_square(16, (64, 16)), 2);
        assert_eq!(near_square(5, (1, 60_000)), 5);
    }

    #[test]
    fn small_pictures_are_enlarged_to_64_pixels() {
        let zoom = |side| Layout::new(2, 2, (side, side), 0).unwrap().zoom;
        assert_eq!([1, 8, 28, 32, 60, 64, 256, 900].map(zoom), [64, 8, 3, 2, 2, 1, 1, 1]);
        assert_eq!(Layout::new(3, 2, (8, 8), 0).unwrap().size(), (4 + 3 * 68, 4 + 2 * 68));
    }

    proptest! {
        #[test]
        fn a_sheet_never_outgrows_its_bound(
            columns in 1usize..600, rows in 1usize..600, width in 1u32..3000, height in 1u32..3000, reserved in 0u32..99,
        ) {
            match Layout::new(columns, rows, (width, height), reserved) {
                Ok(layout) => {
                    prop_assert!(layout.size().0 <= MAX_SIDE && layout.size().1 + reserved <= MAX_SIDE);
                    prop_assert!(layout.cell.0 > 0 && layout.cell.1 > 0);
                }
                Err(_) => prop_assert!(columns.max(rows) > 230),
            }
        }
    }
}

//! Contact sheets: a labelled row for each of several ways to make pictures, in labelled groups of columns.

use image::RgbImage;

use super::grid::LINE;
use super::layout::{GAP, Layout};
use super::text::{self, Align};
use super::{BACKGROUND, INK, MAX_SIDE, Pictures, RenderError, TEXT_SIZE, cell};

/// Pixels between groups of columns, beside the usual gap.
const BETWEEN: u32 = 8;

/// Draws each row's pictures beside its label, `per_group` to a group; the groups' labels stand above them. A row may have
/// fewer pictures than the others.
///
/// # Errors
/// If there is no row or no group, a row's pictures differ in size or are more than there is place for, or the sheet does not
/// fit into an image.
pub fn contact_sheet(
    rows: &[(impl AsRef<str>, Pictures)],
    groups: &[impl AsRef<str>],
    per_group: usize,
) -> Result<RgbImage, RenderError> {
    let (_, first) = rows.first().ok_or(RenderError::Empty { what: "row of a contact sheet" })?;
    let columns = groups.len() * per_group;
    if columns == 0 {
        return Err(RenderError::NoColumns);
    }
    for (index, (_, pictures)) in rows.iter().enumerate() {
        if pictures.size() != first.size() || pictures.count() > columns {
            return Err(RenderError::Mismatch { index, expected: first.shape(), got: pictures.shape() });
        }
    }
    let named = rows.iter().map(|(label, _)| text::width(label.as_ref(), TEXT_SIZE)).fold(0.0, f32::max);
    let left = (named as u32 + 3 * GAP).min(MAX_SIDE / 4);
    let layout =
        Layout::new(columns, rows.len(), first.size(), left.max(LINE) + BETWEEN * groups.len() as u32)?;
    let (width, height) = layout.size();
    let shift = |column: u32| left + column / per_group as u32 * BETWEEN;
    let mut sheet = RgbImage::from_pixel(width + shift(columns as u32 - 1), height + LINE, BACKGROUND);
    for (row, (label, pictures)) in (0..).zip(rows) {
        let top = layout.corner(0, row).1 + LINE;
        for index in 0..pictures.count() {
            let x = layout.corner(index as u32, 0).0 + shift(index as u32);
            cell::draw(&mut sheet, pictures, index, &layout, (x, top));
        }
        let middle = (top + layout.cell.1 / 2) as f32 + TEXT_SIZE / 3.0;
        let label = text::shortened(label.as_ref(), TEXT_SIZE, (left - 2 * GAP) as f32);
        text::draw(&mut sheet, &label, ((left - GAP) as f32, middle), Align::Right, TEXT_SIZE, INK);
    }
    for (group, label) in (0..).zip(groups) {
        let column = group * per_group as u32;
        let begin = (layout.corner(column, 0).0 + shift(column)) as f32;
        let room = (per_group as u32 * (layout.cell.0 + GAP) - GAP) as f32;
        let label = text::shortened(label.as_ref(), TEXT_SIZE, room + GAP as f32);
        text::draw(&mut sheet, &label, (begin + room / 2.0, TEXT_SIZE + 2.0), Align::Centre, TEXT_SIZE, INK);
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_in_their_row_and_group() {
        let values = [-1.0, 0.0, 1.0, 0.5];
        let rows = [
            ("a", Pictures::new(&values, [4, 1, 1, 1]).unwrap()),
            ("bb", Pictures::new(&values[..2], [2, 1, 1, 1]).unwrap()),
        ];
        let sheet = contact_sheet(&rows, &["5 steps", "10 steps"], 2).unwrap();
        let left = sheet.width() - (4 + 4 * 68) - 8;
        let at = |column: u32, row: u32| {
            let x = left + 36 + 68 * column + column / 2 * 8;
            sheet.get_pixel(x, LINE + 36 + 68 * row).0[0]
        };
        assert_eq!([at(0, 0), at(1, 0), at(2, 0), at(3, 0)], [0, 128, 255, 191]);
        assert_eq!([at(0, 1), at(1, 1), at(2, 1), at(3, 1)], [0, 128, 224, 224]);
        let inked = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            sheet.enumerate_pixels().any(|(px, py, p)| x.contains(&px) && y.contains(&py) && p.0[0] < 100)
        };
        assert!(inked(0..left, 22..90) && inked(left..left + 140, 0..LINE), "labels are missing");
    }

    #[test]
    fn sheets_that_cannot_be_are_refused() {
        let one = Pictures::new(&[0.0], [1, 1, 1, 1]).unwrap();
        let two = Pictures::new(&[0.0; 2], [2, 1, 1, 1]).unwrap();
        let none: [(&str, Pictures); 0] = [];
        assert!(contact_sheet(&none, &["5"], 1).is_err());
        assert!(contact_sheet(&[("a", one)], &["5"; 0], 1).is_err());
        assert!(contact_sheet(&[("a", one), ("b", two)], &["5"], 1).is_err());
        assert!(contact_sheet(&[("a", one)], &["5"; 900], 1).is_err());
    }
}

//! Contact sheets: a labelled row for each of several ways to make pictures, in labelled groups of columns.

use image::RgbImage;

use super::grid::LINE;
use super::layout::{GAP, Layout};
use super::text::{self, Align};
use super::{BACKGROUND, INK, MAX_SIDE, Pictures, RenderError, TEXT_SIZE, cell};

/// Pixels between groups of columns, beside the usual gap.
const BETWEEN: u32 = 8;

/// Draws `head` above all, and below it each row's pictures beside its label, `per_group` to a group; the groups' labels stand
/// above the rows. A row may have fewer pictures than there is place for.
///
/// # Errors
/// If there is no row or no group, a row's pictures differ in size or are more than there is place for, or the sheet does not
/// fit into an image.
pub fn contact_sheet(
    head: &(impl AsRef<str>, Pictures),
    rows: &[(impl AsRef<str>, Pictures)],
    groups: &[impl AsRef<str>],
    per_group: usize,
) -> Result<RgbImage, RenderError> {
    let columns = groups.len() * per_group;
    if rows.is_empty() {
        return Err(RenderError::Empty { what: "row of a contact sheet" });
    }
    if columns == 0 {
        return Err(RenderError::NoColumns);
    }
    let first = head.1;
    let all: Vec<(&str, Pictures)> = std::iter::once((head.0.as_ref(), first))
        .chain(rows.iter().map(|(label, pictures)| (label.as_ref(), *pictures)))
        .collect();
    for (index, (_, pictures)) in all.iter().enumerate() {
        if pictures.size() != first.size() || pictures.count() > columns {
            return Err(RenderError::Mismatch { index, expected: first.shape(), got: pictures.shape() });
        }
    }
    let named = all.iter().map(|(label, _)| text::width(label, TEXT_SIZE)).fold(0.0, f32::max);
    let left = (named as u32 + 3 * GAP).min(MAX_SIDE / 4);
    let layout =
        Layout::new(columns, all.len(), first.size(), left.max(LINE) + BETWEEN * groups.len() as u32)?;
    let (width, height) = layout.size();
    let shift = |column: u32| left + column / per_group as u32 * BETWEEN;
    let mut sheet = RgbImage::from_pixel(width + shift(columns as u32 - 1), height + LINE, BACKGROUND);
    for (row, (label, pictures)) in (0..).zip(&all) {
        // The groups' labels lie between the head and the rows.
        let top = layout.corner(0, row).1 + if row == 0 { 0 } else { LINE };
        for index in 0..pictures.count() {
            let x = layout.corner(index as u32, 0).0 + shift(index as u32);
            cell::draw(&mut sheet, pictures, index, &layout, (x, top));
        }
        let middle = (top + layout.cell.1 / 2) as f32 + TEXT_SIZE / 3.0;
        let label = text::shortened(label, TEXT_SIZE, (left - 2 * GAP) as f32);
        text::draw(&mut sheet, &label, ((left - GAP) as f32, middle), Align::Right, TEXT_SIZE, INK);
    }
    let base = (layout.corner(0, 1).1 - GAP) as f32 + TEXT_SIZE + 2.0;
    for (group, label) in (0..).zip(groups) {
        let column = group * per_group as u32;
        let begin = (layout.corner(column, 0).0 + shift(column)) as f32;
        let room = (per_group as u32 * (layout.cell.0 + GAP) - GAP) as f32;
        let label = text::shortened(label.as_ref(), TEXT_SIZE, room + GAP as f32);
        text::draw(&mut sheet, &label, (begin + room / 2.0, base), Align::Centre, TEXT_SIZE, INK);
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
        let head = ("reference", Pictures::new(&values[2..], [2, 1, 1, 1]).unwrap());
        let sheet = contact_sheet(&head, &rows, &["5 steps", "10 steps"], 2).unwrap();
        let left = sheet.width() - (4 + 4 * 68) - 8;
        let at = |column: u32, row: u32| {
            let x = left + 36 + 68 * column + column / 2 * 8;
            sheet.get_pixel(x, if row == 0 { 36 } else { LINE + 36 + 68 * row }).0[0]
        };
        assert_eq!([at(0, 0), at(1, 0), at(2, 0)], [255, 191, 224]);
        assert_eq!([at(0, 1), at(1, 1), at(2, 1), at(3, 1)], [0, 128, 255, 191]);
        assert_eq!([at(0, 2), at(1, 2), at(2, 2), at(3, 2)], [0, 128, 224, 224]);
        let inked = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            sheet.enumerate_pixels().any(|(px, py, p)| x.contains(&px) && y.contains(&py) && p.0[0] < 100)
        };
        assert!(inked(0..left, 0..68) && inked(left..left + 140, 72..72 + LINE), "labels are missing");
    }

    #[test]
    fn sheets_that_cannot_be_are_refused() {
        let one = Pictures::new(&[0.0], [1, 1, 1, 1]).unwrap();
        let two = Pictures::new(&[0.0; 2], [2, 1, 1, 1]).unwrap();
        let none: [(&str, Pictures); 0] = [];
        let head = ("a", one);
        assert!(contact_sheet(&head, &none, &["5"], 1).is_err());
        assert!(contact_sheet(&head, &[head], &["5"; 0], 1).is_err());
        assert!(contact_sheet(&head, &[("b", two)], &["5"], 1).is_err());
        assert!(contact_sheet(&head, &[head], &["5"; 900], 1).is_err());
    }
}

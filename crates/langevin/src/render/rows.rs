//! Rows of pictures, each with its name.

use image::RgbImage;

use super::layout::{GAP, Layout};
use super::text::{self, Align};
use super::{BACKGROUND, INK, MAX_SIDE, Pictures, RenderError, TEXT_SIZE, cell};

/// Draws pictures in rows of `columns`, the name of each row beside it; the last row may be shorter.
///
/// # Errors
/// If `columns` is 0, there are not as many names as rows, or the sheet does not fit into an image.
pub fn named_rows(
    pictures: &Pictures,
    columns: usize,
    names: &[impl AsRef<str>],
) -> Result<RgbImage, RenderError> {
    if columns == 0 {
        return Err(RenderError::NoColumns);
    }
    let rows = pictures.count().div_ceil(columns);
    if names.len() != rows {
        return Err(RenderError::Names { rows, names: names.len() });
    }
    let named = names.iter().map(|name| text::width(name.as_ref(), TEXT_SIZE)).fold(0.0, f32::max);
    let left = (named as u32 + 3 * GAP).min(MAX_SIDE / 4);
    let layout = Layout::new(columns, rows, pictures.size(), left)?;
    let (width, height) = layout.size();
    let mut sheet = RgbImage::from_pixel(width + left, height, BACKGROUND);
    for index in 0..pictures.count() {
        let (x, y) = layout.corner((index % columns) as u32, (index / columns) as u32);
        cell::draw(&mut sheet, pictures, index, &layout, (x + left, y));
    }
    for (row, name) in (0..).zip(names) {
        let middle = (layout.corner(0, row).1 + layout.cell.1 / 2) as f32 + TEXT_SIZE / 3.0;
        let name = text::shortened(name.as_ref(), TEXT_SIZE, (left - 2 * GAP) as f32);
        text::draw(&mut sheet, &name, ((left - GAP) as f32, middle), Align::Right, TEXT_SIZE, INK);
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_name_and_its_pictures() {
        let values = [-1.0, 0.0, 1.0, 0.5, 0.0];
        let pictures = Pictures::new(&values, [5, 1, 1, 1]).unwrap();
        let sheet = named_rows(&pictures, 2, &["ankle boot", "bag", "coat"]).unwrap();
        let left = sheet.width() - (4 + 2 * 68);
        let at = |column: u32, row: u32| sheet.get_pixel(left + 36 + 68 * column, 36 + 68 * row).0[0];
        let shown = [at(0, 0), at(1, 0), at(0, 1), at(1, 1), at(0, 2), at(1, 2)];
        assert_eq!(shown, [0, 128, 255, 191, 128, 224]);
        let inked = |rows: std::ops::Range<u32>| {
            sheet.enumerate_pixels().any(|(x, y, p)| x < left && rows.contains(&y) && p.0[0] < 100)
        };
        assert!(inked(4..68) && inked(72..136) && inked(140..204), "names are missing");
        assert!(named_rows(&pictures, 2, &["a", "b"]).is_err());
        assert!(named_rows(&pictures, 0, &["a"]).is_err());
    }
}

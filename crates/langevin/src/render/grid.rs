//! A sheet of pictures, row by row.

use image::{GenericImage, RgbImage};

use super::layout::{GAP, Layout, near_square};
use super::text::{self, Align};
use super::{BACKGROUND, INK, Pictures, RenderError, TEXT_SIZE, cell};

/// The height that a line of text adds, in pixels.
pub(super) const LINE: u32 = 22;

/// Draws pictures row by row on a light grey sheet with gaps of 4 pixels, near square without `columns`.
///
/// Small pictures are enlarged by a whole factor until their longer side has 64 pixels; a sheet has at most
/// [`MAX_SIDE`](super::MAX_SIDE) pixels a side, for which large pictures are shrunk.
///
/// # Errors
/// If `columns` is 0 or the pictures do not fit on a sheet.
pub fn grid(pictures: &Pictures, columns: Option<usize>) -> Result<RgbImage, RenderError> {
    let count = pictures.count();
    let columns = match columns {
        Some(0) => return Err(RenderError::NoColumns),
        Some(columns) => columns.min(count),
        None => near_square(count, pictures.size()),
    };
    let layout = Layout::new(columns, count.div_ceil(columns), pictures.size(), 0)?;
    let (width, height) = layout.size();
    let mut sheet = RgbImage::from_pixel(width, height, BACKGROUND);
    for index in 0..count {
        let corner = layout.corner((index % columns) as u32, (index / columns) as u32);
        cell::draw(&mut sheet, pictures, index, &layout, corner);
    }
    Ok(sheet)
}

/// An image with a line of text below it, for example the timestep of a frame; too long a text is cut.
pub fn with_caption(image: &RgbImage, caption: &str) -> RgbImage {
    let (width, height) = image.dimensions();
    let mut captioned = RgbImage::from_pixel(width, height + LINE, BACKGROUND);
    // The new image is as wide and higher, so the copy lies within it.
    let placed = captioned.copy_from(image, 0, 0);
    debug_assert!(placed.is_ok());
    let text = text::shortened(caption, TEXT_SIZE, width.saturating_sub(2 * GAP) as f32);
    text::draw(&mut captioned, &text, base_line(width, height), Align::Centre, TEXT_SIZE, INK);
    captioned
}

/// Where the text of a line of [`LINE`] pixels below `top` stands, centred in `width`.
fn base_line(width: u32, top: u32) -> (f32, f32) {
    (width as f32 / 2.0, top as f32 + TEXT_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(samples: &[f32], shape: [usize; 4], columns: Option<usize>) -> RgbImage {
        grid(&Pictures::new(samples, shape).unwrap(), columns).unwrap()
    }

    /// The colour in the middle of a cell of 64 pixels.
    fn cell_colour(sheet: &RgbImage, column: u32, row: u32) -> [u8; 3] {
        sheet.get_pixel(4 + 68 * column + 32, 4 + 68 * row + 32).0
    }

    #[test]
    fn a_tiny_grid_pixel_by_pixel() {
        let sheet = sheet(&[-1.0, 0.0, 1.0], [3, 1, 1, 1], Some(2));
        assert_eq!(sheet.dimensions(), (4 + 2 * 68, 4 + 2 * 68));
        for (x, y, pixel) in sheet.enumerate_pixels() {
            let inside = |at: u32| at % 68 >= 4;
            let expected = match (inside(x) && inside(y), x / 68, y / 68) {
                (true, 0, 0) => 0,
                (true, 1, 0) => 128,
                (true, 0, 1) => 255,
                _ => 224,
            };
            assert_eq!(pixel.0, [expected; 3], "({x}, {y})");
        }
    }

    #[test]
    fn pixels_of_a_picture_keep_their_places() {
        let sheet = sheet(&[-1.0, -0.5, 0.0, 0.5, 1.0, -1.0], [1, 2, 3, 1], None);
        assert_eq!(sheet.dimensions(), (8 + 66, 8 + 44));
        let at = |x: u32, y: u32| sheet.get_pixel(4 + 22 * x, 4 + 22 * y).0[0];
        assert_eq!([at(0, 0), at(1, 0), at(2, 0), at(0, 1), at(1, 1), at(2, 1)], [0, 64, 128, 191, 255, 0]);
    }

    #[test]
    fn colours_of_all_kinds_of_pictures() {
        assert_eq!(cell_colour(&sheet(&[-1.0, 0.0, 1.0], [1, 1, 1, 3], None), 0, 0), [0, 128, 255]);
        assert_eq!(cell_colour(&sheet(&[-1.0, 1.0], [1, 1, 1, 2], None), 0, 0), [0, 0, 0]);
        assert_eq!(cell_colour(&sheet(&[1.0, -1.0, -1.0, 1.0], [1, 1, 1, 4], None), 0, 0), [255, 0, 0]);
        let clear = cell_colour(&sheet(&[1.0, -1.0, -1.0, -1.0], [1, 1, 1, 4], None), 0, 0);
        assert_eq!(clear, [255; 3]);
        assert_eq!(cell_colour(&sheet(&[f32::NAN, 0.0], [2, 1, 1, 1], None), 0, 0), [255, 0, 255]);
    }

    #[test]
    fn columns_are_checked_and_limited() {
        let pictures = Pictures::new(&[0.0; 3], [3, 1, 1, 1]).unwrap();
        assert!(matches!(grid(&pictures, Some(0)), Err(RenderError::NoColumns)));
        assert_eq!(grid(&pictures, Some(50)).unwrap().width(), 4 + 3 * 68);
        let samples = vec![0.0; 100_000];
        let error = grid(&Pictures::new(&samples, [100_000, 1, 1, 1]).unwrap(), None).unwrap_err();
        assert!(error.to_string().starts_with("400 columns and 250 rows do not fit"), "{error}");
    }

    #[test]
    fn large_pictures_are_shrunk_without_a_change_of_colour() {
        let samples = vec![0.5; 9 * 900 * 900];
        let sheet = sheet(&samples, [9, 900, 900, 1], None);
        assert!(sheet.width() <= 2000 && sheet.width() > 1990, "{}", sheet.width());
        assert_eq!(sheet.get_pixel(300, 300).0, [191; 3]);
    }

    #[test]
    fn a_caption_lies_below() {
        let image = RgbImage::from_pixel(120, 40, image::Rgb([0; 3]));
        let captioned = with_caption(&image, "t = 250");
        assert_eq!(captioned.dimensions(), (120, 62));
        assert!(captioned.enumerate_pixels().all(|(_, y, pixel)| y >= 40 || pixel.0 == [0; 3]));
        assert!(captioned.enumerate_pixels().any(|(_, y, pixel)| y >= 40 && pixel.0[0] < 100));
        with_caption(&RgbImage::new(0, 0), "nothing");
    }
}

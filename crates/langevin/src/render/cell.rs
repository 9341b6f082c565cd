//! One picture in its cell: its colours, its alpha, its enlargement.

use image::imageops::{self, FilterType};
use image::{GenericImage, Rgb, RgbImage, Rgba, RgbaImage};

use super::layout::Layout;
use super::{NOT_FINITE, Pictures};

/// The side of a square of the checkerboard under pictures with alpha, in drawn pixels.
const SQUARE: u32 = 8;
/// The two greys of that checkerboard.
const SQUARES: [u8; 2] = [255, 204];

/// Draws picture `index` into the cell whose upper left pixel is `corner`.
pub(super) fn draw(
    sheet: &mut RgbImage,
    pictures: &Pictures,
    index: usize,
    layout: &Layout,
    corner: (u32, u32),
) {
    let (width, height) = pictures.size();
    let mut cell = RgbaImage::from_fn(width, height, |x, y| colour(pictures.pixel(index, x, y)));
    if layout.zoom > 1 {
        cell = imageops::resize(&cell, layout.cell.0, layout.cell.1, FilterType::Nearest);
    }
    let mut cell = flattened(&cell);
    if layout.zoom == 0 {
        cell = imageops::resize(&cell, layout.cell.0, layout.cell.1, FilterType::Triangle);
    }
    // The layout has a place for every cell, so the copy lies within the sheet.
    let placed = sheet.copy_from(&cell, corner.0, corner.1);
    debug_assert!(placed.is_ok());
}

/// The colour of a pixel of 1 to 4 channels.
fn colour(pixel: &[f32]) -> Rgba<u8> {
    if pixel.iter().any(|value| !value.is_finite()) {
        let [r, g, b] = NOT_FINITE.0;
        return Rgba([r, g, b, 255]);
    }
    match *pixel {
        [grey] => Rgba([byte(grey), byte(grey), byte(grey), 255]),
        [grey, alpha] => Rgba([byte(grey), byte(grey), byte(grey), byte(alpha)]),
        [r, g, b] => Rgba([byte(r), byte(g), byte(b), 255]),
        [r, g, b, alpha] => Rgba([byte(r), byte(g), byte(b), byte(alpha)]),
        _ => Rgba([0, 0, 0, 0]),
    }
}

/// round(255 (v + 1) / 2), clipped to 0..=255; a half is rounded up.
fn byte(value: f32) -> u8 {
    ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8
}

/// A picture over the checkerboard: α c + (1 − α) b, channel by channel.
fn flattened(picture: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let below = u32::from(SQUARES[((x / SQUARE + y / SQUARE) % 2) as usize]);
        let [r, g, b, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        Rgb([r, g, b].map(|above| ((alpha * above + (255 - alpha) * below + 127) / 255) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_the_middle_and_beyond() {
        assert_eq!([-1.0, 0.0, 1.0, -9.0, 9.0, -0.5].map(byte), [0, 128, 255, 0, 255, 64]);
    }

    #[test]
    fn every_byte_survives_scaling() {
        for value in 0..=255u8 {
            assert_eq!(byte(f32::from(value) / 127.5 - 1.0), value);
        }
    }

    #[test]
    fn one_to_four_channels() {
        assert_eq!(colour(&[1.0]).0, [255, 255, 255, 255]);
        assert_eq!(colour(&[0.0, -1.0]).0, [128, 128, 128, 0]);
        assert_eq!(colour(&[-1.0, 0.0, 1.0]).0, [0, 128, 255, 255]);
        assert_eq!(colour(&[-1.0, 0.0, 1.0, 0.0]).0, [0, 128, 255, 128]);
    }

    #[test]
    fn values_that_are_not_finite_are_magenta_in_every_channel() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for pixel in [&[bad][..], &[0.0, bad], &[0.0, bad, 0.0], &[0.0, 0.0, 0.0, bad]] {
                assert_eq!(colour(pixel).0, [255, 0, 255, 255]);
            }
        }
    }

    #[test]
    fn alpha_shows_the_checkerboard() {
        let clear = flattened(&RgbaImage::from_pixel(17, 9, Rgba([9, 9, 9, 0])));
        assert_eq!(
            [(0, 0), (7, 7), (8, 0), (16, 0), (0, 8), (8, 8)].map(|(x, y)| clear.get_pixel(x, y).0[0]),
            [255, 255, 204, 255, 204, 255]
        );
        let half = flattened(&RgbaImage::from_pixel(1, 1, Rgba([255, 0, 128, 128])));
        assert_eq!(half.get_pixel(0, 0).0, [255, 127, 191]);
        let solid = flattened(&RgbaImage::from_pixel(9, 9, Rgba([1, 2, 3, 255])));
        assert!(solid.pixels().all(|pixel| pixel.0 == [1, 2, 3]));
    }
}

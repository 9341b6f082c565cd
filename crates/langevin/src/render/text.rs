//! Text with a font that is part of the program: no font of the system is asked for.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(ttf_noto_sans::REGULAR).expect("the font in the program is valid")
});

/// Height of a capital letter or digit above the base line, in em.
pub(super) const CAP_HEIGHT: f32 = 0.714;

/// Where a text lies relative to its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// The width of a line of text, in pixels; `size` is in pixels per em.
pub(super) fn width(text: &str, size: f32) -> f32 {
    line(text, size).1
}

/// Draws a line of text; `x` is where `align` says, `base` the base line, `size` in pixels per em.
pub(super) fn draw(
    image: &mut RgbImage,
    text: &str,
    (x, base): (f32, f32),
    align: Align,
    size: f32,
    ink: Rgb<u8>,
) {
    let (glyphs, width) = line(text, size);
    // A whole number of pixels, so that the same label looks the same wherever it stands.
    let start = match align {
        Align::Left => x,
        Align::Centre => x - width / 2.0,
        Align::Right => x - width,
    }
    .round();
    for mut glyph in glyphs {
        glyph.position.x += start;
        glyph.position.y += base.round();
        let Some(outline) = FONT.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, coverage| {
            blend(image, corner.x as i64 + i64::from(dx), corner.y as i64 + i64::from(dy), ink, coverage);
        });
    }
}

/// The longest beginning of a text that is at most `room` pixels wide, with an ellipsis where it was cut.
pub(super) fn shortened(text: &str, size: f32, room: f32) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut cut: String = text.to_owned();
    while cut.pop().is_some() {
        let candidate = format!("{}…", cut.trim_end());
        if width(&candidate, size) <= room {
            return candidate;
        }
    }
    String::new()
}

/// Lays `colour` over a pixel with the opacity `alpha` in [0, 1]; outside the image nothing happens.
pub(super) fn blend(image: &mut RgbImage, x: i64, y: i64, colour: Rgb<u8>, alpha: f32) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
    let Some(pixel) = image.get_pixel_mut_checked(x, y) else { return };
    let alpha = alpha.clamp(0.0, 1.0);
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        *below = (f32::from(*below) + alpha * (f32::from(above) - f32::from(*below))).round() as u8;
    }
}

/// The glyphs of a line that starts at (0, 0), and its width.
fn line(text: &str, size: f32) -> (Vec<Glyph>, f32) {
    let units = FONT.units_per_em().unwrap_or(1000.0);
    let font = FONT.as_scaled(PxScale::from(size * FONT.height_unscaled() / units));
    let (mut glyphs, mut x, mut previous) = (Vec::new(), 0.0, None);
    for character in text.chars() {
        let id = font.glyph_id(if character.is_control() { ' ' } else { character });
        x += previous.map_or(0.0, |previous| font.kern(previous, id));
        glyphs.push(id.with_scale_and_position(font.scale(), point(x, 0.0)));
        x += font.h_advance(id);
        previous = Some(id);
    }
    (glyphs, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb<u8> = Rgb([255; 3]);
    const BLACK: Rgb<u8> = Rgb([0; 3]);

    /// (left, top, right, bottom) of what was drawn, exclusive at the right and the bottom.
    fn bounds(image: &RgbImage) -> (u32, u32, u32, u32) {
        let inked = || image.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] < 200);
        let (xs, ys) = (|| inked().map(|(x, _, _)| x), || inked().map(|(_, y, _)| y));
        (xs().min().unwrap(), ys().min().unwrap(), xs().max().unwrap() + 1, ys().max().unwrap() + 1)
    }

    #[test]
    fn a_capital_stands_on_the_base_line() {
        let mut image = RgbImage::from_pixel(100, 100, WHITE);
        draw(&mut image, "H", (50.0, 80.0), Align::Centre, 70.0, BLACK);
        let (left, top, right, bottom) = bounds(&image);
        assert_eq!((top, bottom), (30, 80));
        assert!((i64::from(left + right) - 100).abs() <= 2, "{left} {right}");
        assert_eq!(image.get_pixel(left + 2, 55), &BLACK);
    }

    #[test]
    fn alignment_moves_the_text() {
        let side = |align| {
            let mut image = RgbImage::from_pixel(200, 40, WHITE);
            draw(&mut image, "t = 250", (100.0, 30.0), align, 14.0, BLACK);
            let (left, _, right, _) = bounds(&image);
            (left, right)
        };
        assert!(side(Align::Left).0 >= 100 && side(Align::Right).1 <= 101);
        assert!(side(Align::Centre).0 < 80 && side(Align::Centre).1 > 120);
    }

    #[test]
    fn the_font_has_the_signs_of_the_field() {
        for character in "0123456789−=.,·…×±σεαβηλμτΔ²".chars() {
            assert_ne!(FONT.glyph_id(character).0, 0, "{character}");
        }
    }

    #[test]
    fn long_text_is_cut_and_text_may_lie_outside() {
        let cut = shortened("a long label that does not fit", 14.0, 60.0);
        assert!(cut.ends_with('…') && cut.starts_with('a') && width(&cut, 14.0) <= 60.0, "{cut}");
        assert_eq!(shortened("t = 0", 14.0, 60.0), "t = 0");
        assert_eq!(shortened("wide", 14.0, 1.0), "");
        let mut image = RgbImage::from_pixel(5, 5, WHITE);
        draw(&mut image, "line\nbreak \u{1f600}", (-20.0, 300.0), Align::Left, 14.0, BLACK);
        assert!(image.pixels().all(|pixel| *pixel == WHITE));
    }
}

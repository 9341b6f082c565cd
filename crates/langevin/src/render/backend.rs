//! An image as a canvas of `plotters`, with the text of this module: its own asks the system for fonts.

use std::convert::Infallible;

use image::{Rgb, RgbImage};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::text::{self, Align, CAP_HEIGHT};

/// A borrowed image to draw on.
pub(super) struct Canvas<'a>(pub &'a mut RgbImage);

type Outcome<T> = Result<T, DrawingErrorKind<Infallible>>;

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    fn ensure_prepared(&mut self) -> Outcome<()> {
        Ok(())
    }

    fn present(&mut self) -> Outcome<()> {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Outcome<()> {
        text::blend(self.0, x.into(), y.into(), rgb(colour), colour.alpha as f32);
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Outcome<()> {
        let size = style.size() as f32;
        let anchor = style.anchor();
        let align = match anchor.h_pos {
            HPos::Left => Align::Left,
            HPos::Center => Align::Centre,
            HPos::Right => Align::Right,
        };
        let base = at.1 as f32
            + match anchor.v_pos {
                VPos::Top => CAP_HEIGHT * size,
                VPos::Center => CAP_HEIGHT * size / 2.0,
                VPos::Bottom => 0.0,
            };
        text::draw(self.0, text, (at.0 as f32, base), align, size, rgb(style.color()));
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(&self, text: &str, style: &S) -> Outcome<(u32, u32)> {
        let size = style.size() as f32;
        Ok((text::width(text, size).ceil() as u32, (CAP_HEIGHT * size).ceil() as u32))
    }
}

fn rgb(colour: BackendColor) -> Rgb<u8> {
    let (r, g, b) = colour.rgb;
    Rgb([r, g, b])
}

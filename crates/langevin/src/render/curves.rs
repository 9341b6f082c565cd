//! Curves over a logarithmic axis, such as a quantity by timestep.

use image::{Rgb, RgbImage};
use plotters::chart::ChartBuilder;
use plotters::coord::combinators::IntoLogRange;
use plotters::drawing::IntoDrawingArea;
use plotters::element::PathElement;
use plotters::style::{IntoFont, RGBColor, TextStyle};

use super::backend::Canvas;
use super::text::{self, Align};
use super::{INK, RenderError, TEXT_SIZE};

const SIZE: (u32, u32) = (760, 460);
const TITLE: u32 = 30;
const MESH: RGBColor = RGBColor(232, 232, 232);
const AXES: RGBColor = RGBColor(150, 150, 150);
/// Colours that people with every kind of sight can tell apart (Okabe & Ito 2008).
const COLOURS: [(u8, u8, u8); 6] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233)];

/// A curve with its name.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// Stands in the legend.
    pub label: &'a str,
    /// (x, y), in the order in which they are joined; what is not positive and finite is left out.
    pub points: &'a [(f64, f64)],
}

/// Draws curves over logarithmic axes; `x` names the horizontal one.
///
/// # Errors
/// If no curve has a point that is positive and finite.
pub fn curves(curves: &[Curve], title: &str, x: &str) -> Result<RgbImage, RenderError> {
    let shown = |&&(x, y): &&(f64, f64)| x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite();
    let kept: Vec<Vec<(f64, f64)>> =
        curves.iter().map(|curve| curve.points.iter().filter(shown).copied().collect()).collect();
    let all = || kept.iter().flatten();
    let range = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = all().map(of).fold((f64::INFINITY, 0.0f64), |(a, b), v| (a.min(v), b.max(v)));
        // A single value, too, has room around it.
        low / 1.3..high * 1.3
    };
    if all().next().is_none() {
        return Err(RenderError::Empty { what: "curve with a positive point" });
    }
    let mut image = RgbImage::from_pixel(SIZE.0, SIZE.1, Rgb([255; 3]));
    {
        let area = Canvas(&mut image).into_drawing_area().margin(TITLE + 8, 14, 10, 22);
        let mut chart = ChartBuilder::on(&area)
            .x_label_area_size(34)
            .y_label_area_size(64)
            .build_cartesian_2d(range(|p| p.0).log_scale(), range(|p| p.1).log_scale())
            .map_err(failure)?;
        let ink = RGBColor(INK.0[0], INK.0[1], INK.0[2]);
        let style = TextStyle::from(("sans-serif", TEXT_SIZE - 2.0).into_font()).color(&ink);
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(MESH)
            .axis_style(AXES)
            .label_style(style)
            .x_desc(x)
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|value| format!("{value:.0e}").replace('-', "−"))
            .draw()
            .map_err(failure)?;
        for (index, points) in kept.iter().enumerate() {
            let (r, g, b) = COLOURS[index % COLOURS.len()];
            let line = PathElement::new(points.clone(), RGBColor(r, g, b));
            chart.draw_series(std::iter::once(line)).map_err(failure)?;
        }
    }
    text::draw(&mut image, title, (14.0, 22.0), Align::Left, TEXT_SIZE + 2.0, INK);
    let mut right = SIZE.0 as f32 - 24.0;
    for (index, curve) in curves.iter().enumerate().rev() {
        let (r, g, b) = COLOURS[index % COLOURS.len()];
        text::draw(&mut image, curve.label, (right, 22.0), Align::Right, TEXT_SIZE, Rgb([r, g, b]));
        right -= text::width(curve.label, TEXT_SIZE) + 18.0;
    }
    Ok(image)
}

fn failure(error: impl std::fmt::Display) -> RenderError {
    RenderError::Axes { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_curve_has_its_colour_and_nothing_else_is_drawn() {
        let falling: Vec<(f64, f64)> = (1..=1000).map(|t| (f64::from(t), 1.0 / f64::from(t))).collect();
        let level = [(1.0, 0.1), (1000.0, 0.1), (500.0, f64::NAN), (3.0, -1.0)];
        let drawn = [Curve { label: "falling", points: &falling }, Curve { label: "level", points: &level }];
        let image = curves(&drawn, "two", "t").unwrap();
        let count = |(r, g, b): (u8, u8, u8)| image.pixels().filter(|p| p.0 == [r, g, b]).count();
        assert!(count(COLOURS[0]) > 300 && count(COLOURS[1]) > 300);
        assert_eq!(count(COLOURS[2]), 0);
    }

    #[test]
    fn nothing_to_draw_is_an_error_and_a_single_point_is_none() {
        assert!(curves(&[Curve { label: "", points: &[(0.0, 1.0), (1.0, f64::INFINITY)] }], "", "").is_err());
        assert!(curves(&[], "", "").is_err());
        assert!(curves(&[Curve { label: "one", points: &[(5.0, 2.0)] }], "", "t").is_ok());
    }
}

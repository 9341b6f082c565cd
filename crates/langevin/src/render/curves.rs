//! Curves, such as a quantity by timestep.

use image::{Rgb, RgbImage};
use plotters::chart::{ChartBuilder, ChartContext};

use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::combinators::IntoLogRange;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Circle, PathElement};
use plotters::style::{Color, IntoFont, RGBColor, TextStyle};
use std::ops::Range;

use super::backend::Canvas;
use super::text::{self, Align};
use super::{INK, RenderError, TEXT_SIZE};

const SIZE: (u32, u32) = (760, 460);
const TITLE: u32 = 30;
/// Points of a curve up to which each has a dot.
const FEW: usize = 20;
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
    /// (x, y), in the order in which they are joined; what the axes cannot show is left out.
    pub points: &'a [(f64, f64)],
}

/// How the axes of [`curves`] are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Evenly, from 0 on where all is positive.
    Linear,
    /// By powers of ten; what is not positive is left out.
    Logarithmic,
}

impl Axis {
    /// Whether a point can be shown.
    fn shows(self, (x, y): (f64, f64)) -> bool {
        x.is_finite() && y.is_finite() && (self == Self::Linear || x > 0.0 && y > 0.0)
    }

    /// From where to where an axis of these values goes.
    fn range(self, values: impl Iterator<Item = f64>) -> Range<f64> {
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)));
        match self {
            // A single value, too, has room around it.
            Self::Logarithmic => low / 1.3..high * 1.3,
            Self::Linear => {
                let low = low.min(0.0);
                let room = 0.05 * (high - low).max(1e-9);
                (if low < 0.0 { low - room } else { low })..high + room
            }
        }
    }
}

/// Draws curves; `x` names the horizontal axis.
///
/// # Errors
/// If no curve has a point that the axes can show.
pub fn curves(curves: &[Curve], title: &str, x: &str, axis: Axis) -> Result<RgbImage, RenderError> {
    let shown = |point: &&(f64, f64)| axis.shows(**point);
    let kept: Vec<Vec<(f64, f64)>> =
        curves.iter().map(|curve| curve.points.iter().filter(shown).copied().collect()).collect();
    let all = || kept.iter().flatten();
    if all().next().is_none() {
        return Err(RenderError::Empty { what: "curve with a point that can be shown" });
    }
    let ranges = (axis.range(all().map(|p| p.0)), axis.range(all().map(|p| p.1)));
    let mut image = RgbImage::from_pixel(SIZE.0, SIZE.1, Rgb([255; 3]));
    {
        let area = Canvas(&mut image).into_drawing_area().margin(TITLE + 8, 14, 10, 22);
        let mut builder = ChartBuilder::on(&area);
        builder.x_label_area_size(34).y_label_area_size(64);
        match axis {
            Axis::Logarithmic => {
                let logarithmic = (ranges.0.log_scale(), ranges.1.log_scale());
                let chart = builder.build_cartesian_2d(logarithmic.0, logarithmic.1).map_err(failure)?;
                let y = |value: &f64| format!("{value:.0e}").replace('-', "−");
                draw_curves(chart, &kept, x, &|value| format!("{value:.0}"), &y)?;
            }
            Axis::Linear => {
                let chart = builder.build_cartesian_2d(ranges.0, ranges.1).map_err(failure)?;
                draw_curves(chart, &kept, x, &short, &short)?;
            }
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

/// A number with as many places as it needs, up to three.
fn short(value: &f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}

/// Mesh and lines, and with few points a dot on each.
fn draw_curves<X, Y>(
    mut chart: ChartContext<'_, Canvas<'_>, Cartesian2d<X, Y>>,
    kept: &[Vec<(f64, f64)>],
    x: &str,
    x_label: &dyn Fn(&f64) -> String,
    y_label: &dyn Fn(&f64) -> String,
) -> Result<(), RenderError>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let ink = RGBColor(INK.0[0], INK.0[1], INK.0[2]);
    let style = TextStyle::from(("sans-serif", TEXT_SIZE - 2.0).into_font()).color(&ink);
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(MESH)
        .axis_style(AXES)
        .label_style(style)
        .x_desc(x)
        .x_label_formatter(x_label)
        .y_label_formatter(y_label)
        .draw()
        .map_err(failure)?;
    for (index, points) in kept.iter().enumerate() {
        let (r, g, b) = COLOURS[index % COLOURS.len()];
        let colour = RGBColor(r, g, b);
        chart.draw_series(std::iter::once(PathElement::new(points.clone(), colour))).map_err(failure)?;
        if points.len() <= FEW {
            let dots = points.iter().map(|&point| Circle::new(point, 3, colour.filled()));
            chart.draw_series(dots).map_err(failure)?;
        }
    }
    Ok(())
}

/// Puts images of one width below each other.
pub fn stacked(images: &[RgbImage]) -> RgbImage {
    let width = images.iter().map(RgbImage::width).max().unwrap_or(1);
    let height = images.iter().map(RgbImage::height).sum();
    let mut all = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut top = 0;
    for image in images {
        image::imageops::replace(&mut all, image, 0, i64::from(top));
        top += image.height();
    }
    all
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
        let image = curves(&drawn, "two", "t", Axis::Logarithmic).unwrap();
        let count = |(r, g, b): (u8, u8, u8)| image.pixels().filter(|p| p.0 == [r, g, b]).count();
        assert!(count(COLOURS[0]) > 300 && count(COLOURS[1]) > 300);
        assert_eq!(count(COLOURS[2]), 0);
    }

    #[test]
    fn even_axes_show_zero_and_put_a_dot_on_each_of_few_points() {
        let points = [(0.0, 0.5), (1.0, 0.0), (2.0, 1.0)];
        let image = curves(&[Curve { label: "", points: &points }], "", "w", Axis::Linear).unwrap();
        let (r, g, b) = COLOURS[0];
        let coloured = image.pixels().filter(|p| p.0 == [r, g, b]).count();
        // Three dots; the lines between are smoothed.
        assert!(coloured > 80, "{coloured}");
        assert_eq!([short(&0.25), short(&-2.0), short(&10.0)], ["0.25", "−2", "10"]);
        let both = stacked(&[image.clone(), image.clone()]);
        assert_eq!((both.width(), both.height()), (image.width(), 2 * image.height()));
    }

    #[test]
    fn nothing_to_draw_is_an_error_and_a_single_point_is_none() {
        assert!(
            curves(
                &[Curve { label: "", points: &[(0.0, 1.0), (1.0, f64::INFINITY)] }],
                "",
                "",
                Axis::Logarithmic
            )
            .is_err()
        );
        assert!(curves(&[], "", "", Axis::Linear).is_err());
        assert!(curves(&[Curve { label: "one", points: &[(5.0, 2.0)] }], "", "t", Axis::Logarithmic).is_ok());
    }
}

//! Axes of a plot: a frame, a light mesh, and ticks with numbers.

use image::RgbImage;
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea;
use plotters::element::Rectangle;
use plotters::style::{IntoFont, RGBColor, TextStyle};

use super::backend::Canvas;
use super::points::Plot;
use super::{INK, Range, RenderError};

/// Room for the numbers left of a plot, in pixels.
pub(super) const LEFT: u32 = 52;
/// Room for the numbers below a plot, in pixels.
pub(super) const BELOW: u32 = 28;

const MESH: RGBColor = RGBColor(236, 236, 236);
const FRAME: RGBColor = RGBColor(150, 150, 150);
/// The size of the numbers, in pixels per em.
const NUMBER_SIZE: f32 = 12.0;
/// Pixels from a tick to the next, at least.
const TICK_DISTANCE: u32 = 55;
const TICK_LENGTH: i32 = 4;

/// Which axes of a plot have numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    pub x: bool,
    pub y: bool,
}

/// Draws the axes of a plot whose upper left pixel is `corner`, `side` pixels wide and high; the numbers lie outside.
pub(super) fn draw(
    image: &mut RgbImage,
    corner: (u32, u32),
    side: u32,
    range: &Range,
    numbered: Numbered,
) -> Result<Plot, RenderError> {
    let left = if numbered.y { LEFT } else { 0 };
    let below = if numbered.x { BELOW } else { 0 };
    let canvas = Canvas(image).into_drawing_area();
    let area = canvas.clone().shrink((corner.0.saturating_sub(left), corner.1), (left + side, side + below));
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(below)
        .y_label_area_size(left)
        .build_cartesian_2d(range.x[0]..range.x[1], range.y[0]..range.y[1])
        .map_err(failure)?;
    let numbers = TextStyle::from(("sans-serif", NUMBER_SIZE).into_font())
        .color(&RGBColor(INK.0[0], INK.0[1], INK.0[2]));
    let ticks = (side / TICK_DISTANCE).clamp(2, 7) as usize;
    chart
        .configure_mesh()
        .x_labels(ticks)
        .y_labels(ticks)
        .max_light_lines(0)
        .bold_line_style(MESH)
        .axis_style(FRAME)
        .label_style(numbers)
        .set_all_tick_mark_size(TICK_LENGTH)
        .x_label_formatter(&|value| number(*value, range.x, ticks))
        .y_label_formatter(&|value| number(*value, range.y, ticks))
        .draw()
        .map_err(failure)?;
    let (xs, ys) = chart.plotting_area().get_pixel_range();
    let plot = Plot { left: xs.start, top: ys.start, right: xs.end - 1, bottom: ys.end - 1 };
    // The library's axes lie just outside the plot, so the frame does too.
    let frame = [(plot.left - 1, plot.top - 1), (plot.right + 1, plot.bottom + 1)];
    canvas.draw(&Rectangle::new(frame, FRAME)).map_err(failure)?;
    Ok(plot)
}

fn failure(error: impl std::fmt::Display) -> RenderError {
    RenderError::Axes { reason: error.to_string() }
}

/// A tick's number with as many decimals as tell it from its neighbours; very large and very small ones with a power.
fn number(value: f64, [low, high]: [f64; 2], ticks: usize) -> String {
    let step = (high - low) / ticks as f64;
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    let largest = low.abs().max(high.abs());
    let text = if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&largest) && step >= 1e-4 {
        let decimals = (-step.log10()).ceil().max(0.0) as usize;
        format!("{value:.decimals$}")
    } else {
        let decimals = ((value.abs() / step).log10().ceil().max(0.0) as usize).min(3);
        format!("{value:.decimals$e}")
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn numbers_have_the_decimals_they_need() {
        assert_eq!(number(-0.5, [-1.0, 1.0], 5), "−0.5");
        assert_eq!(number(-1e-17, [-1.0, 1.0], 5), "0");
        assert_eq!(number(20.0, [0.0, 100.0], 5), "20");
        assert_eq!(number(0.02, [0.0, 0.1], 5), "0.02");
        assert_eq!(number(-2e7, [-4e7, 4e7], 5), "−2.0e7");
        assert_eq!(number(2e-7, [0.0, 4e-7], 5), "2.0e−7");
    }

    #[test]
    fn the_frame_lies_around_the_plot() {
        let mut image = RgbImage::from_pixel(400, 400, Rgb([255; 3]));
        let range = Range { x: [-1.0, 1.0], y: [-1.0, 1.0] };
        let plot = draw(&mut image, (80, 40), 300, &range, Numbered { x: true, y: true }).unwrap();
        assert_eq!((plot.left, plot.top, plot.right, plot.bottom), (80, 40, 379, 339));
        for corner in [(79, 39), (380, 39), (79, 340), (380, 340)] {
            assert_eq!(image.get_pixel(corner.0, corner.1).0, [150; 3], "{corner:?}");
        }
        assert_eq!(image.get_pixel(83, 43).0, [255; 3]);
        let inked = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
            ys.flat_map(|y| xs.clone().map(move |x| (x, y))).any(|(x, y)| image.get_pixel(x, y).0[0] < 100)
        };
        assert!(inked(30..76, 40..340) && inked(80..380, 344..368) && !inked(0..400, 0..30));
    }

    #[test]
    fn extreme_ranges_have_axes_too() {
        let mut image = RgbImage::new(400, 400);
        for x in [[-3.4e38, 3.4e38], [-1e-9, 0.0], [1e6, 1e6 + 1.0], [0.0, 1e-9], [-1e300, 1e300]] {
            draw(&mut image, (80, 40), 300, &Range { x, y: x }, Numbered { x: true, y: true }).unwrap();
        }
    }
}

//! Series of points, drawn as small translucent discs.

use image::{Rgb, RgbImage};

use super::Range;
use super::text::blend;

/// Colours of series without one of their own: told apart by colour-blind readers too (after Okabe and Ito).
const COLOURS: [[u8; 3]; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];

/// Points of one kind in a plot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Series<'a> {
    /// What the legend says; an empty label is left out.
    pub label: &'a str,
    /// The points (x, y).
    pub points: &'a [[f32; 2]],
    /// Red, green and blue; without it, the next of six colours.
    pub colour: Option<[u8; 3]>,
}

/// The pixels that a plot covers, without its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

/// Points that a plot does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    pub outside: usize,
    pub not_finite: usize,
}

impl Hidden {
    /// A remark on what is hidden, empty if nothing is.
    pub(super) fn remark(&self) -> String {
        match (self.outside, self.not_finite) {
            (0, 0) => String::new(),
            (outside, 0) => format!("{outside} outside"),
            (0, not_finite) => format!("{not_finite} not finite"),
            (outside, not_finite) => format!("{outside} outside, {not_finite} not finite"),
        }
    }
}

/// The colour of series number `index`.
pub(super) fn colour(series: &Series, index: usize) -> Rgb<u8> {
    Rgb(series.colour.unwrap_or(COLOURS[index % COLOURS.len()]))
}

/// Draws the points of all series that lie in the range.
pub(super) fn draw(image: &mut RgbImage, plot: Plot, range: &Range, series: &[Series]) -> Hidden {
    let mut hidden = Hidden::default();
    let place = |value: f32, [low, high]: [f64; 2], from: i32, to: i32| {
        f64::from(from) + f64::from(to - from) * (f64::from(value) - low) / (high - low)
    };
    for (index, one) in series.iter().enumerate() {
        let ink = colour(one, index);
        let (radius, opacity) = pen(one.points.len(), plot.right - plot.left);
        for &[x, y] in one.points {
            if !(x.is_finite() && y.is_finite()) {
                hidden.not_finite += 1;
                continue;
            }
            let inside = |value: f32, [low, high]: [f64; 2]| (low..=high).contains(&f64::from(value));
            if !(inside(x, range.x) && inside(y, range.y)) {
                hidden.outside += 1;
                continue;
            }
            let centre = (place(x, range.x, plot.left, plot.right), place(y, range.y, plot.bottom, plot.top));
            disc(image, centre, radius, ink, opacity);
        }
    }
    hidden
}

/// Radius in pixels and opacity of the discs of `count` points: many are small and light, few large and strong.
fn pen(count: usize, side: i32) -> (f32, f32) {
    let spread = 1.0 / (count.max(1) as f32).sqrt();
    let radius = 0.9 + 0.077 * side as f32 * spread;
    (radius.clamp(1.0, 4.0), (0.4 + 8.0 * spread).clamp(0.4, 0.85))
}

/// Draws a disc with a soft edge of one pixel; its centre may lie between pixels.
pub(super) fn disc(image: &mut RgbImage, (x, y): (f64, f64), radius: f32, ink: Rgb<u8>, opacity: f32) {
    let reach = i64::from(radius.ceil() as i32) + 1;
    let (column, row) = (x.round() as i64, y.round() as i64);
    for pixel_y in row - reach..=row + reach {
        for pixel_x in column - reach..=column + reach {
            let distance = (pixel_x as f64 - x).hypot(pixel_y as f64 - y) as f32;
            let coverage = (radius + 0.5 - distance).clamp(0.0, 1.0);
            if coverage > 0.0 {
                blend(image, pixel_x, pixel_y, ink, opacity * coverage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Plot = Plot { left: 10, top: 20, right: 110, bottom: 120 };
    const RANGE: Range = Range { x: [0.0, 10.0], y: [-5.0, 5.0] };

    /// The middle of what a single point inked.
    fn middle_of(point: [f32; 2]) -> (f64, f64) {
        let mut image = RgbImage::from_pixel(130, 140, Rgb([255; 3]));
        let series = [Series { points: &[point], colour: Some([0; 3]), ..Series::default() }];
        assert_eq!(draw(&mut image, PLOT, &RANGE, &series), Hidden::default());
        let mut sum = (0.0, 0.0, 0.0);
        for (x, y, pixel) in image.enumerate_pixels() {
            let weight = f64::from(255 - pixel.0[0]);
            sum = (sum.0 + weight * f64::from(x), sum.1 + weight * f64::from(y), sum.2 + weight);
        }
        (sum.0 / sum.2, sum.1 / sum.2)
    }

    #[test]
    fn points_lie_where_the_axes_say() {
        for (point, expected) in
            [([0.0, -5.0], (10.0, 120.0)), ([10.0, 5.0], (110.0, 20.0)), ([2.53, 1.0], (35.3, 60.0))]
        {
            let got = middle_of(point);
            let near = |a: f64, b: f64| (a - b).abs() < 0.1;
            assert!(
                near(got.0, expected.0) && near(got.1, expected.1),
                "{point:?}: {got:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let points =
            [[11.0, 0.0], [5.0, 5.1], [5.0, f32::NAN], [f32::INFINITY, 0.0], [1e30, 0.0], [5.0, 0.0]];
        let mut image = RgbImage::new(130, 140);
        let hidden = draw(&mut image, PLOT, &RANGE, &[Series { points: &points, ..Series::default() }]);
        assert_eq!(hidden, Hidden { outside: 3, not_finite: 2 });
        assert_eq!(hidden.remark(), "3 outside, 2 not finite");
        assert_eq!(Hidden::default().remark(), "");
    }
}

//! Scatter plots of points: one plot, or panels side by side.

use image::{Rgb, RgbImage};

use super::axes::{self, LEFT, Numbered};
use super::figure::{EDGE, Figure, LINE};
use super::points::{self, Series};
use super::text::{self, Align};
use super::{FAINT_INK, INK, Range, RenderError, TEXT_SIZE};

const WHITE: Rgb<u8> = Rgb([255; 3]);
const TITLE_SIZE: f32 = 17.0;
const REMARK_SIZE: f32 = 11.0;

/// How a plot looks; the default fits most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlotOptions {
    /// Stands above; empty for none.
    pub title: String,
    /// What the axes show; without it, [`Range::of`] all points. A unit is as long on both axes, so the shorter axis is
    /// widened. The frames of an animation need one range for all.
    pub range: Option<Range>,
    /// Panels in a row; without it, up to 7.
    pub columns: Option<usize>,
    /// The side of a plot without its axes, 80 to 1600 pixels; without it, 520, or 240 for each of several panels.
    pub side: Option<u32>,
}

/// One of several plots with the same axes.
#[derive(Clone, Debug, Default)]
pub struct Panel<'a> {
    /// Stands above the panel; empty for none.
    pub caption: &'a str,
    /// What it shows, the last on top.
    pub series: &'a [Series<'a>],
}

/// Draws series of points into one plot with equal axes.
///
/// Points outside the axes or not finite are counted in a remark in the upper right corner.
///
/// # Errors
/// If there is no series, or the range or the side cannot be drawn.
pub fn scatter(series: &[Series], options: &PlotOptions) -> Result<RgbImage, RenderError> {
    panels(&[Panel { caption: "", series }], options)
}

/// Draws panels side by side, all with the same equal axes: a process over time, say.
///
/// # Errors
/// If there is no panel, a panel has no series, the range or the side cannot be drawn, or there are too many panels.
pub fn panels(panels: &[Panel], options: &PlotOptions) -> Result<RgbImage, RenderError> {
    if panels.is_empty() {
        return Err(RenderError::Empty { what: "panel" });
    }
    if panels.iter().any(|panel| panel.series.is_empty()) {
        return Err(RenderError::Empty { what: "series of points in a panel" });
    }
    let all = panels.iter().flat_map(|panel| panel.series).map(|series| series.points);
    let range = options.range.unwrap_or_else(|| Range::of(all)).square()?;
    let figure = Figure::new(panels, options)?;
    let mut image = RgbImage::from_pixel(figure.width, figure.height, WHITE);
    draw_head(&mut image, &figure, panels, options);
    for (index, panel) in panels.iter().enumerate() {
        draw_panel(&mut image, &figure, panel, index, &range)?;
    }
    Ok(image)
}

/// Draws the title and the legend.
fn draw_head(image: &mut RgbImage, figure: &Figure, panels: &[Panel], options: &PlotOptions) {
    let centre = (LEFT + figure.width - EDGE) as f32 / 2.0;
    let mut base = EDGE as f32 + 8.0;
    if !options.title.is_empty() {
        // Centred over the plots, a title may reach into the space left of them, but not past the right edge.
        let title = text::shortened(&options.title, TITLE_SIZE, 2.0 * (figure.width as f32 - centre) - 8.0);
        text::draw(image, &title, (centre, base), Align::Centre, TITLE_SIZE, INK);
        base += LINE as f32;
    }
    let entries = legend(panels);
    let (disc, space) = (14.0, 18.0);
    let widths: Vec<f32> =
        entries.iter().map(|(label, _)| disc + text::width(label, TEXT_SIZE) + space).collect();
    let mut x = centre - (widths.iter().sum::<f32>() - space).max(0.0) / 2.0;
    for ((label, ink), width) in entries.iter().zip(widths) {
        points::disc(image, (f64::from(x) + 5.0, f64::from(base) - 5.0), 4.0, *ink, 1.0);
        text::draw(image, label, (x + disc, base), Align::Left, TEXT_SIZE, INK);
        x += width;
    }
}

/// The labels of all panels with their colours, each once, in order.
fn legend<'a>(panels: &[Panel<'a>]) -> Vec<(&'a str, Rgb<u8>)> {
    let mut entries = Vec::new();
    for (index, series) in panels.iter().flat_map(|panel| panel.series.iter().enumerate()) {
        let entry = (series.label, points::colour(series, index));
        if !series.label.is_empty() && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

fn draw_panel(
    image: &mut RgbImage,
    figure: &Figure,
    panel: &Panel,
    index: usize,
    range: &Range,
) -> Result<(), RenderError> {
    let (x, y) = figure.corner(index);
    // Only the outer panels have numbers: the left ones and those without a panel below.
    let numbered =
        Numbered { x: index + figure.columns >= figure.count, y: index.is_multiple_of(figure.columns) };
    let plot = axes::draw(image, (x, y), figure.side, range, numbered)?;
    let hidden = points::draw(image, plot, range, panel.series);
    let (side, top) = (figure.side as f32, y as f32);
    let caption = text::shortened(panel.caption, TEXT_SIZE, side);
    text::draw(image, &caption, (x as f32 + side / 2.0, top - 8.0), Align::Centre, TEXT_SIZE, INK);
    let remark = text::shortened(&hidden.remark(), REMARK_SIZE, side - 12.0);
    let corner = (x as f32 + side - 6.0, top + 14.0);
    text::draw(image, &remark, corner, Align::Right, REMARK_SIZE, FAINT_INK);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [[f32; 2]; 3] = [[-1.0, -1.0], [0.0, 0.5], [1.0, 1.0]];

    fn series(label: &str) -> Series<'_> {
        Series { label, points: &POINTS, colour: None }
    }

    fn count(image: &RgbImage, colour: [u8; 3]) -> usize {
        let near = |pixel: &Rgb<u8>| pixel.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 45);
        image.pixels().filter(|pixel| near(pixel)).count()
    }

    #[test]
    fn each_series_has_its_colour() {
        let image = scatter(
            &[series("data"), Series { points: &[[0.3, -0.6]], ..series("samples") }],
            &PlotOptions::default(),
        )
        .unwrap();
        assert!(count(&image, [0, 114, 178]) > 60 && count(&image, [213, 94, 0]) > 30);
        let own = Series { colour: Some([0, 158, 115]), ..series("") };
        let image = scatter(&[own], &PlotOptions::default()).unwrap();
        assert!(count(&image, [0, 158, 115]) > 60 && count(&image, [0, 114, 178]) == 0);
    }

    #[test]
    fn the_size_depends_on_the_options_alone() {
        let one = [series("")];
        let size = |panels_count: usize, options: &PlotOptions| {
            let all = vec![Panel { caption: "t = 0", series: &one }; panels_count];
            panels(&all, options).unwrap().dimensions()
        };
        let plain = PlotOptions::default();
        assert_eq!(size(5, &plain), (52 + 5 * 256 - 16 + 18, 18 + 26 + 240 + 28));
        let columns = PlotOptions { columns: Some(3), title: "A title".into(), ..plain.clone() };
        assert_eq!(size(5, &columns), (52 + 3 * 256 - 16 + 18, 18 + 26 + 2 * (26 + 256) - 16 + 28));
        assert!(size(7, &PlotOptions { columns: Some(7), ..plain.clone() }).0 <= 2000);
        assert!(size(120, &plain).0 <= 2000);
        let small = PlotOptions { side: Some(100), ..plain };
        assert_eq!(scatter(&one, &small).unwrap().dimensions(), (52 + 100 + 18, 18 + 100 + 28));
    }

    #[test]
    fn a_legend_names_each_label_once() {
        let (data, both) = ([series("data")], [series("data"), series("samples")]);
        let panels = [Panel { caption: "", series: &data }, Panel { caption: "", series: &both }];
        let labels: Vec<_> = legend(&panels).into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, ["data", "samples"]);
    }

    #[test]
    fn plots_that_cannot_be_drawn_are_refused() {
        let told = |result: Result<RgbImage, RenderError>| result.unwrap_err().to_string();
        let one = [series("")];
        let plain = PlotOptions::default();
        assert!(told(panels(&[], &plain)).contains("at least one panel"));
        assert!(told(scatter(&[], &plain)).contains("at least one series"));
        assert!(told(scatter(&one, &PlotOptions { side: Some(5), ..plain.clone() })).ends_with("got 5"));
        assert!(told(scatter(&one, &PlotOptions { columns: Some(0), ..plain.clone() })).contains("got 0"));
        let range = Some(Range { x: [0.0, f64::NAN], y: [0.0, 1.0] });
        assert!(told(scatter(&one, &PlotOptions { range, ..plain.clone() })).starts_with("the x axis"));
        let many = vec![Panel { caption: "", series: &one }; 2000];
        assert!(told(panels(&many, &plain)).contains("do not fit"));
    }

    #[test]
    fn points_that_cannot_be_shown_do_no_harm() {
        let hostile = [[f32::NAN, 0.0], [f32::INFINITY, 1.0], [f32::MAX, f32::MIN], [f32::MIN_POSITIVE, 0.0]];
        for points in [&hostile[..], &hostile[..2], &[]] {
            scatter(&[Series { label: "x\ny", points, colour: None }], &PlotOptions::default()).unwrap();
        }
    }
}

//! Samples at several moments, drawn beside each other or one after another.

use crate::exit::{Done, Failure, usage};
use langevin::config::Settings;
use langevin::render::{self, Panel, Pictures, PlotOptions, Range, RenderError, RgbImage, Series};
use langevin::tensor::to_points;
use std::path::Path;

/// Samples and what they are called.
pub type Moment = (String, Vec<f32>);

/// Whether `path` names an animation (.gif) rather than a picture (.png).
///
/// # Errors
/// If it names neither.
pub fn is_animation(path: &Path, flag: &str) -> Result<bool, Failure> {
    match path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
        Some("gif") => Ok(true),
        Some("png") => Ok(false),
        _ => Err(usage(format!("{flag} takes a .png or a .gif file"))),
    }
}

/// Writes a strip of all moments: a column each, or for points a panel.
pub fn write_strip(path: &Path, moments: &[Moment], settings: &Settings) -> Done {
    let labels: Vec<&String> = moments.iter().map(|(label, _)| label).collect();
    let image = match settings.levels {
        Some(_) => render::strip(&pictures(moments, settings)?, &labels)?,
        None => plots(moments, true)?.remove(0),
    };
    Ok(render::save_png(path, &image)?)
}

/// A frame of each moment: a grid of pictures, or a plot of points on the same axes.
pub fn frames(moments: &[Moment], settings: &Settings) -> Result<Vec<RgbImage>, RenderError> {
    match settings.levels {
        Some(_) => pictures(moments, settings)?.iter().map(|frame| render::grid(frame, None)).collect(),
        None => plots(moments, false),
    }
}

fn pictures<'a>(moments: &'a [Moment], settings: &Settings) -> Result<Vec<Pictures<'a>>, RenderError> {
    let shape = settings.shape;
    let of = |values: &'a Vec<f32>| Pictures::new(values, shape.batch(values.len() / shape.elements()));
    moments.iter().map(|(_, values)| of(values)).collect()
}

/// All panels in one plot, or a plot each.
fn plots(moments: &[Moment], together: bool) -> Result<Vec<RgbImage>, RenderError> {
    let points: Vec<_> = moments.iter().map(|(_, values)| to_points(values)).collect();
    let series: Vec<_> = points.iter().map(|points| [Series { points, ..Series::default() }]).collect();
    let panels: Vec<Panel> =
        moments.iter().zip(&series).map(|((label, _), series)| Panel { caption: label, series }).collect();
    let range = Range::of(points.iter().map(Vec::as_slice));
    let options = PlotOptions { range: Some(range), ..PlotOptions::default() };
    if together {
        return Ok(vec![render::panels(&panels, &options)?]);
    }
    panels.iter().map(|panel| render::panels(std::slice::from_ref(panel), &options)).collect()
}

//! `langevin diffuse`: data turning to noise.

use crate::args::{DiffuseArguments, ReadArguments};
use crate::exit::{Done, Failure, usage};
use crate::output::check_png;
use crate::say::tell;
use langevin::SampleShape;
use langevin::data::{self, DataOptions, Dataset, read_picture};
use langevin::diffusion::Process;
use langevin::math::rng::{Purpose, Stream};
use langevin::math::{Prediction, Schedule, Variance};
use langevin::render::{self, Panel, Pictures, PlotOptions, Range, Series};
use langevin::tensor::to_points;
use std::path::Path;

/// Columns of the strip, from x_0 to x_T.
const COLUMNS: usize = 9;

/// Points shown of a set.
const POINTS: usize = 2000;

/// Runs the command.
pub fn run(arguments: &DiffuseArguments) -> Done {
    check_png(&arguments.out)?;
    if arguments.count == 0 {
        return Err(usage("-n is 0: show at least 1 picture"));
    }
    let schedule = schedule(&arguments.schedule)?;
    let process = Process::new(&schedule, arguments.timesteps, Prediction::Epsilon, Variance::FixedLarge)
        .map_err(usage)?;
    let (samples, shape, points) = samples(arguments)?;
    let columns: Vec<(String, Vec<f32>)> = moments(process.len())
        .into_iter()
        .map(|t| (format!("t = {t}"), diffused(&process, &samples, shape, t, arguments.seed)))
        .collect();
    let image = if points {
        let points: Vec<_> = columns.iter().map(|(_, values)| to_points(values)).collect();
        let series: Vec<_> = points.iter().map(|points| [Series { points, ..Series::default() }]).collect();
        let captioned = columns.iter().zip(&series);
        let panels: Vec<_> = captioned.map(|((caption, _), series)| Panel { caption, series }).collect();
        let range = Some(Range::of(points.iter().map(Vec::as_slice)));
        render::panels(&panels, &PlotOptions { range, columns: Some(5), ..PlotOptions::default() })?
    } else {
        let count = samples.len() / shape.elements();
        let pictures: Result<Vec<_>, _> =
            columns.iter().map(|(_, values)| Pictures::new(values, shape.batch(count))).collect();
        let labels: Vec<&String> = columns.iter().map(|(label, _)| label).collect();
        render::strip(&pictures?, &labels)?
    };
    render::save_png(&arguments.out, &image)?;
    tell!("x_0 to x_{} in {}", process.len(), arguments.out.display());
    Ok(())
}

fn schedule(name: &str) -> Result<Schedule, Failure> {
    let unknown =
        || usage(format!("there is no schedule {name:?}: choose linear, scaled-linear, cosine or sigmoid"));
    serde_json::from_value(serde_json::json!({ "kind": name })).map_err(|_| unknown())
}

/// Times from 0 (x_0 itself) to T: closer together early, where a picture changes most.
fn moments(total: usize) -> Vec<usize> {
    let mut times: Vec<usize> = (0..COLUMNS)
        .map(|column| {
            let part = column as f64 / (COLUMNS - 1) as f64;
            (part.powf(1.5) * total as f64).round() as usize
        })
        .collect();
    times.dedup();
    times
}

/// x_t of every sample, each with its own noise, the same at every t.
fn diffused(process: &Process, samples: &[f32], shape: SampleShape, t: usize, seed: u64) -> Vec<f32> {
    if t == 0 {
        return samples.to_vec();
    }
    let size = shape.elements();
    let mut out = vec![0.0; samples.len()];
    let mut eps = vec![0.0; size];
    for (index, (x0, x_t)) in samples.chunks(size).zip(out.chunks_mut(size)).enumerate() {
        Stream::new(seed, Purpose::SampleStart, index as u64).normal(0, &mut eps);
        process.diffuse(t - 1, x0, &eps, x_t);
    }
    out
}

/// The samples to show, their shape, and whether they are points.
fn samples(arguments: &DiffuseArguments) -> Result<(Vec<f32>, SampleShape, bool), Failure> {
    let path = Path::new(&arguments.data);
    if !data::is_builtin(&arguments.data) && is_picture(path) {
        let mut picture = read_picture(path, arguments.read.channels)?;
        if let Some([height, width]) = arguments.read.size {
            picture = picture.fit(height, width);
        }
        let (height, width, channels) = (picture.height, picture.width, picture.channels);
        return Ok((picture.to_scaled(), SampleShape { height, width, channels }, false));
    }
    let set = data::load(&arguments.data, &options(&arguments.read, arguments.seed))?;
    let points = matches!(set, Dataset::Points(_));
    let shape = SampleShape { height: set.height(), width: set.width(), channels: set.channels() };
    let count = if points { POINTS } else { arguments.count }.min(set.len());
    let mut samples = vec![0.0; count * shape.elements()];
    for (index, sample) in samples.chunks_mut(shape.elements()).enumerate() {
        // Spread over the set: neighbours in a folder are often alike.
        set.read(index * set.len() / count, sample);
    }
    Ok((samples, shape, points))
}

/// Whether a path is a single picture rather than a data set.
fn is_picture(path: &Path) -> bool {
    const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"];
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str())) && !path.is_dir()
}

/// What loading the data needs to know.
pub fn options(read: &ReadArguments, seed: u64) -> DataOptions {
    DataOptions {
        split: read.split.clone(),
        size: read.size.map(|[height, width]| (height, width)),
        channels: read.channels,
        data_dir: read.data_dir.clone(),
        seed,
        count: None,
        on_bad_file: read.on_bad_file.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_reach_from_the_data_to_noise() {
        let times = moments(1000);
        assert_eq!((times[0], times[COLUMNS - 1], times.len()), (0, 1000, COLUMNS));
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(moments(1), [0, 1]);
    }
}

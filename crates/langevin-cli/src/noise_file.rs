//! Noise from a file, in place of a seed's.

use crate::exit::{Failure, usage};
use langevin::SampleShape;
use langevin::data::read_npy;
use langevin::sampler::GivenNoise;
use langevin::tensor::channels_last;
use std::path::Path;

/// Reads x_T of n samples, and z of each of `steps` steps where there are any (`None`: no step draws noise). Gives n as well.
pub fn read(
    path: &Path,
    shape: SampleShape,
    points: bool,
    steps: Option<usize>,
) -> Result<(usize, GivenNoise), Failure> {
    let (sides, values) = read_npy(path)?;
    let sample = if points { vec![2] } else { vec![shape.channels, shape.height, shape.width] };
    let parts = steps.map_or(1, |steps| steps + 1);
    let (count, rest) = match (steps, &sides[..]) {
        (None, [count, rest @ ..]) => (*count, rest),
        (Some(steps), [first, count, rest @ ..]) if *first == steps + 1 => (*count, rest),
        _ => (0, &[][..]),
    };
    if rest != sample || count == 0 {
        let expected: Vec<String> = steps
            .map(|steps| format!("{} (x_T and the noise of {steps} steps)", steps + 1))
            .into_iter()
            .chain(["n".to_owned()])
            .chain(sample.iter().map(ToString::to_string))
            .collect();
        return Err(usage(format!(
            "{} has the shape {sides:?}: expected [{}]",
            path.display(),
            expected.join(", ")
        )));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(usage(format!("{}: value {index} is {}, and no number", path.display(), values[index])));
    }
    let mut parts = values.chunks(values.len() / parts).map(|part| channels_last(part, shape));
    let start = parts.next().unwrap_or_default();
    Ok((count, GivenNoise { start, steps: parts.collect() }))
}

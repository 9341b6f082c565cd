//! The built-in sets of points: four shapes that a diffusion model of the plane is tried on.
//!
//! Each is a pure function of (seed, number of the point), so a smaller set is the beginning of a larger one; and
//! each is centred and scaled so that a coordinate's standard deviation is about 1, as that of x_T.

use std::f64::consts::{PI, SQRT_2, TAU};

use langevin_math::rng::{Purpose, Stream};

use super::{DataError, DataOptions, Dataset, PointSet};

const DEFAULT_COUNT: usize = 10_000;
const MAX_COUNT: usize = 100_000_000;

/// A shape: from two or three uniform numbers in [0, 1) and two standard normal ones to a point.
type Shape = fn(uniform: [f64; 3], normal: [f64; 2]) -> [f64; 2];

/// The shapes; the position in the list is the number of the random stream, so the order must stay.
const SHAPES: &[(&str, Shape)] = &[
    ("swiss-roll", swiss_roll),
    ("eight-gaussians", eight_gaussians),
    ("two-moons", two_moons),
    ("checkerboard", checkerboard),
];

pub(super) fn load(name: &str, options: &DataOptions) -> Result<Dataset, DataError> {
    super::refuse_split(name, options)?;
    super::refuse_picture_options(name, options)?;
    let count = options.count.unwrap_or(DEFAULT_COUNT);
    if !(1..=MAX_COUNT).contains(&count) {
        let reason = format!("the number of points must be from 1 to {MAX_COUNT}");
        return Err(DataError::BadOption { option: "set data.count", value: count.to_string(), reason });
    }
    let Some(number) = SHAPES.iter().position(|(known, _)| *known == name) else {
        return Err(DataError::UnknownFormat { path: name.to_owned() });
    };
    let points = generate(SHAPES[number].1, Stream::new(options.seed, Purpose::Data, number as u64), count);
    Ok(Dataset::Points(PointSet { name: name.to_owned(), points, skipped: Vec::new() }))
}

fn generate(shape: Shape, stream: Stream, count: usize) -> Vec<[f32; 2]> {
    let (mut uniform, mut normal) = (vec![0.0; 3 * count], vec![0.0; 2 * count]);
    stream.uniform(0, &mut uniform);
    stream.normal(1, &mut normal);
    let drawn = uniform.as_chunks::<3>().0.iter().zip(normal.as_chunks::<2>().0);
    drawn.map(|(u, n)| shape(u.map(f64::from), n.map(f64::from)).map(|value| value as f32)).collect()
}

/// The roll of scikit-learn's `make_swiss_roll` seen along its axis, noise 0.5:
/// t = 3π/2 (1 + 2u), (t cos t, t sin t), less its mean (2, 2/3π), divided by 6.8.
fn swiss_roll([u, ..]: [f64; 3], [n, m]: [f64; 2]) -> [f64; 2] {
    let t = 1.5 * PI * (1.0 + 2.0 * u);
    let mean = [2.0, 2.0 / (3.0 * PI)];
    [(t * t.cos() + 0.5 * n - mean[0]) / 6.8, (t * t.sin() + 0.5 * m - mean[1]) / 6.8]
}

/// Eight normal distributions, σ = √2/8, evenly on a circle of radius √2.
fn eight_gaussians([u, ..]: [f64; 3], [n, m]: [f64; 2]) -> [f64; 2] {
    let angle = TAU * (8.0 * u).floor() / 8.0;
    [SQRT_2 * (angle.cos() + n / 8.0), SQRT_2 * (angle.sin() + m / 8.0)]
}

/// The two half circles of scikit-learn's `make_moons`, noise 0.05, less their mean (1/2, 1/4), divided by 0.7.
fn two_moons([u, side, _]: [f64; 3], [n, m]: [f64; 2]) -> [f64; 2] {
    let (sin, cos) = (PI * u).sin_cos();
    let [x, y] = if side < 0.5 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
    [(x + 0.05 * n - 0.5) / 0.7, (y + 0.05 * m - 0.25) / 0.7]
}

/// The dark squares of a 4×4 board over [-2, 2]², evenly.
fn checkerboard([u, v, half]: [f64; 3], _: [f64; 2]) -> [f64; 2] {
    let x = 4.0 * u - 2.0;
    let row = 2.0 * (2.0 * half).floor() + x.floor().rem_euclid(2.0);
    [x, row + v - 2.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(name: &str, seed: u64, count: Option<usize>) -> Vec<[f32; 2]> {
        let set = load(name, &DataOptions { seed, count, ..DataOptions::default() }).unwrap();
        match set {
            Dataset::Points(set) => set.points().to_vec(),
            Dataset::Pictures(_) => panic!("points are points"),
        }
    }

    #[test]
    fn every_shape_has_the_moments_of_its_formula() {
        // (mean, standard deviation) a coordinate, integrated by hand from the formulas above, noise included.
        let moons_y = ((0.5 - 4.0 / (PI * PI) + (2.0 / PI - 0.25f64).powi(2)) + 0.0025f64).sqrt() / 0.7;
        let expected = [
            ("swiss-roll", [43.87, 48.32].map(|variance: f64| (variance + 0.25).sqrt() / 6.8)),
            ("eight-gaussians", [(1.0f64 + 1.0 / 32.0).sqrt(); 2]),
            ("two-moons", [(0.75f64 + 0.0025).sqrt() / 0.7, moons_y]),
            ("checkerboard", [(4.0f64 / 3.0).sqrt(); 2]),
        ];
        for (name, deviations) in expected {
            let points = points(name, 5, Some(200_000));
            for (axis, deviation) in deviations.into_iter().enumerate() {
                let values = points.iter().map(|point| f64::from(point[axis]));
                let mean = values.clone().sum::<f64>() / 2e5;
                let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / 2e5;
                // Five standard errors of the mean; those of the deviation are smaller, the shapes being bounded.
                let tolerance = 5.0 * deviation / 2e5f64.sqrt();
                assert!(mean.abs() < tolerance, "{name}, axis {axis}: mean {mean}");
                assert!((variance.sqrt() - deviation).abs() < tolerance, "{name}, axis {axis}: {variance}");
            }
        }
    }

    #[test]
    fn points_depend_on_the_seed_and_a_smaller_set_begins_a_larger_one() {
        for (name, _) in SHAPES {
            let all = points(name, 1, None);
            assert_eq!(all.len(), 10_000);
            assert_eq!(points(name, 1, Some(77)), all[..77]);
            assert_ne!(points(name, 2, Some(77)), all[..77]);
        }
    }

    #[test]
    fn the_board_has_points_on_its_dark_squares_only() {
        let cell = |value: f32| value.floor() as i32;
        let mut seen = std::collections::BTreeSet::new();
        for [x, y] in points("checkerboard", 3, Some(5000)) {
            assert_eq!((cell(x) + cell(y)).rem_euclid(2), 0, "({x}, {y})");
            seen.insert((cell(x), cell(y)));
        }
        assert_eq!(seen.len(), 8);
    }

    #[test]
    fn counts_and_options_that_cannot_be_are_refused() {
        let refused = |options: DataOptions| load("two-moons", &options).unwrap_err().to_string();
        let count = |count| DataOptions { count: Some(count), ..DataOptions::default() };
        assert!(refused(count(0)).contains("data.count 0"));
        assert!(refused(count(usize::MAX)).contains("100000000"));
        let size = DataOptions { size: Some((8, 9)), ..DataOptions::default() };
        assert_eq!(
            refused(size),
            "`--size 8x9` cannot be used: 'two-moons' holds points, not pictures: leave the option out"
        );
    }
}

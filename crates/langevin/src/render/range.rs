//! The part of the plane that a plot shows.

use super::RenderError;

/// The share of the points at either end that may be outliers.
const TAIL: f64 = 0.005;
/// How far beyond the others a point may lie before it is an outlier, in widths of the others.
const REACH: f64 = 0.25;
/// White space around the points, in widths of the plot.
const MARGIN: f64 = 0.05;
/// The least width of a range, relative to its ends: ticks of less cannot be told apart.
const LEAST_RELATIVE: f64 = 1e-6;
/// The least width of a range.
const LEAST: f64 = 1e-9;

/// The part of the plane that a plot shows: from the first to the second number of each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// From left to right.
    pub x: [f64; 2],
    /// From below to above.
    pub y: [f64; 2],
}

impl Range {
    /// The square around all points of all sets, with a margin.
    ///
    /// Outliers do not count: per axis, points further from the central 99 % than a quarter of its width. Nor do
    /// points that are not finite. Without points the range is [-1, 1] on both axes.
    pub fn of<'a>(sets: impl IntoIterator<Item = &'a [[f32; 2]]>) -> Self {
        let finite = |point: &&[f32; 2]| point.iter().all(|value| value.is_finite());
        let points: Vec<[f32; 2]> = sets.into_iter().flatten().filter(finite).copied().collect();
        let x = robust(points.iter().map(|point| point[0]).collect());
        let y = robust(points.iter().map(|point| point[1]).collect());
        let margin = MARGIN * (x[1] - x[0]).max(y[1] - y[0]);
        let wider = |[low, high]: [f64; 2]| [low - margin, high + margin];
        Self { x: wider(x), y: wider(y) }.widened()
    }

    /// The range with the shorter axis widened on both sides, so that a unit is as long on both.
    pub(super) fn square(self) -> Result<Self, RenderError> {
        check('x', self.x)?;
        check('y', self.y)?;
        Ok(self.widened())
    }

    fn widened(self) -> Self {
        let width = (self.x[1] - self.x[0]).max(self.y[1] - self.y[0]);
        let around = |[low, high]: [f64; 2]| {
            let centre = (low + high) / 2.0;
            [centre - width / 2.0, centre + width / 2.0]
        };
        Self { x: around(self.x), y: around(self.y) }
    }
}

fn check(axis: char, [low, high]: [f64; 2]) -> Result<(), RenderError> {
    let least = LEAST.max(LEAST_RELATIVE * low.abs().max(high.abs()));
    // A width that is not a number is refused too.
    if (high - low).is_finite() && high - low >= least {
        return Ok(());
    }
    Err(RenderError::Range { axis, low, high })
}

/// From the least to the largest value that is no outlier; never narrower than what can be drawn.
fn robust(mut values: Vec<f32>) -> [f64; 2] {
    if values.is_empty() {
        return [-1.0, 1.0];
    }
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len() - 1;
    let at = |index: usize| f64::from(values[index]);
    let tail = (TAIL * last as f64).ceil() as usize;
    let (low, high) = (at(tail.min(last / 2)), at(last - tail.min(last / 2)));
    let reach = REACH * (high - low);
    let [low, high] =
        if reach > 0.0 { [at(0).max(low - reach), at(last).min(high + reach)] } else { [at(0), at(last)] };
    let centre = (low + high) / 2.0;
    let least = if high > low { 0.0 } else { 2.0 };
    let half = (high - low).max(least).max(LEAST).max(4.0 * LEAST_RELATIVE * centre.abs()) / 2.0;
    [centre - half, centre + half]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(range: Range, x: [f64; 2], y: [f64; 2]) {
        for (a, b) in [range.x, range.y].as_flattened().iter().zip([x, y].as_flattened()) {
            assert!((a - b).abs() < 1e-6, "{range:?} is not {x:?}, {y:?}");
        }
    }

    #[test]
    fn a_square_around_the_points() {
        let points = [[0.0, 2.0], [10.0, 4.0]];
        close(Range::of([&points[..1], &points[1..]]), [-0.5, 10.5], [-2.5, 8.5]);
        close(Range::of([]), [-1.1, 1.1], [-1.1, 1.1]);
        close(Range::of([&[[f32::NAN, 0.0], [0.0, f32::INFINITY]][..]]), [-1.1, 1.1], [-1.1, 1.1]);
        close(Range::of([&[[3.0, 3.0]; 5][..]]), [1.9, 4.1], [1.9, 4.1]);
    }

    #[test]
    fn outliers_do_not_count() {
        let mut points: Vec<[f32; 2]> =
            (0..=1000).map(|k| [k as f32 / 1000.0, 1.0 - k as f32 / 1000.0]).collect();
        let without = Range::of([&points[..]]);
        points.push([1e6, 0.5]);
        points.push([0.5, -1e30]);
        let with = Range::of([&points[..]]);
        close(without, [-0.05, 1.05], [-0.05, 1.05]);
        assert!(with.x[1] < 1.5 && with.y[0] > -0.5, "{with:?}");
    }

    #[test]
    fn equal_axes() {
        close(Range { x: [0.0, 4.0], y: [0.0, 2.0] }.square().unwrap(), [0.0, 4.0], [-1.0, 3.0]);
        for bad in [[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY], [1e9, 1e9 + 1.0]] {
            let told = Range { x: [0.0, 1.0], y: bad }.square().unwrap_err().to_string();
            assert!(told.starts_with("the y axis cannot go from"), "{told}");
        }
    }

    proptest! {
        #[test]
        fn every_computed_range_can_be_drawn(points: Vec<[f32; 2]>, scale in -30i32..30, shift: f32) {
            let moved: Vec<[f32; 2]> =
                points.iter().map(|point| point.map(|value| value.fract() * 10f32.powi(scale) + shift)).collect();
            for range in [Range::of([&points[..]]), Range::of([&moved[..]])] {
                let square = range.square();
                prop_assert!(square.is_ok(), "{:?}", square);
            }
        }
    }
}

//! GroupNorm, forward.

use super::GroupNorm;
use super::rows::Cut;
use crate::activation::silu_of;
use crate::columns::{Cells, Place, Plain, read, walk, write};
use crate::scratch::Scratch;
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// Writes y, and the statistics that the gradient needs: `stats` is `[batch, groups, 2]`, the mean μ and
/// 1 / √(σ² + ε).
///
/// The statistics are those about a mean found first, so that they hold where |μ| ≫ σ too.
///
/// # Shapes
/// `x`, `y`: `[batch, positions, channels]`.
pub fn group_norm(layer: &GroupNorm, x: &[f32], y: &mut [f32], stats: &mut [f32]) {
    layer.check(&[x, y], stats);
    dispatch!(|s, _MR| forward(s, layer, x, y, stats));
}

/// Numbers that describe one group in one run.
const MOMENTS: usize = 3;

fn forward<S: Simd>(s: S, layer: &GroupNorm, x: &[f32], y: &mut [f32], stats: &mut [f32]) {
    let cut = Cut::new(layer);
    let (samples, runs) = cut.least_tasks(layer);
    let outputs = y.par_chunks_mut(layer.sample()).zip(stats.par_chunks_mut(2 * layer.groups));
    let parts = x.par_chunks(layer.sample()).zip(outputs).enumerate().with_min_len(samples);
    parts.for_each(|(n, (x, (y, stats)))| {
        let mut moments = Scratch::new(cut.runs * layer.groups * MOMENTS);
        let parts = x.par_chunks(cut.run).zip(moments.par_chunks_mut(layer.groups * MOMENTS));
        parts.with_min_len(runs).for_each(|(x, moments)| s.vectorize(RunMoments { cut, x, moments }));
        let mut rows = Scratch::new(3 * cut.width);
        s.vectorize(Combine { layer, cut, n, moments: &moments, stats, rows: &mut rows });
        let rows = &rows[..];
        let parts = x.par_chunks(cut.run).zip(y.par_chunks_mut(cut.run)).with_min_len(runs);
        parts.for_each(|(x, y)| s.vectorize(Write { cut, rows, silu: layer.silu, x, y }));
    });
}

/// For each group the mean m of the run's elements, rounded, then Σ (x − m) and Σ (x − m)².
struct RunMoments<'a> {
    cut: Cut,
    x: &'a [f32],
    moments: &'a mut [f32],
}

impl Kernel for RunMoments<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { cut, x, moments } = self;
        let Cut { channels, groups, width, .. } = cut;
        let mut rows = Scratch::new(3 * width);
        let (mean, sums) = rows.split_at_mut(width);
        sums.fill(0.0);
        // SAFETY: `x` is what is visited, column by column of `width`.
        unsafe { walk(s, Plain(x.as_ptr()), x.len(), width, sums) };
        for g in 0..groups {
            let of_group = (cut.group_sum(&sums[..width], g) / (x.len() / groups) as f64) as f32;
            moments[g * MOMENTS] = of_group;
            mean[g * channels / groups..(g + 1) * channels / groups].fill(of_group);
        }
        cut.repeat(mean);
        sums.fill(0.0);
        // SAFETY: as above, and `mean` has `width` elements.
        unsafe { walk(s, Centred { x: x.as_ptr(), mean: mean.as_ptr() }, x.len(), width, sums) };
        for g in 0..groups {
            moments[g * MOMENTS + 1] = cut.group_sum(&sums[..width], g) as f32;
            moments[g * MOMENTS + 2] = cut.group_sum(&sums[width..], g) as f32;
        }
    }
}

#[derive(Clone, Copy)]
struct Centred {
    x: *const f32,
    mean: *const f32,
}

impl Cells<2> for Centred {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, place: Place) -> [S::V; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let mean = read(s, self.mean.add(place.column), place.count);
            let d = s.sub(read(s, self.x.add(place.at), place.count), mean);
            [d, s.mul(d, d)]
        }
    }
}

/// Makes the sample's statistics of those of its runs, and of them the rows of coefficients.
struct Combine<'a> {
    layer: &'a GroupNorm<'a>,
    cut: Cut,
    n: usize,
    moments: &'a [f32],
    stats: &'a mut [f32],
    rows: &'a mut [f32],
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _s: S) {
        let Self { layer, cut, n, moments, stats, rows } = self;
        let (sample, groups) = (layer.sample(), layer.groups);
        let count = |k: usize| (cut.run.min(sample - k * cut.run) / groups) as f64;
        let total = (sample / groups) as f64;
        for (g, of_group) in stats.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let (mut sum, mut squares) = (0.0, 0.0);
            let of_run = |k: usize| {
                let at = (k * groups + g) * MOMENTS;
                [0, 1, 2].map(|i| f64::from(moments[at + i]))
            };
            for k in 0..cut.runs {
                let [m, first, _] = of_run(k);
                sum += count(k) * m + first;
            }
            let mean = sum / total;
            for k in 0..cut.runs {
                // Σ (x − μ)² = Σ (x − m)² + 2 (m − μ) Σ (x − m) + count (m − μ)².
                let [m, first, second] = of_run(k);
                let distance = m - mean;
                squares += second + distance * (2.0 * first + count(k) * distance);
            }
            let variance = (squares / total).max(0.0);
            *of_group = [mean as f32, (1.0 / (variance + f64::from(layer.epsilon)).sqrt()) as f32];
        }
        layer.argument_rows(&cut, n, stats, rows);
    }
}

/// y of one run.
struct Write<'a> {
    cut: Cut,
    rows: &'a [f32],
    silu: bool,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Write<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { cut, rows, silu, x, y } = self;
        assert!(rows.len() == 3 * cut.width && x.len() == y.len());
        let argument = Argument::new(x, rows, cut.width);
        let y = y.as_mut_ptr();
        // SAFETY: x and y have the length that is visited, the rows `width` elements each.
        unsafe {
            if silu {
                walk(s, Output::<true> { argument, y }, x.len(), cut.width, &mut []);
            } else {
                walk(s, Output::<false> { argument, y }, x.len(), cut.width, &mut []);
            }
        }
    }
}

/// The argument of the activation, from x and the rows of [`GroupNorm::argument_rows`].
#[derive(Clone, Copy)]
pub(super) struct Argument {
    x: *const f32,
    centre: *const f32,
    slope: *const f32,
    offset: *const f32,
}

impl Argument {
    pub(super) fn new(x: &[f32], rows: &[f32], width: usize) -> Self {
        let row = |k: usize| rows[k * width..(k + 1) * width].as_ptr();
        Self { x: x.as_ptr(), centre: row(0), slope: row(1), offset: row(2) }
    }

    /// x − centre, and the argument.
    ///
    /// # Safety
    /// `place` must lie in x, and its column in the rows.
    #[inline(always)]
    pub(super) unsafe fn of<S: Simd>(self, s: S, Place { column, at, count, .. }: Place) -> (S::V, S::V) {
        // SAFETY: the caller's promise.
        unsafe {
            let d = s.sub(read(s, self.x.add(at), count), read(s, self.centre.add(column), count));
            let slope = read(s, self.slope.add(column), count);
            (d, s.mul_add(d, slope, read(s, self.offset.add(column), count)))
        }
    }
}

#[derive(Clone, Copy)]
struct Output<const SILU: bool> {
    argument: Argument,
    y: *mut f32,
}

impl<const SILU: bool> Cells<0> for Output<SILU> {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, place: Place) -> [S::V; 0] {
        // SAFETY: the caller's promise.
        unsafe {
            let (_, u) = self.argument.of(s, place);
            write(s, self.y.add(place.at), if SILU { silu_of(s, u) } else { u }, place.count);
        }
        []
    }
}

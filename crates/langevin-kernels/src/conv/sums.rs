//! Sums over positions: the gradients of what is added to every position.

use crate::columns::{Plain, TASK, joined_width, walk};
use crate::scratch::Scratch;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

pub(super) fn channel_sums<S: Simd>(
    s: S,
    dy: &[f32],
    positions: usize,
    per_sample: Option<&mut [f32]>,
    bias: &mut [f32],
) {
    let channels = bias.len();
    if dy.is_empty() {
        per_sample.into_iter().for_each(|sums| sums.fill(0.0));
        bias.fill(0.0);
        return;
    }
    if positions == 1 {
        per_sample.into_iter().for_each(|sums| sums.copy_from_slice(dy));
        return row_sums(s, dy, bias);
    }
    let mut own = Scratch::new(if per_sample.is_some() { 0 } else { dy.len() / positions });
    let per_sample = per_sample.unwrap_or(&mut own);
    let sample = positions * channels;
    let samples = dy.par_chunks(sample).zip(per_sample.par_chunks_mut(channels));
    samples.with_min_len(TASK.div_ceil(sample)).for_each(|(dy, sums)| row_sums(s, dy, sums));
    row_sums(s, per_sample, bias);
}

/// The sum of the rows of `x`, `[rows, sums.len()]`: runs of them in f32, the runs in f64. How it is cut follows from
/// the sizes alone.
fn row_sums<S: Simd>(s: S, x: &[f32], sums: &mut [f32]) {
    let channels = sums.len();
    let width = joined_width(channels);
    let run = width * (TASK / width).next_multiple_of(4).max(4);
    if x.len() <= run {
        s.vectorize(RunSums { x, width, sums });
        return;
    }
    let mut parts = Scratch::new(x.len().div_ceil(run) * channels);
    let runs = x.par_chunks(run).zip(parts.par_chunks_mut(channels));
    runs.for_each(|(x, sums)| s.vectorize(RunSums { x, width, sums }));
    for (channel, sum) in sums.iter_mut().enumerate() {
        let of_channel = parts.iter().skip(channel).step_by(channels);
        *sum = of_channel.map(|&part| f64::from(part)).sum::<f64>() as f32;
    }
}

struct RunSums<'a> {
    x: &'a [f32],
    /// Elements that are read as one row: several of x where those are short.
    width: usize,
    sums: &'a mut [f32],
}

impl Kernel for RunSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut columns = Scratch::new(self.width);
        columns.fill(0.0);
        // SAFETY: `x` is what is visited.
        unsafe { walk(s, Plain(self.x.as_ptr()), self.x.len(), self.width, &mut columns) };
        self.sums.fill(0.0);
        for row in columns.chunks_exact(self.sums.len()) {
            self.sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
    }
}

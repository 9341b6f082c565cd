//! Sums over positions: the gradients of what is added to every position.

use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Positions that are summed in f32 before they are added up in f64.
const RUN: usize = 64;

/// Samples of at least this many elements have a task of their own.
const TASK: usize = 1 << 14;

struct SampleSums<'a> {
    dy: &'a [f32],
    channels: usize,
    sums: &'a mut [f32],
}

impl Kernel for SampleSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let channels = self.channels;
        for c in (0..channels).step_by(S::LANES) {
            let count = S::LANES.min(channels - c);
            let mut totals = [0.0f64; crate::simd::MAX_LANES];
            for run in self.dy.chunks(RUN * channels) {
                let mut sum = s.zero();
                for row in run.chunks_exact(channels) {
                    // SAFETY: c + count ≤ channels, the row's length.
                    let v = unsafe {
                        let at = row.as_ptr().add(c);
                        if count == S::LANES { s.load(at) } else { s.load_partial(at, count) }
                    };
                    sum = s.add(sum, v);
                }
                let mut lanes = [0.0f32; crate::simd::MAX_LANES];
                // SAFETY: `lanes` holds the longest vector.
                unsafe { s.store(lanes.as_mut_ptr(), sum) };
                totals.iter_mut().zip(lanes).for_each(|(total, lane)| *total += f64::from(lane));
            }
            for (sum, total) in self.sums[c..c + count].iter_mut().zip(totals) {
                *sum = total as f32;
            }
        }
    }
}

pub(super) fn channel_sums<S: Simd>(
    s: S,
    dy: &[f32],
    positions: usize,
    per_sample: &mut [f32],
    bias: &mut [f32],
) {
    let channels = bias.len();
    bias.fill(0.0);
    if dy.is_empty() {
        per_sample.fill(0.0);
        return;
    }
    let sample = positions * channels;
    let sums = Shared::new(per_sample);
    dy.par_chunks(sample).with_min_len(TASK.div_ceil(sample)).enumerate().for_each(|(b, dy)| {
        // SAFETY: row b of the sums is this task's alone.
        let sums = unsafe { std::slice::from_raw_parts_mut(sums.at(b * channels), channels) };
        s.vectorize(SampleSums { dy, channels, sums });
    });
    let mut totals = vec![0.0f64; channels];
    for row in per_sample.chunks_exact(channels) {
        totals.iter_mut().zip(row).for_each(|(total, v)| *total += f64::from(*v));
    }
    bias.iter_mut().zip(totals).for_each(|(bias, total)| *bias = total as f32);
}

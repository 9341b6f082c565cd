//! How a sample is cut into rows and runs, and the rows of coefficients that the runs are computed with.

use super::GroupNorm;
use crate::columns::{TASK, joined_width};

/// The cut of a sample `[positions, channels]` of a group normalisation. It follows from the layer's shape alone.
///
/// Rows of few channels are joined into rows of several positions ([`joined_width`]), and the coefficients repeated.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) channels: usize,
    pub(super) groups: usize,
    /// Elements of a row, a multiple of the channels.
    pub(super) width: usize,
    /// Elements of a run: what one task takes, and what is summed in f32. A multiple of the width.
    pub(super) run: usize,
    /// Runs of a sample.
    pub(super) runs: usize,
}

impl Cut {
    pub(super) fn new(layer: &GroupNorm) -> Self {
        let GroupNorm { positions, channels, groups, .. } = *layer;
        let width = joined_width(channels);
        let run = width * (TASK / width).next_multiple_of(4).max(4);
        Self { channels, groups, width, run, runs: (positions * channels).div_ceil(run) }
    }

    /// Samples and runs that a task takes at least. Samples of one task each stay in a core's cache between the
    /// passes; where that would leave threads idle, their runs are shared out too.
    pub(super) fn least_tasks(&self, layer: &GroupNorm) -> (usize, usize) {
        let threads = rayon::current_num_threads();
        let whole = self.runs == 1 || layer.batch.is_multiple_of(threads) || layer.batch >= 4 * threads;
        (TASK.div_ceil(layer.sample()), if whole { usize::MAX } else { 1 })
    }

    /// The sum of a row's elements that belong to group `g`.
    #[inline(always)]
    pub(super) fn group_sum(&self, row: &[f32], g: usize) -> f64 {
        let size = self.channels / self.groups;
        let mut total = 0.0;
        for position in row.chunks_exact(self.channels) {
            // Four sums, so that no addition waits for the one before.
            let (blocks, rest) = position[g * size..(g + 1) * size].as_chunks::<4>();
            let mut sums = [0.0f64; 4];
            for block in blocks {
                for (sum, v) in sums.iter_mut().zip(block) {
                    *sum += f64::from(*v);
                }
            }
            for (sum, v) in sums.iter_mut().zip(rest) {
                *sum += f64::from(*v);
            }
            total += (sums[0] + sums[1]) + (sums[2] + sums[3]);
        }
        total
    }

    /// Repeats the first `channels` elements over the rest of a row.
    #[inline(always)]
    pub(super) fn repeat(&self, row: &mut [f32]) {
        let (first, rest) = row.split_at_mut(self.channels);
        for position in rest.chunks_exact_mut(self.channels) {
            position.copy_from_slice(first);
        }
    }
}

impl GroupNorm<'_> {
    /// γ (1 + scale) and β (1 + scale) + shift of sample `n`.
    #[inline(always)]
    pub(super) fn gain_and_lift(&self, n: usize, gain: &mut [f32], lift: &mut [f32]) {
        gain.copy_from_slice(self.weight);
        lift.copy_from_slice(self.bias);
        if let Some(modulation) = self.modulation {
            let of_sample = n * self.channels..(n + 1) * self.channels;
            let (scale, shift) = (&modulation.scale[of_sample.clone()], &modulation.shift[of_sample]);
            for (((gain, lift), scale), shift) in gain.iter_mut().zip(lift.iter_mut()).zip(scale).zip(shift) {
                *gain += *gain * scale;
                *lift += *lift * scale + shift;
            }
        }
    }

    /// The rows centre, slope and offset of sample `n`: the argument of the activation is
    /// (x − centre) · slope + offset.
    #[inline(always)]
    pub(super) fn argument_rows(&self, cut: &Cut, n: usize, stats: &[f32], rows: &mut [f32]) {
        let [centre, slope, offset] = thirds(rows, cut.width);
        let channels = self.channels;
        self.gain_and_lift(n, &mut slope[..channels], &mut offset[..channels]);
        for (g, of_group) in stats.as_chunks::<2>().0.iter().enumerate() {
            let size = channels / self.groups;
            let [mean, inverse] = *of_group;
            centre[g * size..(g + 1) * size].fill(mean);
            slope[g * size..(g + 1) * size].iter_mut().for_each(|slope| *slope *= inverse);
        }
        for row in [centre, slope, offset] {
            cut.repeat(row);
        }
    }
}

/// Three rows of `width`.
#[inline(always)]
pub(super) fn thirds(rows: &mut [f32], width: usize) -> [&mut [f32]; 3] {
    let (first, rest) = rows.split_at_mut(width);
    let (second, third) = rest.split_at_mut(width);
    [first, second, third]
}

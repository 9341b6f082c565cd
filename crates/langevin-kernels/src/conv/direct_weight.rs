//! The gradient of a direct convolution with respect to its weight.
//!
//! dw[(row, column, input), output] = Σ x[position · stride + (row, column), input] · dy[position, output]: a
//! product of tall matrices. The sum runs over chunks of positions in their order; rows of dw are shared out.

use super::ConvShape;
use crate::micro::{multiply, read_tile, tile_columns, write_tile};
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Positions of a chunk: what a task packs of them should stay in the first-level cache.
const CHUNK: usize = 128;

/// Rows of a task: several register tiles of any set, and an odd number of cache lines.
const ROWS: usize = 48;

pub(super) fn gradient<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let [batch, rows, columns, outputs] = shape.output();
    let padded = shape.padded(0, rows);
    let sample = padded.len(shape.inputs);
    let mut copy = Scratch::new(if shape.needs_no_border() { 0 } else { batch * sample });
    let (input, line, sample) = if shape.needs_no_border() {
        (x, shape.width * shape.inputs, shape.height * shape.width * shape.inputs)
    } else {
        let from = x.par_chunks_exact(shape.height * shape.width * shape.inputs);
        copy.par_chunks_exact_mut(sample).zip(from).for_each(|(to, from)| {
            padded.copy(from, [shape.height, shape.width], shape.inputs, shape.upsample, to);
        });
        (&*copy, padded.columns * shape.inputs, sample)
    };
    // With stride 1 and no border the positions of all samples are one long row.
    let long = shape.kernel == 1 && shape.stride == 1 && shape.needs_no_border();
    let (lines, columns, sample) =
        if long { (1, batch * rows * columns, 0) } else { (batch * rows, columns, sample) };
    let depth = shape.kernel * shape.inputs;
    let sums_line = outputs.next_multiple_of(tile_columns::<S>());
    let mut sums = Scratch::new(shape.kernel * depth * sums_line);
    sums.par_chunks_mut(1 << 14).for_each(|chunk| chunk.fill(0.0));
    let per_kernel_row = depth.div_ceil(ROWS);
    let row_blocks = shape.kernel * per_kernel_row;
    // Where there are few rows, the columns are shared out too.
    let panels = sums_line / tile_columns::<S>();
    let panel_run = panels.div_ceil((2 * rayon::current_num_threads()).div_ceil(row_blocks)).max(1);
    let panel_runs = panels.div_ceil(panel_run);
    let shared = Shared::new(&mut sums);
    let product = Product { shape, input, dy, line, sample, rows, lines, columns, sums_line, sums: shared };
    (0..row_blocks * panel_runs).into_par_iter().for_each(|task| {
        let (block, channel) = (task / panel_runs, task % panel_runs * panel_run * tile_columns::<S>());
        let first = block % per_kernel_row * ROWS;
        let rows = first..depth.min(first + ROWS);
        let columns = channel..sums_line.min(channel + panel_run * tile_columns::<S>());
        s.vectorize(Rows::<MR> { product: &product, kernel_row: block / per_kernel_row, rows, columns });
    });
    unpack(shape, &sums, sums_line, dw);
}

struct Product<'a> {
    shape: &'a ConvShape,
    input: &'a [f32],
    dy: &'a [f32],
    /// Elements of a row of the input, and of a sample.
    line: usize,
    sample: usize,
    /// Output rows of a sample, of all samples, and output columns.
    rows: usize,
    lines: usize,
    columns: usize,
    sums_line: usize,
    sums: Shared,
}

/// Some rows of dw: (kernel row, kernel column · inputs + input).
struct Rows<'a, const MR: usize> {
    product: &'a Product<'a>,
    kernel_row: usize,
    rows: std::ops::Range<usize>,
    /// And some of its columns, whole tiles.
    columns: std::ops::Range<usize>,
}

impl<const MR: usize> Kernel for Rows<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let p = self.product;
        let width = tile_columns::<S>();
        let depth = p.shape.kernel * p.shape.inputs;
        // Both operands are packed: rows apart by a power of two would share a few lines of the cache.
        let mut gradients = Scratch::new(CHUNK * self.columns.len());
        let mut inputs = Scratch::new(CHUNK * ROWS);
        let mut first = 0;
        while first < p.lines * p.columns {
            let count = CHUNK.min(p.lines * p.columns - first);
            self.pack_gradients(s, first, count, &mut gradients);
            self.pack_inputs(s, first, count, &mut inputs);
            for channel in self.columns.clone().step_by(width) {
                for row in self.rows.clone().step_by(MR) {
                    let valid = MR.min(self.rows.end - row);
                    let at = (self.kernel_row * depth + row) * p.sums_line + channel;
                    // SAFETY: these rows of the sums are this task's alone; the packed operands hold whole tiles.
                    unsafe {
                        let mut tile = read_tile::<S, MR>(s, p.sums.at(at), p.sums_line, valid);
                        let a = inputs.as_ptr().add(row - self.rows.start);
                        let rows = std::array::from_fn(|r| a.add(r));
                        let b = gradients[(channel - self.columns.start) * CHUNK..].as_ptr();
                        multiply(s, &mut tile, &rows, ROWS, b, width, count);
                        write_tile(s, p.sums.at(at), p.sums_line, valid, &tile);
                    }
                }
            }
            first += count;
        }
    }
}

impl<const MR: usize> Rows<'_, MR> {
    /// The gradients at `count` positions from `first` on, as `[panel, position, tile columns]`, the missing columns 0.
    #[inline(always)]
    fn pack_gradients<S: Simd>(&self, s: S, first: usize, count: usize, to: &mut [f32]) {
        let p = self.product;
        let (outputs, width) = (p.shape.outputs, tile_columns::<S>());
        for channel in self.columns.clone().step_by(width) {
            let valid = width.min(outputs - channel);
            let (low, high) = (valid.min(S::LANES), valid.saturating_sub(S::LANES));
            for i in 0..count {
                // SAFETY: `valid` channels of the position exist, and the panel's row holds two vectors.
                unsafe {
                    let from = p.dy.as_ptr().add((first + i) * outputs + channel);
                    let at = (channel - self.columns.start) * CHUNK + i * width;
                    let to = to.as_mut_ptr().add(at);
                    let second = if high > 0 { s.load_partial(from.add(S::LANES), high) } else { s.zero() };
                    s.store(to, s.load_partial(from, low));
                    s.store(to.add(S::LANES), second);
                }
            }
        }
    }

    /// The inputs that `count` positions from `first` on have for these rows of dw, as `[position, ROWS]`.
    #[inline(always)]
    fn pack_inputs<S: Simd>(&self, s: S, first: usize, count: usize, to: &mut [f32]) {
        let p = self.product;
        let step = p.shape.stride * p.shape.inputs;
        let (mut line, mut column) = (first / p.columns, first % p.columns);
        let mut done = 0;
        while done < count {
            let here = (p.columns - column).min(count - done);
            let y = line % p.rows * p.shape.stride + self.kernel_row;
            let start = line / p.rows * p.sample + y * p.line + column * step + self.rows.start;
            for (i, to) in to[done * ROWS..].chunks_exact_mut(ROWS).enumerate().take(here) {
                let from = &p.input[start + i * step..][..self.rows.len()];
                for (to, from) in to.chunks_mut(S::LANES).zip(from.chunks(S::LANES)) {
                    // SAFETY: as many elements are written as both chunks hold.
                    unsafe {
                        if from.len() == S::LANES {
                            s.store(to.as_mut_ptr(), s.load(from.as_ptr()));
                        } else {
                            let v = s.load_partial(from.as_ptr(), from.len());
                            s.store_partial(to.as_mut_ptr(), v, from.len());
                        }
                    }
                }
            }
            done += here;
            (line, column) = (line + 1, 0);
        }
    }
}

/// From `[kernel row, kernel column, input, output]` to `[output, input, kernel row, kernel column]`.
fn unpack(shape: &ConvShape, sums: &[f32], sums_line: usize, dw: &mut [f32]) {
    /// Outputs side by side: a cache line of the sums.
    const TOGETHER: usize = 16;
    let taps = shape.kernel * shape.kernel;
    let output = shape.inputs * taps;
    let least = (1usize << 13).div_ceil(TOGETHER * output);
    dw.par_chunks_mut(TOGETHER * output).with_min_len(least).enumerate().for_each(|(block, dw)| {
        for (i, tap) in (0..shape.inputs).flat_map(|i| (0..taps).map(move |tap| (i, tap))) {
            let from = &sums[(tap * shape.inputs + i) * sums_line + block * TOGETHER..];
            for (to, from) in dw[i * taps + tap..].iter_mut().step_by(output).zip(from) {
                *to = *from;
            }
        }
    });
}

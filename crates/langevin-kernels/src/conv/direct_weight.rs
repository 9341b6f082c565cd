//! The gradient of a direct convolution with respect to its weight.
//!
//! dw[(row, column, input), output] = Σ x[position · stride + (row, column), input] · dy[position, output]: a
//! product of tall matrices. The positions are split into parts, each with sums of its own, which are added at the
//! end.

use super::ConvShape;
use crate::micro::{multiply, read_tile, tile_columns, write_tile, zero_tile};
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Positions of a chunk: what a task packs of them should stay in the first-level cache.
const CHUNK: usize = 128;

/// Parts into which the positions are split, at most, and the fewest positions of one.
const PARTS: usize = 4;
const LEAST: usize = 1024;

/// Rows of a block: several register tiles of any set, and an odd number of cache lines.
const ROWS: usize = 48;

/// The positions of a part. From the shape alone: the parts are added up in their order.
fn part_of(positions: usize) -> usize {
    positions.div_ceil(PARTS).max(LEAST).next_multiple_of(CHUNK)
}

/// Elements of the sums of all parts.
pub(super) fn sums_len<S: Simd>(shape: &ConvShape) -> usize {
    let [batch, rows, columns, outputs] = shape.output();
    let positions = batch * rows * columns;
    let parts = positions.div_ceil(part_of(positions));
    parts * shape.kernel * shape.kernel * shape.inputs * outputs.next_multiple_of(tile_columns::<S>())
}

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
    let positions = lines * columns;
    let part = part_of(positions);
    let parts = positions.div_ceil(part);
    let part_len = shape.kernel * depth * sums_line;
    let mut sums = Scratch::new(parts * part_len);
    let product =
        Product { shape, input, dy, line, sample, rows, columns, sums_line, sums: Shared::new(&mut sums) };
    // Where there are fewer parts than threads, the rows of dw are shared out too.
    let blocks = shape.kernel * depth.div_ceil(ROWS);
    let run = blocks.div_ceil((2 * rayon::current_num_threads()).div_ceil(parts));
    let runs = blocks.div_ceil(run);
    (0..parts * runs).into_par_iter().for_each(|task| {
        let (index, block) = (task / runs, task % runs * run);
        s.vectorize(Part::<MR> {
            product: &product,
            positions: index * part..positions.min((index + 1) * part),
            blocks: block..blocks.min(block + run),
            sums: index * part_len,
        });
    });
    unpack(shape, &sums, part_len, sums_line, dw);
}

struct Product<'a> {
    shape: &'a ConvShape,
    input: &'a [f32],
    dy: &'a [f32],
    /// Elements of a row of the input, and of a sample.
    line: usize,
    sample: usize,
    /// Output rows of a sample, and output columns.
    rows: usize,
    columns: usize,
    sums_line: usize,
    sums: Shared,
}

/// What some positions add to some blocks of rows of dw.
struct Part<'a, const MR: usize> {
    product: &'a Product<'a>,
    positions: std::ops::Range<usize>,
    /// Blocks of [`ROWS`] within a kernel row's (kernel column, input), kernel row by kernel row.
    blocks: std::ops::Range<usize>,
    /// Where this part's sums begin.
    sums: usize,
}

impl<const MR: usize> Kernel for Part<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let p = self.product;
        let depth = p.shape.kernel * p.shape.inputs;
        let per_kernel_row = depth.div_ceil(ROWS);
        // Both operands are packed: rows apart by a power of two would share a few lines of the cache.
        let mut gradients = Scratch::new(CHUNK * p.sums_line);
        let mut inputs = Scratch::new(CHUNK * ROWS);
        for first in self.positions.clone().step_by(CHUNK) {
            let count = CHUNK.min(self.positions.end - first);
            self.pack_gradients(s, first, count, &mut gradients);
            for block in self.blocks.clone() {
                let kernel_row = block / per_kernel_row;
                let start = block % per_kernel_row * ROWS;
                let rows = start..depth.min(start + ROWS);
                self.pack_inputs(s, first, count, kernel_row, rows.clone(), &mut inputs);
                let sums = self.sums + (kernel_row * depth + start) * p.sums_line;
                let begin = first == self.positions.start;
                self.multiply(s, &inputs, &gradients, count, rows.len(), sums, begin);
            }
        }
    }
}

impl<const MR: usize> Part<'_, MR> {
    /// Adds a chunk's product to `rows` rows of the sums, or begins them with it.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn multiply<S: Simd>(
        &self,
        s: S,
        inputs: &[f32],
        gradients: &[f32],
        count: usize,
        rows: usize,
        sums: usize,
        begin: bool,
    ) {
        let p = self.product;
        let width = tile_columns::<S>();
        for channel in (0..p.sums_line).step_by(width) {
            for row in (0..rows).step_by(MR) {
                let valid = MR.min(rows - row);
                // SAFETY: these rows of the part's sums are this task's alone; the packed operands hold whole tiles.
                unsafe {
                    let to = p.sums.at(sums + row * p.sums_line + channel);
                    let mut tile = if begin {
                        zero_tile::<S, MR>(s)
                    } else {
                        read_tile::<S, MR>(s, to, p.sums_line, valid)
                    };
                    let rows = std::array::from_fn(|r| inputs.as_ptr().add(row + r.min(valid - 1)));
                    let b = gradients[channel * CHUNK..].as_ptr();
                    multiply(s, &mut tile, &rows, ROWS, b, width, count);
                    write_tile(s, to, p.sums_line, valid, &tile);
                }
            }
        }
    }

    /// The gradients at `count` positions from `first` on, as `[panel, position, tile columns]`, the missing columns 0.
    #[inline(always)]
    fn pack_gradients<S: Simd>(&self, s: S, first: usize, count: usize, to: &mut [f32]) {
        let p = self.product;
        let (outputs, width) = (p.shape.outputs, tile_columns::<S>());
        for channel in (0..outputs).step_by(width) {
            let valid = width.min(outputs - channel);
            let (low, high) = (valid.min(S::LANES), valid.saturating_sub(S::LANES));
            for i in 0..count {
                // SAFETY: `valid` channels of the position exist, and the panel's row holds two vectors.
                unsafe {
                    let from = p.dy.as_ptr().add((first + i) * outputs + channel);
                    let at = channel * CHUNK + i * width;
                    let to = to.as_mut_ptr().add(at);
                    let second = if high > 0 { s.load_partial(from.add(S::LANES), high) } else { s.zero() };
                    s.store(to, s.load_partial(from, low));
                    s.store(to.add(S::LANES), second);
                }
            }
        }
    }

    /// The inputs that `count` positions from `first` on have for some rows of dw, as `[position, ROWS]`.
    #[inline(always)]
    fn pack_inputs<S: Simd>(
        &self,
        s: S,
        first: usize,
        count: usize,
        kernel_row: usize,
        rows: std::ops::Range<usize>,
        to: &mut [f32],
    ) {
        let p = self.product;
        let step = p.shape.stride * p.shape.inputs;
        let (mut line, mut column) = (first / p.columns, first % p.columns);
        let mut done = 0;
        while done < count {
            let here = (p.columns - column).min(count - done);
            let y = line % p.rows * p.shape.stride + kernel_row;
            let start = line / p.rows * p.sample + y * p.line + column * step + rows.start;
            for (i, to) in to[done * ROWS..].chunks_exact_mut(ROWS).enumerate().take(here) {
                let from = &p.input[start + i * step..][..rows.len()];
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

/// Adds up the parts, from `[kernel row, kernel column, input, output]` to `[output, input, kernel row, kernel column]`.
fn unpack(shape: &ConvShape, sums: &[f32], part_len: usize, sums_line: usize, dw: &mut [f32]) {
    /// Outputs side by side: a cache line of the sums.
    const TOGETHER: usize = 16;
    let taps = shape.kernel * shape.kernel;
    let output = shape.inputs * taps;
    let least = (1usize << 13).div_ceil(TOGETHER * output);
    dw.par_chunks_mut(TOGETHER * output).with_min_len(least).enumerate().for_each(|(block, dw)| {
        for (i, tap) in (0..shape.inputs).flat_map(|i| (0..taps).map(move |tap| (i, tap))) {
            let at = (tap * shape.inputs + i) * sums_line + block * TOGETHER;
            let here = TOGETHER.min(dw.len() / output);
            let mut total = [0.0f32; TOGETHER];
            for part in sums.chunks_exact(part_len) {
                for (total, v) in total.iter_mut().zip(&part[at..at + here]) {
                    *total += v;
                }
            }
            for (to, total) in dw[i * taps + tap..].iter_mut().step_by(output).zip(total) {
                *to = total;
            }
        }
    });
}

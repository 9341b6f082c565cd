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

/// Positions of a chunk: what a task packs of them should stay in the caches.
const CHUNK: usize = 256;

/// Rows of the tallest register tile, and more, so that a position's inputs begin at the start of a cache line or
/// in its middle.
const MAX_ROWS: usize = 16;

/// Register tiles of rows in a task.
const TILES: usize = 8;

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
    let task_rows = MR * if depth * shape.kernel <= MR * TILES { 1 } else { TILES };
    let per_kernel_row = depth.div_ceil(task_rows);
    let shared = Shared::new(&mut sums);
    let product = Product { shape, input, dy, line, sample, rows, lines, columns, sums_line, sums: shared };
    (0..shape.kernel * per_kernel_row).into_par_iter().for_each(|task| {
        let first = task % per_kernel_row * task_rows;
        let rows = first..depth.min(first + task_rows);
        s.vectorize(Rows::<MR> { product: &product, kernel_row: task / per_kernel_row, rows });
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
}

impl<const MR: usize> Kernel for Rows<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let p = self.product;
        let width = tile_columns::<S>();
        let depth = p.shape.kernel * p.shape.inputs;
        // Both operands are packed: rows apart by a power of two would share a few lines of the cache.
        let mut gradients = Scratch::new(CHUNK * p.sums_line);
        let mut inputs = Scratch::new(CHUNK * MAX_ROWS);
        let mut first = 0;
        while first < p.lines * p.columns {
            let count = CHUNK.min(p.lines * p.columns - first);
            self.pack_gradients(s, first, count, &mut gradients);
            for row in self.rows.clone().step_by(MR) {
                let valid = MR.min(self.rows.end - row);
                self.pack_inputs(first, count, row, valid, &mut inputs);
                for channel in (0..p.sums_line).step_by(width) {
                    let at = (self.kernel_row * depth + row) * p.sums_line + channel;
                    // SAFETY: these rows of the sums are this task's alone; the packed operands hold whole tiles.
                    unsafe {
                        let mut tile = read_tile::<S, MR>(s, p.sums.at(at), p.sums_line, valid);
                        let rows = std::array::from_fn(|r| inputs.as_ptr().add(r));
                        let b = gradients[channel * CHUNK..].as_ptr();
                        multiply(s, &mut tile, &rows, MAX_ROWS, b, width, count);
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
        for channel in (0..outputs).step_by(width) {
            let valid = width.min(outputs - channel);
            let (low, high) = (valid.min(S::LANES), valid.saturating_sub(S::LANES));
            for i in 0..count {
                // SAFETY: `valid` channels of the position exist, and the panel's row holds two vectors.
                unsafe {
                    let from = p.dy.as_ptr().add((first + i) * outputs + channel);
                    let to = to.as_mut_ptr().add(channel * CHUNK + i * width);
                    let second = if high > 0 { s.load_partial(from.add(S::LANES), high) } else { s.zero() };
                    s.store(to, s.load_partial(from, low));
                    s.store(to.add(S::LANES), second);
                }
            }
        }
    }

    /// The inputs that `count` positions from `first` on have for `valid` rows of dw, as `[position, MAX_ROWS]`.
    #[inline(always)]
    fn pack_inputs(&self, first: usize, count: usize, row: usize, valid: usize, to: &mut [f32]) {
        let p = self.product;
        let step = p.shape.stride * p.shape.inputs;
        let (mut line, mut column) = (first / p.columns, first % p.columns);
        let mut done = 0;
        while done < count {
            let here = (p.columns - column).min(count - done);
            let y = line % p.rows * p.shape.stride + self.kernel_row;
            let start = line / p.rows * p.sample + y * p.line + column * step + row;
            for (i, to) in to[done * MAX_ROWS..].chunks_exact_mut(MAX_ROWS).enumerate().take(here) {
                let from = &p.input[start + i * step..][..valid];
                for (to, from) in to.iter_mut().zip(from) {
                    *to = *from;
                }
            }
            done += here;
            (line, column) = (line + 1, 0);
        }
    }
}

/// From `[kernel row, kernel column, input, output]` to `[output, input, kernel row, kernel column]`.
fn unpack(shape: &ConvShape, sums: &[f32], sums_line: usize, dw: &mut [f32]) {
    let taps = shape.kernel * shape.kernel;
    let least = (1usize << 13).div_ceil(shape.inputs * taps);
    dw.par_chunks_exact_mut(shape.inputs * taps).with_min_len(least).enumerate().for_each(|(o, dw)| {
        for (i, dw) in dw.chunks_exact_mut(taps).enumerate() {
            for (tap, to) in dw.iter_mut().enumerate() {
                *to = sums[(tap * shape.inputs + i) * sums_line + o];
            }
        }
    });
}

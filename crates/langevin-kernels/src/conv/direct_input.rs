//! The gradient of a direct convolution with respect to its input.
//!
//! Stride 1: a convolution of the output's gradient with the turned kernel, channels exchanged. Larger strides: the
//! input positions of one residue class (row mod stride, column mod stride) meet the same elements of the
//! kernel, so each class is a product of its own, and no zeros are multiplied.

use super::pack::Source;
use super::{Addends, ConvShape, direct};
use crate::micro::{multiply, tile_columns, zero_tile};
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

pub(super) fn gradient<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) {
    if shape.stride > 1 {
        return strided::<S, MR>(s, shape, dy, weight, dx);
    }
    let turned = shape.turned();
    let taps = shape.kernel * shape.kernel;
    let segments: Vec<usize> = (0..taps).rev().collect();
    let source = Source {
        weight,
        segments: &segments,
        depth: shape.outputs,
        depth_step: shape.inputs * taps,
        columns: shape.inputs,
        column_step: taps,
    };
    let mut packed = Scratch::new(source.packed_len::<S>());
    source.pack(s, &mut packed);
    if !shape.upsample {
        return direct::convolve::<S, MR>(s, &turned, dy, &packed, Addends::default(), dx);
    }
    let mut seen = Scratch::new(turned.output().iter().product());
    direct::convolve::<S, MR>(s, &turned, dy, &packed, Addends::default(), &mut seen);
    add_quads(&seen, shape, dx);
}

impl ConvShape {
    /// The convolution that takes the output's gradient to that of the seen input, for stride 1.
    pub(super) fn turned(&self) -> Self {
        let [_, height, width, _] = self.output();
        Self {
            height,
            width,
            inputs: self.outputs,
            outputs: self.inputs,
            before: self.kernel - 1 - self.before,
            after: self.kernel - 1 - self.after,
            upsample: false,
            ..*self
        }
    }
}

/// The gradient through nearest-neighbour doubling: sums of 2×2 positions.
fn add_quads(seen: &[f32], shape: &ConvShape, dx: &mut [f32]) {
    let line = shape.width * shape.inputs;
    let rows = seen.par_chunks_exact(4 * line).zip(dx.par_chunks_exact_mut(line));
    rows.with_min_len((1usize << 12).div_ceil(line)).for_each(|(from, to)| {
        let (above, below) = from.split_at(2 * line);
        for (p, to) in to.chunks_exact_mut(shape.inputs).enumerate() {
            let at = 2 * p * shape.inputs;
            for (c, to) in to.iter_mut().enumerate() {
                let (left, right) = (at + c, at + shape.inputs + c);
                *to = (above[left] + above[right]) + (below[left] + below[right]);
            }
        }
    });
}

/// The kernel's elements that one residue class meets in one direction: (element, output row or column − i), where
/// the class's positions are residue + stride · i.
fn meetings(shape: &ConvShape, residue: usize) -> Vec<(usize, isize)> {
    let reached = (residue + shape.before) as isize;
    let meets = |k: &usize| (reached - *k as isize).rem_euclid(shape.stride as isize) == 0;
    let elements = (0..shape.kernel).filter(meets);
    elements.map(|k| (k, (reached - k as isize).div_euclid(shape.stride as isize))).collect()
}

fn strided<S: Simd, const MR: usize>(s: S, shape: &ConvShape, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    let (stride, kernel) = (shape.stride, shape.kernel);
    let [batch, rows, columns, outputs] = shape.output();
    // Wide enough for every meeting: i + difference lies in −kernel .. size / stride + kernel.
    let border = kernel;
    let tall = shape.height.div_ceil(stride).max(rows) + 2 * border;
    let wide = shape.width.div_ceil(stride).max(columns) + 2 * border;
    let sample = tall * wide * outputs;
    let mut padded = Scratch::new(batch * sample);
    padded.par_chunks_exact_mut(sample).zip(dy.par_chunks_exact(rows * columns * outputs)).for_each(
        |(to, dy)| {
            to.fill(0.0);
            for (r, row) in dy.chunks_exact(columns * outputs).enumerate() {
                to[((r + border) * wide + border) * outputs..][..row.len()].copy_from_slice(row);
            }
        },
    );
    let dx = Shared::new(dx);
    for (row, column) in (0..stride).flat_map(|r| (0..stride).map(move |c| (r, c))) {
        let (down, across) = (meetings(shape, row), meetings(shape, column));
        let taps: Vec<((usize, isize), (usize, isize))> =
            down.iter().flat_map(|&d| across.iter().map(move |&a| (d, a))).collect();
        let segments: Vec<usize> = taps.iter().map(|((d, _), (a, _))| d * kernel + a).collect();
        let source = Source {
            weight,
            segments: &segments,
            depth: outputs,
            depth_step: shape.inputs * kernel * kernel,
            columns: shape.inputs,
            column_step: kernel * kernel,
        };
        let mut packed = Scratch::new(source.packed_len::<S>());
        source.pack(s, &mut packed);
        let offset = |&((_, d), (_, a)): &((usize, isize), (usize, isize))| {
            ((d + border as isize) as usize * wide + (a + border as isize) as usize) * outputs
        };
        let offsets: Vec<usize> = taps.iter().map(offset).collect();
        let class = Class { shape, wide, row, column, offsets: &offsets, packed: &packed, dx };
        // A task is one row of the class in one sample.
        let count = (shape.height + stride - 1 - row) / stride;
        (0..batch * count).into_par_iter().with_min_len(4).for_each(|task| {
            let (b, i) = (task / count, task % count);
            s.vectorize(ClassRow::<MR> { class: &class, padded: &padded[b * sample..], sample: b, i });
        });
    }
}

/// The input positions with one residue of row and of column.
struct Class<'a> {
    shape: &'a ConvShape,
    wide: usize,
    row: usize,
    column: usize,
    /// Of each meeting, in the padded gradient, from position (i, j) on.
    offsets: &'a [usize],
    packed: &'a [f32],
    dx: Shared,
}

struct ClassRow<'a, const MR: usize> {
    class: &'a Class<'a>,
    padded: &'a [f32],
    sample: usize,
    i: usize,
}

impl<const MR: usize> Kernel for ClassRow<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Class { shape, wide, row, column, offsets, packed, dx } = self.class;
        let (stride, depth, channels) = (shape.stride, shape.outputs, shape.inputs);
        let width = tile_columns::<S>();
        let count = (shape.width + stride - 1 - column) / stride;
        let y = row + stride * self.i;
        for panel in 0..channels.div_ceil(width) {
            let weights = &packed[panel * offsets.len() * depth * width..];
            let valid = width.min(channels - panel * width);
            for j in (0..count).step_by(MR) {
                let mut tile = zero_tile::<S, MR>(s);
                for (t, offset) in offsets.iter().enumerate() {
                    // SAFETY: the border is as wide as any meeting reaches.
                    unsafe {
                        let start = self.padded.as_ptr().add(offset + self.i * wide * depth);
                        let rows = std::array::from_fn(|r| start.add((j + r).min(count - 1) * depth));
                        let b = weights.as_ptr().add(t * depth * width);
                        multiply(s, &mut tile, &rows, 1, b, width, depth);
                    }
                }
                for (r, sums) in tile.iter().enumerate().take(count - j) {
                    let x = column + stride * (j + r);
                    let at = ((self.sample * shape.height + y) * shape.width + x) * channels + panel * width;
                    for (v, &sum) in sums.iter().enumerate().take(valid.div_ceil(S::LANES)) {
                        let lanes = S::LANES.min(valid - v * S::LANES);
                        // SAFETY: a position of this class and row, which no other task writes.
                        unsafe { s.store_partial(dx.at(at + v * S::LANES), sum, lanes) };
                    }
                }
            }
        }
    }
}

//! The gradient with respect to the weight.

use super::super::ConvShape;
use super::forward::{SKEW, transform_input};
use super::tiles::{Place, Tiling};
use super::{ELEMENTS, kernel, transform};
use crate::micro::{multiply, read_tile, tile_columns, write_tile, zero_tile};
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Elements of the transformed tiles of a chunk: a chunk's products are added to the sums at once.
const CHUNK_ELEMENTS: usize = 1 << 21;

/// Elements of a cache line.
const LINE: usize = 16;

/// At least `elements`, an odd number of cache lines: rows apart by a power of two would share a few lines of the
/// cache.
fn odd_lines(elements: usize) -> usize {
    (elements.div_ceil(LINE) | 1) * LINE
}

pub(in super::super) fn gradient<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let tiling = Tiling::of(shape);
    let depth = shape.inputs.next_multiple_of(S::LANES);
    let width = shape.outputs.next_multiple_of(tile_columns::<S>());
    let columns = width;
    // From the shape of the layer alone: the chunks are the order of the sum.
    let chunk = (CHUNK_ELEMENTS / (ELEMENTS * (depth + width))).clamp(16, 128);
    let (depth, width) = (odd_lines(depth), odd_lines(width));
    let (input_element, output_element) = (chunk * depth + SKEW, chunk * width + SKEW);
    let sum_element = shape.inputs * width + SKEW;
    let mut inputs = Scratch::new(ELEMENTS * input_element);
    let mut outputs = Scratch::new(ELEMENTS * output_element);
    let mut sums = Scratch::new(ELEMENTS * sum_element);
    let zeros = vec![0.0; shape.inputs];
    let count = tiling.count();
    for first in (0..count).step_by(chunk) {
        let tiles = chunk.min(count - first);
        let chunk = Chunk {
            tiling: &tiling,
            x,
            dy,
            zeros: &zeros,
            first,
            tiles,
            depth,
            width,
            columns,
            input_element,
            output_element,
            sum_element,
            inputs: Shared::new(&mut inputs),
            outputs: Shared::new(&mut outputs),
            sums: Shared::new(&mut sums),
        };
        let run = tiles.div_ceil(4 * rayon::current_num_threads()).max(4);
        (0..tiles.div_ceil(run)).into_par_iter().for_each(|task| {
            let first = task * run;
            s.vectorize(Transform { chunk: &chunk, tiles: first..tiles.min(first + run) });
        });
        (0..ELEMENTS).into_par_iter().with_min_len(((1usize << 13) / (tiles * depth)).max(1)).for_each(|e| {
            s.vectorize(Element::<MR> { chunk: &chunk, e });
        });
    }
    kernel::gradient(s, shape, &sums, width, sum_element, dw);
}

/// Tiles whose products are added to the sums at once.
struct Chunk<'a> {
    tiling: &'a Tiling,
    x: &'a [f32],
    dy: &'a [f32],
    zeros: &'a [f32],
    first: usize,
    tiles: usize,
    depth: usize,
    width: usize,
    /// Outputs, rounded up to whole tiles.
    columns: usize,
    input_element: usize,
    output_element: usize,
    sum_element: usize,
    inputs: Shared,
    outputs: Shared,
    sums: Shared,
}

/// Transforms some tiles of a chunk: Bᵀ d B and A dy Aᵀ.
struct Transform<'a> {
    chunk: &'a Chunk<'a>,
    tiles: std::ops::Range<usize>,
}

impl Kernel for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let chunk = self.chunk;
        for t in self.tiles {
            let place = chunk.tiling.place(chunk.first + t);
            let pointers = chunk.tiling.inputs(place, chunk.x, chunk.zeros);
            // SAFETY: these tiles of the buffers are this task's alone, and hold the padded channels.
            unsafe {
                let to = chunk.inputs.at(t * chunk.depth);
                transform_input(s, &pointers, chunk.tiling.shape.inputs, to, chunk.input_element);
                chunk.transform_output(s, place, chunk.outputs.at(t * chunk.width));
            }
        }
    }
}

impl Chunk<'_> {
    #[inline(always)]
    unsafe fn transform_output<S: Simd>(&self, s: S, place: Place, to: *mut f32) {
        let (rows, columns) = (self.tiling.rows, self.tiling.columns);
        let (down, across) = (4.min(rows - place.row), 4.min(columns - place.column));
        let channels = self.tiling.shape.outputs;
        let first = self.tiling.position(place);
        for c in (0..self.columns).step_by(S::LANES) {
            let lanes = S::LANES.min(channels.saturating_sub(c));
            // SAFETY: the positions exist, and `lanes` channels of them.
            unsafe {
                let mut d = [s.zero(); 16];
                for (i, j) in (0..down).flat_map(|i| (0..across).map(move |j| (i, j))) {
                    let from = self.dy.as_ptr().add((first + i * columns + j) * channels + c);
                    d[4 * i + j] = if lanes == S::LANES { s.load(from) } else { s.load_partial(from, lanes) };
                }
                let to = to.add(c);
                transform::output_gradient(s, |i| d[i], |e, v| s.store(to.add(e * self.output_element), v));
            }
        }
    }
}

/// Adds the product of one element: inputs × tiles by tiles × outputs.
struct Element<'a, const MR: usize> {
    chunk: &'a Chunk<'a>,
    e: usize,
}

impl<const MR: usize> Kernel for Element<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let chunk = self.chunk;
        let inputs = chunk.tiling.shape.inputs;
        // SAFETY: element e of the sums is this task's alone; nobody writes the transformed tiles meanwhile.
        unsafe {
            let a = chunk.inputs.at(self.e * chunk.input_element).cast_const();
            let b = chunk.outputs.at(self.e * chunk.output_element).cast_const();
            let sums = chunk.sums.at(self.e * chunk.sum_element);
            for channel in (0..chunk.columns).step_by(tile_columns::<S>()) {
                for input in (0..inputs).step_by(MR) {
                    let valid = MR.min(inputs - input);
                    let to = sums.add(input * chunk.width + channel);
                    let mut tile = if chunk.first == 0 {
                        zero_tile::<S, MR>(s)
                    } else {
                        read_tile::<S, MR>(s, to, chunk.width, valid)
                    };
                    let rows = std::array::from_fn(|r| a.add(input + r.min(valid - 1)));
                    multiply(s, &mut tile, &rows, chunk.depth, b.add(channel), chunk.width, chunk.tiles);
                    write_tile(s, to, chunk.width, valid, &tile);
                }
            }
        }
    }
}

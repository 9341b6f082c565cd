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

/// Sums of at most this many elements are kept by each of several parts, which need not wait for each other then.
const OWN_SUMS: usize = 1 << 18;

/// Such parts, at most, and the fewest tiles of one.
const PARTS: usize = 4;
const LEAST_TILES: usize = 64;

/// Elements of the transformed tiles of a chunk, where one thread makes them and where all do: a chunk's products are
/// added to the sums at once.
const OWN_CHUNK: usize = 3 << 15;
const SHARED_CHUNK: usize = 1 << 21;

/// Elements of a cache line.
const LINE: usize = 16;

/// At least `elements`, whole cache lines, but no multiple of eight of them: rows that far apart would share a few
/// lines of the cache.
fn spread_lines(elements: usize) -> usize {
    let lines = elements.div_ceil(LINE);
    (lines + usize::from(lines.is_multiple_of(8))) * LINE
}

/// How the sum over the tiles is taken; all of it follows from the shape alone: parts and chunks are the order of the sum.
struct Sizes {
    /// Outputs, rounded up to whole tiles of registers.
    columns: usize,
    /// Elements between transformed tiles of the input and of the output's gradient.
    depth: usize,
    width: usize,
    /// Elements of the sums of one element.
    sum_element: usize,
    /// Parts that keep sums of their own, and the tiles of one.
    parts: usize,
    part: usize,
    /// Tiles of a chunk.
    chunk: usize,
}

impl Sizes {
    fn of<S: Simd>(shape: &ConvShape, count: usize) -> Self {
        let columns = shape.outputs.next_multiple_of(tile_columns::<S>());
        let depth = spread_lines(shape.inputs.next_multiple_of(S::LANES));
        let width = spread_lines(columns);
        let sum_element = shape.inputs * columns + SKEW;
        let sums_len = ELEMENTS * sum_element;
        let parts = if sums_len <= OWN_SUMS { count.div_ceil(LEAST_TILES).clamp(1, PARTS) } else { 1 };
        let part = count.div_ceil(parts);
        let parts = count.div_ceil(part);
        let elements = if parts > 1 { OWN_CHUNK } else { SHARED_CHUNK };
        let chunk = (elements / (ELEMENTS * (depth + width))).clamp(16, 128);
        Self { columns, depth, width, sum_element, parts, part, chunk }
    }
}

/// Elements of the sums, and of a chunk of transformed tiles.
pub(super) fn working<S: Simd>(shape: &ConvShape) -> (usize, usize) {
    let sizes = Sizes::of::<S>(shape, Tiling::of(shape).count());
    let chunk = ELEMENTS * (sizes.chunk * (sizes.depth + sizes.width) + 2 * SKEW);
    (sizes.parts * ELEMENTS * sizes.sum_element, chunk)
}

pub(in super::super) fn gradient<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let tiling = Tiling::of(shape);
    let count = tiling.count();
    let Sizes { columns, depth, width, sum_element, parts, part, chunk } = Sizes::of::<S>(shape, count);
    let sums_len = ELEMENTS * sum_element;
    let zeros = vec![0.0; shape.inputs];
    let mut sums = Scratch::new(parts * sums_len);
    let layout = Layout { tiling: &tiling, x, dy, zeros: &zeros, chunk, depth, width, columns, sum_element };
    sums.par_chunks_exact_mut(sums_len).enumerate().for_each(|(index, sums)| {
        layout.add::<S, MR>(s, index * part..count.min((index + 1) * part), parts == 1, sums);
    });
    let (first, others) = sums.split_at_mut(sums_len);
    for other in others.chunks_exact(sums_len) {
        add_to(first, other);
    }
    kernel::gradient(s, shape, first, columns, sum_element, dw);
}

fn add_to(sums: &mut [f32], more: &[f32]) {
    sums.par_iter_mut().with_min_len(1 << 14).zip(more).for_each(|(sum, more)| *sum += more);
}

/// What is multiplied, and how it lies in memory.
struct Layout<'a> {
    tiling: &'a Tiling,
    x: &'a [f32],
    dy: &'a [f32],
    zeros: &'a [f32],
    /// Tiles of a chunk.
    chunk: usize,
    /// Elements between transformed tiles of the input and of the output's gradient.
    depth: usize,
    width: usize,
    /// Outputs, rounded up to whole tiles of registers.
    columns: usize,
    sum_element: usize,
}

impl Layout<'_> {
    /// The sums over some tiles; with `together`, by all threads.
    fn add<S: Simd, const MR: usize>(
        &self,
        s: S,
        range: std::ops::Range<usize>,
        together: bool,
        sums: &mut [f32],
    ) {
        let (input_element, output_element) =
            (self.chunk * self.depth + SKEW, self.chunk * self.width + SKEW);
        let mut inputs = Scratch::new(ELEMENTS * input_element);
        let mut outputs = Scratch::new(ELEMENTS * output_element);
        let begin = range.start;
        for first in range.clone().step_by(self.chunk) {
            let tiles = self.chunk.min(range.end - first);
            let chunk = Chunk {
                layout: self,
                begin: first == begin,
                first,
                tiles,
                input_element,
                output_element,
                inputs: Shared::new(&mut inputs),
                outputs: Shared::new(&mut outputs),
                sums: Shared::new(sums),
            };
            if !together {
                s.vectorize(Transform { chunk: &chunk, tiles: 0..tiles });
                (0..ELEMENTS).for_each(|e| s.vectorize(Element::<MR> { chunk: &chunk, e }));
                continue;
            }
            let run = tiles.div_ceil(4 * rayon::current_num_threads()).max(2);
            (0..tiles.div_ceil(run)).into_par_iter().for_each(|task| {
                let first = task * run;
                s.vectorize(Transform { chunk: &chunk, tiles: first..tiles.min(first + run) });
            });
            (0..ELEMENTS).into_par_iter().for_each(|e| s.vectorize(Element::<MR> { chunk: &chunk, e }));
        }
    }
}

/// Tiles whose products are added to the sums at once.
struct Chunk<'a> {
    layout: &'a Layout<'a>,
    /// Whether the sums begin with it.
    begin: bool,
    first: usize,
    tiles: usize,
    input_element: usize,
    output_element: usize,
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
            let layout = chunk.layout;
            let place = layout.tiling.place(chunk.first + t);
            let pointers = layout.tiling.inputs(place, layout.x, layout.zeros);
            layout.tiling.prefetch_after(s, chunk.first + t, layout.x);
            // SAFETY: these tiles of the buffers are this task's alone, and hold the padded channels.
            unsafe {
                let to = chunk.inputs.at(t * layout.depth);
                transform_input(s, &pointers, layout.tiling.shape.inputs, to, chunk.input_element);
                chunk.transform_output(s, place, chunk.outputs.at(t * layout.width));
            }
        }
    }
}

impl Chunk<'_> {
    /// Writes the transform of the output's gradient in one tile, element by element.
    ///
    /// # Safety
    /// Whole vectors of the padded channels must be writable at each element of `to`.
    #[inline(always)]
    unsafe fn transform_output<S: Simd>(&self, s: S, place: Place, to: *mut f32) {
        let Layout { tiling, dy, .. } = *self.layout;
        let (rows, columns) = (tiling.rows, tiling.columns);
        let (down, across) = (4.min(rows - place.row), 4.min(columns - place.column));
        let channels = tiling.shape.outputs;
        let first = tiling.position(place);
        for c in (0..self.layout.columns).step_by(S::LANES) {
            let lanes = S::LANES.min(channels.saturating_sub(c));
            // SAFETY: the positions exist, and `lanes` channels of them.
            unsafe {
                let mut d = [s.zero(); 16];
                for (i, j) in (0..down).flat_map(|i| (0..across).map(move |j| (i, j))) {
                    // A vector of padding alone begins beyond the position's channels, and nothing of it is read.
                    let from = dy.as_ptr().wrapping_add((first + i * columns + j) * channels + c);
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
        let Layout { tiling, depth, width, columns, sum_element, .. } = *chunk.layout;
        let inputs = tiling.shape.inputs;
        // SAFETY: element e of the sums is this task's alone; nobody writes the transformed tiles meanwhile.
        unsafe {
            let a = chunk.inputs.at(self.e * chunk.input_element).cast_const();
            let b = chunk.outputs.at(self.e * chunk.output_element).cast_const();
            let sums = chunk.sums.at(self.e * sum_element);
            for channel in (0..columns).step_by(tile_columns::<S>()) {
                for input in (0..inputs).step_by(MR) {
                    let valid = MR.min(inputs - input);
                    let to = sums.add(input * columns + channel);
                    let mut tile = if chunk.begin {
                        zero_tile::<S, MR>(s)
                    } else {
                        read_tile::<S, MR>(s, to, columns, valid)
                    };
                    let rows = std::array::from_fn(|r| a.add(input + r.min(valid - 1)));
                    multiply(s, &mut tile, &rows, depth, b.add(channel), width, chunk.tiles);
                    write_tile(s, to, columns, valid, &tile);
                }
            }
        }
    }
}

//! The convolution itself, for the output and for the gradient with respect to the input.

use super::super::{Addends, ConvShape};
use super::tiles::Tiling;
use super::{ELEMENTS, kernel, transform};
use crate::micro::{multiply, tile_columns, zero_tile};
use crate::scratch::Scratch;
use crate::share::{Shared, run_length};
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Elements of the transformed tiles of one task, input and output, at most: they should stay near. Where there are more
/// weights than that, each task reads all of them, and more tiles share them.
const TASK_ELEMENTS: usize = 3 << 15;

/// Elements of the transformed tiles that all panels of an element meet before the next ones do: they should stay in
/// the second-level cache.
const BLOCK_ELEMENTS: usize = 1 << 15;

/// Apart by a power of two, the 36 elements of a tile would share a few lines of the cache.
pub(super) const SKEW: usize = 16;

/// How large a task is.
struct Task {
    /// Tiles of a task.
    run: usize,
    /// Inputs and outputs, rounded up.
    depth: usize,
    width: usize,
}

impl Task {
    /// The tasks for transformed weights of so many elements.
    fn of<S: Simd, const MR: usize>(tiling: &Tiling, weights: usize) -> Self {
        let depth = tiling.shape.inputs.next_multiple_of(S::LANES);
        let width = tiling.shape.outputs.next_multiple_of(tile_columns::<S>());
        let elements = TASK_ELEMENTS.max(weights);
        let most = (elements / (ELEMENTS * (depth + width))).max(2 * MR);
        Self { run: run_length(tiling.count(), most, MR), depth, width }
    }
}

/// Elements of the transformed weights, and of what each thread works in.
pub(super) fn working<S: Simd, const MR: usize>(shape: &ConvShape) -> (usize, usize) {
    let weights = ELEMENTS * kernel::element_len::<S>(shape.inputs, shape.outputs);
    let Task { run, depth, width } = Task::of::<S, MR>(&Tiling::of(shape), weights);
    (weights, ELEMENTS * (run * (depth + width) + 2 * SKEW))
}

/// Convolves with transformed weights; with `halve`, gives the sums of 2×2 outputs instead of the outputs.
pub(super) fn convolve<S: Simd, const MR: usize>(
    s: S,
    tiling: &Tiling,
    x: &[f32],
    weights: &[f32],
    addends: Addends,
    halve: bool,
    y: &mut [f32],
) {
    let shape = &tiling.shape;
    let Task { run, depth, width } = Task::of::<S, MR>(tiling, weights.len());
    let zeros = vec![0.0; shape.inputs];
    let y = Shared::new(y);
    (0..tiling.count().div_ceil(run)).into_par_iter().for_each(|task| {
        let first = task * run;
        let count = run.min(tiling.count() - first);
        let (input_element, output_element) = (run * depth + SKEW, run * width + SKEW);
        let mut transformed = Scratch::new(ELEMENTS * input_element);
        let mut products = Scratch::new(ELEMENTS * output_element);
        s.vectorize(Tiles::<MR> {
            tiling,
            x,
            zeros: &zeros,
            weights,
            addends,
            halve,
            first,
            count,
            depth,
            width,
            input_element,
            output_element,
            transformed: &mut transformed,
            products: &mut products,
            y,
        });
    });
}

/// Some consecutive tiles.
struct Tiles<'a, const MR: usize> {
    tiling: &'a Tiling,
    x: &'a [f32],
    zeros: &'a [f32],
    weights: &'a [f32],
    addends: Addends<'a>,
    halve: bool,
    first: usize,
    count: usize,
    /// Inputs and outputs, rounded up.
    depth: usize,
    width: usize,
    /// Elements between the elements of a transformed tile.
    input_element: usize,
    output_element: usize,
    transformed: &'a mut [f32],
    products: &'a mut [f32],
    y: Shared,
}

impl<const MR: usize> Kernel for Tiles<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let places = (self.first..self.first + self.count).map(|tile| self.tiling.place(tile));
        for (t, place) in places.clone().enumerate() {
            let pointers = self.tiling.inputs(place, self.x, self.zeros);
            self.tiling.prefetch_after(s, self.first + t, self.x);
            let to = self.transformed[t * self.depth..].as_mut_ptr();
            // SAFETY: each pointer has `inputs` channels; `transformed` holds the padded channels of every tile.
            unsafe { transform_input(s, &pointers, self.tiling.shape.inputs, to, self.input_element) };
        }
        self.multiply(s);
        for (t, place) in places.enumerate() {
            // SAFETY: the output positions of these tiles are this task's alone.
            unsafe { if self.halve { self.write_halved(s, t, place) } else { self.write(s, t, place) } }
        }
    }
}

/// Writes Bᵀ d B of one tile, element by element.
///
/// # Safety
/// `channels` elements must be readable from each pointer on, and whole vectors of them writable at each element of `to`.
#[inline(always)]
pub(super) unsafe fn transform_input<S: Simd>(
    s: S,
    pointers: &[*const f32; ELEMENTS],
    channels: usize,
    to: *mut f32,
    element: usize,
) {
    for c in (0..channels).step_by(S::LANES) {
        let lanes = S::LANES.min(channels - c);
        // SAFETY: the caller's promise.
        unsafe {
            let to = to.add(c);
            if lanes == S::LANES {
                transform::input(s, |i| s.load(pointers[i].add(c)), |e, v| s.store(to.add(e * element), v));
            } else {
                let load = |i: usize| s.load_partial(pointers[i].add(c), lanes);
                transform::input(s, load, |e, v| s.store(to.add(e * element), v));
            }
        }
    }
}

impl<const MR: usize> Tiles<'_, MR> {
    /// The 36 products of tiles × inputs by inputs × outputs.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, s: S) {
        let columns = tile_columns::<S>();
        let inputs = self.tiling.shape.inputs;
        let panel_len = inputs * columns;
        let panels = self.width / columns;
        let element = kernel::element_len::<S>(inputs, self.tiling.shape.outputs);
        let rows = (BLOCK_ELEMENTS / self.depth).max(1).next_multiple_of(MR);
        for e in 0..ELEMENTS {
            let a = self.transformed[e * self.input_element..].as_ptr();
            let out = self.products[e * self.output_element..].as_mut_ptr();
            for (block, panel) in (0..self.count).step_by(rows).flat_map(|b| (0..panels).map(move |p| (b, p)))
            {
                let b = self.weights[e * element + panel * panel_len..][..panel_len].as_ptr();
                for t in (block..self.count.min(block + rows)).step_by(MR) {
                    let valid = MR.min(self.count - t);
                    let mut tile = zero_tile::<S, MR>(s);
                    // SAFETY: rows t.. of the transformed tiles exist (the last is repeated).
                    unsafe {
                        let rows = std::array::from_fn(|r| a.add((t + r.min(valid - 1)) * self.depth));
                        multiply(s, &mut tile, &rows, 1, b, columns, inputs);
                        for (r, row) in tile.iter().enumerate().take(valid) {
                            let to = out.add((t + r) * self.width + panel * columns);
                            for (v, &sum) in row.iter().enumerate() {
                                s.store(to.add(v * S::LANES), sum);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Aᵀ m A of one tile, for one vector of channels.
    ///
    /// # Safety
    /// `t` must be one of the task's tiles, and `channel` the first of a vector of channels.
    #[inline(always)]
    unsafe fn outputs<S: Simd>(&self, s: S, t: usize, channel: usize) -> [S::V; 16] {
        let from = self.products[t * self.width + channel..].as_ptr();
        // SAFETY: the products hold whole vectors of channels.
        let load = |e: usize| unsafe { s.load(from.add(e * self.output_element)) };
        let mut tile = [s.zero(); 16];
        transform::output(s, load, |i, v| tile[i] = v);
        tile
    }

    /// Writes the 4×4 outputs of a tile, those that exist.
    ///
    /// # Safety
    /// `t` must be one of the task's tiles and `place` its own, which no other task writes.
    #[inline(always)]
    unsafe fn write<S: Simd>(&self, s: S, t: usize, place: super::tiles::Place) {
        let (rows, columns) = (self.tiling.rows, self.tiling.columns);
        let (down, across) = (4.min(rows - place.row), 4.min(columns - place.column));
        let outputs = self.tiling.shape.outputs;
        let first = self.tiling.position(place);
        for channel in (0..outputs).step_by(S::LANES) {
            let lanes = S::LANES.min(outputs - channel);
            // SAFETY: the caller's promise.
            unsafe {
                let tile = self.outputs(s, t, channel);
                let constant = self.addends.constant(s, place.sample, channel, lanes, outputs);
                let at = |i: usize, j: usize| (first + i * columns + j) * outputs + channel;
                if (down, across, lanes) == (4, 4, S::LANES) {
                    for (i, &sum) in tile.iter().enumerate() {
                        self.addends.write(s, self.y, at(i / 4, i % 4), sum, constant, S::LANES);
                    }
                    continue;
                }
                for (i, j) in (0..down).flat_map(|i| (0..across).map(move |j| (i, j))) {
                    self.addends.write(s, self.y, at(i, j), tile[4 * i + j], constant, lanes);
                }
            }
        }
    }

    /// Writes the sums of 2×2 outputs of a tile.
    ///
    /// # Safety
    /// As for `write`.
    #[inline(always)]
    unsafe fn write_halved<S: Simd>(&self, s: S, t: usize, place: super::tiles::Place) {
        let (rows, columns) = (self.tiling.rows / 2, self.tiling.columns / 2);
        let (row, column) = (place.row / 2, place.column / 2);
        let (down, across) = (2.min(rows - row), 2.min(columns - column));
        let outputs = self.tiling.shape.outputs;
        for channel in (0..outputs).step_by(S::LANES) {
            let lanes = S::LANES.min(outputs - channel);
            // SAFETY: the caller's promise.
            unsafe {
                let tile = self.outputs(s, t, channel);
                for (i, j) in (0..down).flat_map(|i| (0..across).map(move |j| (i, j))) {
                    let at = 8 * i + 2 * j;
                    let sum = s.add(s.add(tile[at], tile[at + 1]), s.add(tile[at + 4], tile[at + 5]));
                    let position = (place.sample * rows + row + i) * columns + column + j;
                    let to = self.y.at(position * outputs + channel);
                    if lanes == S::LANES { s.store(to, sum) } else { s.store_partial(to, sum, lanes) }
                }
            }
        }
    }
}

//! Direct convolution: output positions × output channels in registers, over a zero-padded copy of the input.
//!
//! Channels last, the kernel's row of an output position is one contiguous run of kernel · inputs elements; the
//! packed weights follow the same order, so a tile is one product for each row of the kernel.

use super::pack::Source;
use super::rectangular::Window;
use super::{Addends, ConvShape, RectangularShape, limited};
use crate::micro::{Tile, multiply, read_tile, tile_columns, write_tile, zero_tile};
use crate::scratch::Scratch;
use crate::share::{Shared, run_length};
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Output positions of a task, at most: its copy of the input should stay in the second-level cache.
const POSITIONS: usize = 192;

/// Rows of a panel that are used at once: they should stay in the first-level cache.
const DEPTH: usize = 256;

/// The weight as [`convolve`] reads it: rows (kernel row, kernel column, input), columns outputs.
pub(super) fn prepare<S: Simd>(
    s: S,
    shape: &RectangularShape,
    weight: &[f32],
    allocate: fn(usize) -> Scratch,
) -> Scratch {
    let inputs = shape.inputs;
    let taps = shape.kernel[0] * shape.kernel[1];
    let segments: Vec<usize> = (0..taps).collect();
    let source = Source {
        weight,
        segments: &segments,
        depth: inputs,
        depth_step: taps,
        columns: shape.outputs,
        column_step: inputs * taps,
    };
    let mut packed = allocate(source.packed_len::<S>());
    source.pack(s, &mut packed);
    packed
}

/// The convolution with a prepared weight.
pub(super) fn convolve<S: Simd, const MR: usize>(
    s: S,
    shape: &ConvShape,
    x: &[f32],
    packed: &[f32],
    addends: Addends,
    y: &mut [f32],
) {
    let window = Window::of(shape);
    if !(shape.kernel == 1 && shape.stride == 1 && shape.needs_no_border()) {
        return convolve_bands::<S, MR>(s, &window, x, packed, addends, y);
    }
    // A matrix product: the positions of all samples are one list. With few of them, panels are shared out too.
    let [batch, rows, columns, outputs] = shape.output();
    let y = Shared::new(y);
    let panels = outputs.div_ceil(tile_columns::<S>());
    let positions = batch * rows * columns;
    let run = run_length(positions, POSITIONS, MR);
    let runs = positions.div_ceil(run);
    let panel_run = if runs < 2 * rayon::current_num_threads() { run_length(panels, 4, 1) } else { panels };
    let panel_runs = panels.div_ceil(panel_run);
    (0..runs * panel_runs).into_par_iter().for_each(|task| {
        let (first, panel) = (task / panel_runs * run, task % panel_runs * panel_run);
        let positions = first..positions.min(first + run);
        let panels = panel..panels.min(panel + panel_run);
        s.vectorize(Positions::<MR> {
            input: &x[first * shape.inputs..],
            first,
            per_sample_positions: rows * columns,
            positions,
            line: 0,
            columns: usize::MAX,
            shape: &window.shape,
            packed,
            panels,
            addends,
            y,
        });
    });
}

/// The convolution with any kernel, a band of output rows of one sample at a time.
pub(super) fn convolve_bands<S: Simd, const MR: usize>(
    s: S,
    window: &Window,
    x: &[f32],
    packed: &[f32],
    addends: Addends,
    y: &mut [f32],
) {
    let Window { shape, upsample } = window;
    let [batch, rows, columns, outputs] = window.output();
    let y = Shared::new(y);
    let panels = outputs.div_ceil(tile_columns::<S>());
    let band = run_length(rows, POSITIONS.div_ceil(columns), 1).min(rows);
    let bands = rows.div_ceil(band);
    let sample_len: usize = shape.input()[1..].iter().product();
    (0..batch * bands).into_par_iter().for_each(|task| {
        let (sample, first) = (task / bands, task % bands * band);
        let count = band.min(rows - first);
        let padded = window.padded(first, count);
        let mut input = Scratch::new(padded.len(shape.inputs));
        let from = &x[sample * sample_len..(sample + 1) * sample_len];
        padded.copy(from, [shape.height, shape.width], shape.inputs, *upsample, &mut input);
        let start = (sample * rows + first) * columns;
        s.vectorize(Positions::<MR> {
            input: &input,
            first: start,
            per_sample_positions: rows * columns,
            positions: start..start + count * columns,
            line: padded.columns * shape.inputs,
            columns,
            shape,
            packed,
            panels: 0..panels,
            addends,
            y,
        });
    });
}

/// Some output positions, numbered through all samples, over an input whose first row is that of position `first`.
struct Positions<'a, const MR: usize> {
    input: &'a [f32],
    first: usize,
    per_sample_positions: usize,
    positions: std::ops::Range<usize>,
    /// Elements of a row of the input.
    line: usize,
    /// Output positions of a row.
    columns: usize,
    shape: &'a RectangularShape,
    packed: &'a [f32],
    panels: std::ops::Range<usize>,
    addends: Addends<'a>,
    y: Shared,
}

impl<const MR: usize> Positions<'_, MR> {
    /// Where the input of a position begins.
    #[inline(always)]
    fn offset(&self, position: usize) -> usize {
        let position = position - self.first;
        let (row, column) = (position / self.columns, position % self.columns);
        self.shape.stride * (row * self.line + column * self.shape.inputs)
    }
}

impl<const MR: usize> Kernel for Positions<'_, MR> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let ([kernel, kernel_columns], outputs) = (self.shape.kernel, self.shape.outputs);
        let width = tile_columns::<S>();
        // Once for all panels and blocks: a division for each row of a tile would cost as much as the row's product.
        let offsets: Vec<usize> = self.positions.clone().map(|position| self.offset(position)).collect();
        let depth = kernel_columns * self.shape.inputs;
        let panel_len = kernel * depth * width;
        let blocks: usize = kernel * depth.div_ceil(DEPTH);
        let mut sums = Scratch::new(if blocks > 1 { self.positions.len() * width } else { 0 });
        for panel in self.panels.clone() {
            let weights = &self.packed[panel * panel_len..][..panel_len];
            let valid = width.min(outputs - panel * width);
            // A block of the panel stays in the first-level cache while all positions pass by.
            for block in 0..blocks {
                let (row, first) = (block / (blocks / kernel), block % (blocks / kernel) * DEPTH);
                let b = weights[(row * depth + first) * width..].as_ptr();
                let deep = DEPTH.min(depth - first);
                for position in self.positions.clone().step_by(MR) {
                    let count = MR.min(self.positions.end - position);
                    let partial = sums.as_mut_ptr().wrapping_add((position - self.positions.start) * width);
                    // SAFETY: the padded input holds kernel rows of kernel columns · inputs from each offset on; positions
                    // and channels are this task's alone.
                    unsafe {
                        let mut tile = if block == 0 {
                            zero_tile::<S, MR>(s)
                        } else {
                            read_tile::<S, MR>(s, partial, width, count)
                        };
                        let from = self.input.as_ptr().add(row * self.line + first);
                        let offsets = offsets.as_ptr().add(position - self.positions.start);
                        let rows = std::array::from_fn(|r| from.add(*offsets.add(r.min(count - 1))));
                        multiply(s, &mut tile, &rows, 1, b, width, deep);
                        if block + 1 < blocks {
                            write_tile(s, partial, width, count, &tile);
                        } else {
                            self.write(s, &tile, position, count, panel * width, valid);
                        }
                    }
                }
            }
        }
    }
}

impl<const MR: usize> Positions<'_, MR> {
    /// Adds the addends to a tile and writes it.
    ///
    /// # Safety
    /// `valid` output channels from `channel` on must exist at `count` positions from `position` on, which are no other
    /// task's.
    #[inline(always)]
    unsafe fn write<S: Simd>(
        &self,
        s: S,
        tile: &Tile<S::V, MR>,
        position: usize,
        count: usize,
        channel: usize,
        valid: usize,
    ) {
        let outputs = self.shape.outputs;
        for v in 0..valid.div_ceil(S::LANES) {
            let channel = channel + v * S::LANES;
            let lanes = S::LANES.min(valid - v * S::LANES);
            let mut sample = usize::MAX;
            let mut constant = s.zero();
            for (r, row) in tile.iter().enumerate().take(count) {
                let position = position + r;
                // SAFETY: `lanes` channels from `channel` on exist, at each of these positions.
                unsafe {
                    if self.addends.per_sample.is_some() || r == 0 {
                        let here = position / self.per_sample_positions;
                        if here != sample {
                            sample = here;
                            constant = self.addends.constant(s, sample, channel, lanes, outputs);
                        }
                    }
                    self.addends.write(s, self.y, position * outputs + channel, row[v], constant, lanes);
                }
            }
        }
    }
}

impl Addends<'_> {
    /// What is added to `lanes` channels at every position of a sample.
    ///
    /// # Safety
    /// The sample and the channels must exist.
    #[inline(always)]
    pub(super) unsafe fn constant<S: Simd>(
        &self,
        s: S,
        sample: usize,
        channel: usize,
        lanes: usize,
        outputs: usize,
    ) -> S::V {
        // SAFETY: the caller's promise, and `check`.
        let read = |from: Option<&[f32]>, at: usize| unsafe {
            from.map_or(s.zero(), |from| s.load_partial(from.as_ptr().add(at), lanes))
        };
        s.add(read(self.bias, channel), read(self.per_sample, sample * outputs + channel))
    }

    /// Writes `lanes` elements at `at` of the output: the sum, the constant and the residual, between the limits.
    ///
    /// # Safety
    /// The elements must exist, and be no other task's.
    #[inline(always)]
    pub(super) unsafe fn write<S: Simd>(
        &self,
        s: S,
        y: Shared,
        at: usize,
        sum: S::V,
        constant: S::V,
        lanes: usize,
    ) {
        let sum = s.add(sum, constant);
        // SAFETY: the caller's promise, and `check`.
        unsafe {
            let to = y.at(at);
            if lanes == S::LANES {
                let add = |residual: &[f32]| s.add(sum, s.load(residual.as_ptr().add(at)));
                s.store(to, limited(s, self.residual.map_or(sum, add), self.limits));
            } else {
                let add = |residual: &[f32]| s.add(sum, s.load_partial(residual.as_ptr().add(at), lanes));
                s.store_partial(to, limited(s, self.residual.map_or(sum, add), self.limits), lanes);
            }
        }
    }
}

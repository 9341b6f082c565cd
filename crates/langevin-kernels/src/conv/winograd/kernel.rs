//! The weights' transform, and its transpose for their gradient.

use super::super::ConvShape;
use super::forward::SKEW;
use super::{ELEMENTS, transform};
use crate::micro::{NV, tile_columns};
use crate::scratch::Scratch;
use crate::share::Shared;
use crate::simd::{Kernel, MAX_LANES, Simd};
use rayon::prelude::*;

/// Columns of the widest register tile.
const MAX_COLUMNS: usize = NV * MAX_LANES;

/// Values of an element that are written at once: a line here and a line there, thirty-six times in turn, would have the
/// processor wait for each.
const RUN: usize = 128;

/// Transformed weights of this many elements are out of the caches before they are read.
const FAR: usize = 1 << 21;

/// Elements of one element's panels in what [`transform`] gives.
pub(super) fn element_len<S: Simd>(depth: usize, columns: usize) -> usize {
    columns.next_multiple_of(tile_columns::<S>()) * depth + SKEW
}

/// G g Gᵀ of every pair of channels, as `[element, panel, depth, tile columns]` with elements [`element_len`] apart; for the gradient with respect to the
/// input (`turned`), of the kernel turned by half a turn, with inputs and outputs exchanged.
pub(super) fn transform<S: Simd>(
    s: S,
    shape: &ConvShape,
    weight: &[f32],
    turned: bool,
    allocate: fn(usize) -> Scratch,
) -> Scratch {
    let (depth, columns) = if turned { (shape.outputs, shape.inputs) } else { (shape.inputs, shape.outputs) };
    let width = tile_columns::<S>();
    let panels = columns.div_ceil(width);
    let element = element_len::<S>(depth, columns);
    let mut out = allocate(ELEMENTS * element);
    let out_shared = Shared::new(&mut out);
    // A task is a stretch of one panel's depth.
    let run = depth.min(64);
    let runs = depth.div_ceil(run);
    let least = (1usize << 9).div_ceil(run * width);
    (0..panels * runs).into_par_iter().with_min_len(least).for_each(|task| {
        let (panel, first) = (task / runs, task % runs * run);
        s.vectorize(Panel {
            shape,
            weight,
            turned,
            panel,
            element,
            depths: first..depth.min(first + run),
            depth,
            columns,
            out: out_shared,
        });
    });
    out
}

struct Panel<'a> {
    shape: &'a ConvShape,
    weight: &'a [f32],
    turned: bool,
    panel: usize,
    element: usize,
    depths: std::ops::Range<usize>,
    depth: usize,
    columns: usize,
    out: Shared,
}

impl Kernel for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = tile_columns::<S>();
        let inputs = self.shape.inputs;
        let first = self.panel * width;
        let valid = width.min(self.columns - first);
        let mut near = [[0.0f32; RUN]; ELEMENTS];
        let together = RUN / width;
        let far = ELEMENTS * self.element >= FAR;
        for begin in self.depths.clone().step_by(together) {
            let count = together.min(self.depths.end - begin);
            for k in 0..count {
                let mut taps = [[0.0f32; MAX_COLUMNS]; 9];
                for n in 0..valid {
                    let (o, i) = if self.turned { (begin + k, first + n) } else { (first + n, begin + k) };
                    let kernel = &self.weight[(o * inputs + i) * 9..][..9];
                    for (tap, value) in kernel.iter().enumerate() {
                        let row = &mut taps[if self.turned { 8 - tap } else { tap }];
                        row[n] = *value;
                    }
                }
                for v in (0..width).step_by(S::LANES) {
                    // SAFETY: the arrays hold the widest tile, and `together` of this one.
                    unsafe {
                        transform::kernel(
                            s,
                            |tap| s.load(taps[tap].as_ptr().add(v)),
                            |e, u| s.store(near[e].as_mut_ptr().add(k * width + v), u),
                        );
                    }
                }
            }
            for (e, values) in near.iter().enumerate() {
                // SAFETY: the place in `out` is this task's alone, and begins at a whole cache line.
                unsafe {
                    let to = self.out.at(e * self.element + (self.panel * self.depth + begin) * width);
                    for v in (0..count * width).step_by(S::LANES) {
                        let values = s.load(values.as_ptr().add(v));
                        if far { s.stream(to.add(v), values) } else { s.store(to.add(v), values) }
                    }
                }
            }
        }
        if far {
            s.end_stream();
        }
    }
}

/// dw from the gradient of the transformed weights, `[element, input, padded outputs]`: `line` elements an input,
/// `element` an element.
pub(super) fn gradient<S: Simd>(
    s: S,
    shape: &ConvShape,
    du: &[f32],
    line: usize,
    element: usize,
    dw: &mut [f32],
) {
    let lanes = S::LANES;
    let out = Shared::new(dw);
    let groups = shape.outputs.div_ceil(lanes);
    let least = (1usize << 9).div_ceil(shape.inputs * lanes);
    (0..groups).into_par_iter().with_min_len(least).for_each(|group| {
        s.vectorize(Group { shape, du, line, element, first: group * lanes, out });
    });
}

/// The gradient of the weights of a vector of outputs.
struct Group<'a> {
    shape: &'a ConvShape,
    du: &'a [f32],
    line: usize,
    element: usize,
    first: usize,
    out: Shared,
}

impl Kernel for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let inputs = self.shape.inputs;
        let valid = S::LANES.min(self.shape.outputs - self.first);
        for i in 0..inputs {
            let mut taps = [[0.0f32; MAX_LANES]; 9];
            // SAFETY: the outputs are padded to whole vectors; these rows of dw are this task's alone.
            unsafe {
                let at = self.du.as_ptr().add(i * self.line + self.first);
                transform::kernel_gradient(
                    s,
                    |e| s.load(at.add(e * self.element)),
                    |tap, g| s.store(taps[tap].as_mut_ptr(), g),
                );
                for n in 0..valid {
                    let to = self.out.at(((self.first + n) * inputs + i) * 9);
                    for (tap, values) in taps.iter().enumerate() {
                        *to.add(tap) = values[n];
                    }
                }
            }
        }
    }
}

//! How much memory a convolution works in, known from its shape alone.

use super::{Algorithm, ConvShape, direct_weight, winograd};
use crate::micro::tile_columns;
use crate::simd::{Simd, dispatch};

/// Working memory of a convolution and its gradients, in f32: what the threads keep when it is done, for the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkingMemory {
    /// On the thread that calls: transformed weights, sums of the weight's gradient, or padded copies.
    pub calling: usize,
    /// On the thread that calls too, beside the former: a chunk of transformed tiles, or the sums of a direct gradient.
    pub beside: usize,
    /// On each thread: the transformed tiles of a task.
    pub each: usize,
}

impl WorkingMemory {
    /// What serves both this and another convolution, one after the other: each buffer as large as the larger needs it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            calling: self.calling.max(other.calling),
            beside: self.beside.max(other.beside),
            each: self.each.max(other.each),
        }
    }

    /// All of it, with so many threads.
    pub fn total(&self, threads: usize) -> usize {
        // The calling thread's own tasks work in what is beside.
        self.calling + self.beside.max(self.each) + threads.saturating_sub(1) * self.each
    }
}

impl ConvShape {
    /// Elements of the weight when it is prepared for this convolution, on the present instruction set.
    pub fn prepared_len(&self) -> usize {
        dispatch!(|s, MR| prepared_len::<_, MR>(s, self))
    }

    /// The working memory of the convolution and of both its gradients, on the present instruction set and with the threads
    /// at hand.
    pub fn working_memory(&self) -> WorkingMemory {
        let [calling, beside, each] = dispatch!(|s, MR| match self.algorithm() {
            Algorithm::Winograd => winograd::working::<_, MR>(s, self),
            Algorithm::Direct => direct::<_, MR>(s, self),
        });
        WorkingMemory { calling, beside, each }
    }
}

fn prepared_len<S: Simd, const MR: usize>(s: S, shape: &ConvShape) -> usize {
    match shape.algorithm() {
        Algorithm::Winograd => winograd::prepared_len(s, shape),
        Algorithm::Direct => {
            shape.weight_len() / shape.outputs * shape.outputs.next_multiple_of(tile_columns::<S>())
        }
    }
}

/// The packed weight, the padded copies that the gradients read, and the sums of the weight's.
fn direct<S: Simd, const MR: usize>(s: S, shape: &ConvShape) -> [usize; 3] {
    let [_, rows, columns, outputs] = shape.output();
    let border = shape.before + shape.after;
    let [height, width] = shape.seen();
    let input = if shape.kernel == 1 { 0 } else { (height + border) * (width + border) * shape.inputs };
    // Wide enough for every meeting of a strided kernel with a row.
    let meetings = 2 * shape.kernel;
    let gradient = if shape.stride > 1 { (rows + meetings) * (columns + meetings) * outputs } else { 0 };
    let packed = prepared_len::<S, MR>(s, shape);
    [packed.max(shape.batch * input.max(gradient)), direct_weight::sums_len::<S>(shape), 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::kept_len;
    use crate::{Addends, conv2d, conv2d_input_gradient, conv2d_weight_gradient};

    /// Elements that this thread keeps after the three passes of a convolution, on one thread.
    fn kept(shape: ConvShape) -> (usize, WorkingMemory) {
        let work = move || {
            let len = |shape: [usize; 4]| shape.iter().product::<usize>();
            let (mut x, mut w) = (vec![0.5; len(shape.input())], vec![0.25; shape.weight_len()]);
            let mut y = vec![0.0; len(shape.output())];
            conv2d(&shape, &x, &w, Addends::default(), &mut y);
            conv2d_weight_gradient(&shape, &x, &y, &mut w);
            conv2d_input_gradient(&shape, &y, &w, &mut x);
            (kept_len(), shape.working_memory())
        };
        rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(work)
    }

    #[test]
    fn a_convolution_keeps_what_it_is_said_to() {
        let plain = ConvShape {
            batch: 8,
            height: 16,
            width: 16,
            inputs: 64,
            outputs: 64,
            kernel: 3,
            stride: 1,
            before: 1,
            after: 1,
            upsample: false,
            exact: false,
        };
        let finer = ConvShape { inputs: 192, outputs: 128, ..plain };
        for shape in [plain, finer, ConvShape { upsample: true, ..plain }, ConvShape { stride: 2, ..plain }] {
            let (kept, memory) = kept(shape);
            let ratio = memory.total(1) as f64 / kept as f64;
            assert!((0.8..1.2).contains(&ratio), "{kept} kept, {memory:?}: {shape:?}");
        }
    }

    #[test]
    fn a_prepared_weight_is_as_long_as_it_is_said_to_be() {
        let shape = ConvShape {
            batch: 1,
            height: 8,
            width: 8,
            inputs: 24,
            outputs: 40,
            kernel: 3,
            stride: 1,
            before: 1,
            after: 1,
            upsample: false,
            exact: false,
        };
        let coarse = ConvShape { height: 2, width: 2, ..shape };
        let pointwise = ConvShape { kernel: 1, before: 0, after: 0, ..shape };
        for shape in [shape, coarse, pointwise] {
            let weight = vec![1.0; shape.weight_len()];
            let prepared = crate::PreparedWeight::new(&shape, &weight);
            assert_eq!(prepared.values().len(), shape.prepared_len(), "{shape:?}");
        }
    }
}

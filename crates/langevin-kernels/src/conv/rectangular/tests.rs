//! Against the definition in f64, and bit for bit against itself.

use super::*;
use crate::simd::{Isa, with_isa};
use crate::testing::{cases, error, same_on_all_pools, values};
use proptest::prelude::*;

/// The definition, in f64.
fn reference(shape: &RectangularShape, x: &[f32], w: &[f32], bias: &[f32]) -> Vec<f64> {
    let RectangularShape { height, width, inputs, kernel: [kernel_rows, kernel_columns], stride, .. } =
        *shape;
    let [batch, rows, columns, outputs] = shape.output();
    let [[above, _], [left, _]] = shape.padding;
    let mut y = Vec::new();
    for at in 0..batch * rows * columns * outputs {
        let (o, c, r) = (at % outputs, at / outputs % columns, at / outputs / columns % rows);
        let sample = at / outputs / columns / rows;
        let mut sum = f64::from(bias[o]);
        for (i, j) in (0..kernel_rows).flat_map(|i| (0..kernel_columns).map(move |j| (i, j))) {
            let (row, column) = ((r * stride + i).wrapping_sub(above), (c * stride + j).wrapping_sub(left));
            if row < height && column < width {
                for k in 0..inputs {
                    let x = x[((sample * height + row) * width + column) * inputs + k];
                    let w = w[((o * inputs + k) * kernel_rows + i) * kernel_columns + j];
                    sum += f64::from(x) * f64::from(w);
                }
            }
        }
        y.push(sum);
    }
    y
}

fn inputs(shape: &RectangularShape, seed: u64) -> [Vec<f32>; 3] {
    let lengths = [shape.input().iter().product(), shape.weight_len(), shape.outputs];
    [0, 1, 2].map(|k| values(seed + k as u64, lengths[k]))
}

fn convolved(shape: &RectangularShape, [x, w, bias]: &[Vec<f32>; 3]) -> Vec<f32> {
    let mut y = vec![f32::NAN; shape.output().iter().product()];
    let addends = Addends { bias: Some(bias), ..Addends::default() };
    conv2d_rectangular(shape, x, w, addends, &mut y);
    y
}

/// A kernel of 1×7 that keeps the size, as wide as an Inception block's.
fn wide(batch: usize) -> RectangularShape {
    let (kernel, padding) = ([1, 7], [[0, 0], [3, 3]]);
    RectangularShape { batch, height: 17, width: 17, inputs: 40, outputs: 36, kernel, stride: 1, padding }
}

fn shapes() -> impl Strategy<Value = RectangularShape> {
    let sizes = (1usize..3, 1usize..12, 1usize..12, 1usize..40, 1usize..40);
    let walk = (1usize..8, 1usize..8, 1usize..3, [[0usize..4, 0usize..4], [0usize..4, 0usize..4]]);
    (sizes, walk).prop_filter_map("the kernel fits", |(sizes, (rows, columns, stride, padding))| {
        let (batch, height, width, inputs, outputs) = sizes;
        let kernel = [rows, columns];
        let padding = [0, 1].map(|axis| padding[axis].map(|size: usize| size.min(kernel[axis] - 1)));
        let fits = |axis: usize, size: usize| kernel[axis] <= size + padding[axis].iter().sum::<usize>();
        let shape = RectangularShape { batch, height, width, inputs, outputs, kernel, stride, padding };
        (fits(0, height) && fits(1, width)).then_some(shape)
    })
}

proptest! {
    #![proptest_config(cases(100))]
    #[test]
    fn agrees_with_the_definition(shape in shapes(), seed in 0u64..1000) {
        let inputs = inputs(&shape, seed);
        let expected = reference(&shape, &inputs[0], &inputs[1], &inputs[2]);
        let typical = ((shape.kernel[0] * shape.kernel[1] * shape.inputs) as f64).sqrt();
        let largest = expected.iter().fold(0.0f64, |m, e| m.max(e.abs()));
        for isa in Isa::available() {
            let y = with_isa(isa, || convolved(&shape, &inputs));
            // All of a few sums may cancel by chance: then the size counts that such sums have.
            let error = error(&y, &expected) * (largest / typical).min(1.0);
            prop_assert!(error < 2e-6, "{}: {:.2e} for {:?}", isa, error, shape);
        }
    }
}

#[test]
fn neither_threads_nor_the_batch_change_a_bit() {
    for isa in Isa::available() {
        let shape = wide(5);
        let whole = inputs(&shape, 3);
        same_on_all_pools(|| vec![with_isa(isa, || convolved(&shape, &whole))]);
        let y = with_isa(isa, || convolved(&shape, &whole));
        let (x_len, y_len) = (whole[0].len() / 5, y.len() / 5);
        for (first, batch) in [(3, 1), (1, 2)] {
            let x = whole[0][first * x_len..(first + batch) * x_len].to_vec();
            let part = [x, whole[1].clone(), whole[2].clone()];
            let part = with_isa(isa, || convolved(&wide(batch), &part));
            assert!(part == y[first * y_len..(first + batch) * y_len], "{isa}");
        }
    }
}

#[test]
fn a_prepared_weight_changes_no_bit() {
    let shape = wide(2);
    let [x, w, bias] = inputs(&shape, 5);
    let weight = PreparedWeight::rectangular(&shape, &w);
    assert!(weight.fits_rectangular(&wide(1)));
    assert!(!weight.fits_rectangular(&RectangularShape { kernel: [7, 1], ..shape }));
    let mut y = vec![f32::NAN; shape.output().iter().product()];
    let addends = Addends { bias: Some(&bias), ..Addends::default() };
    conv2d_rectangular_prepared(&shape, &x, &weight, addends, &mut y);
    assert!(y == convolved(&shape, &[x, w, bias]));
}

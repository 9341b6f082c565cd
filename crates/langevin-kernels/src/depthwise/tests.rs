//! Against the definition in f64, and bit for bit against itself.

use super::*;
use crate::simd::{Isa, with_isa};
use crate::testing::{cases, error, same_on_all_pools, values};
use proptest::prelude::*;

/// The definition, in f64.
fn reference(shape: &DepthwiseShape, [x, w, bias]: &[Vec<f32>; 3]) -> Vec<f64> {
    let DepthwiseShape { height, width, kernel, stride, before, .. } = *shape;
    let [_, rows, columns, channels] = shape.output();
    let mut y = Vec::new();
    for at in 0..shape.output().iter().product() {
        let (k, c, r) = (at % channels, at / channels % columns, at / channels / columns % rows);
        let sample = at / channels / columns / rows;
        let mut sum = f64::from(bias[k]);
        for (i, j) in (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j))) {
            let (row, column) =
                ((r * stride + i).wrapping_sub(before), (c * stride + j).wrapping_sub(before));
            if row < height && column < width {
                let x = x[((sample * height + row) * width + column) * channels + k];
                sum += f64::from(x) * f64::from(w[(k * kernel + i) * kernel + j]);
            }
        }
        y.push(sum);
    }
    y
}

fn inputs(shape: &DepthwiseShape, seed: u64) -> [Vec<f32>; 3] {
    let weight = shape.channels * shape.kernel * shape.kernel;
    let lengths = [shape.input().iter().product(), weight, shape.channels];
    [0, 1, 2].map(|k| values(seed + k as u64, lengths[k]))
}

fn convolved(shape: &DepthwiseShape, inputs: &[Vec<f32>; 3], limits: Option<[f32; 2]>) -> Vec<f32> {
    let mut y = vec![f32::NAN; shape.output().iter().product()];
    depthwise(shape, &inputs[0], &inputs[1], &inputs[2], limits, &mut y);
    y
}

fn shapes() -> impl Strategy<Value = DepthwiseShape> {
    let sizes = (1usize..4, 1usize..14, 1usize..14, 1usize..40);
    let walk = (prop_oneof![Just(3usize), Just(5), 1usize..6], 1usize..3, 0usize..5, 0usize..5);
    (sizes, walk).prop_filter_map("the kernel fits", |(sizes, (kernel, stride, before, after))| {
        let (batch, height, width, channels) = sizes;
        let (before, after) = (before.min(kernel - 1), after.min(kernel - 1));
        let shape = DepthwiseShape { batch, height, width, channels, kernel, stride, before, after };
        (kernel <= height.min(width) + before + after).then_some(shape)
    })
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn agrees_with_the_definition(shape in shapes(), seed in 0u64..1000) {
        let inputs = inputs(&shape, seed);
        let expected = reference(&shape, &inputs);
        let largest = expected.iter().fold(0.0f64, |m, e| m.max(e.abs()));
        for isa in Isa::available() {
            let y = with_isa(isa, || convolved(&shape, &inputs, None));
            // A few sums may all cancel by chance: then the size counts that such sums have.
            let error = error(&y, &expected) * (largest / shape.kernel as f64).min(1.0);
            prop_assert!(error < 1e-6, "{}: {:.2e} for {:?}", isa, error, shape);
            let cut: Vec<f32> = y.iter().map(|y| y.clamp(0.0, 2.0)).collect();
            prop_assert_eq!(with_isa(isa, || convolved(&shape, &inputs, Some([0.0, 2.0]))), cut);
        }
    }
}

#[test]
fn neither_threads_nor_the_batch_change_a_bit() {
    let shape = |batch| DepthwiseShape {
        batch,
        height: 19,
        width: 23,
        channels: 57,
        kernel: 5,
        stride: 2,
        before: 1,
        after: 2,
    };
    for isa in Isa::available() {
        let whole = inputs(&shape(5), 3);
        same_on_all_pools(|| vec![with_isa(isa, || convolved(&shape(5), &whole, None))]);
        let y = with_isa(isa, || convolved(&shape(5), &whole, None));
        let (x_len, y_len) = (whole[0].len() / 5, y.len() / 5);
        for (first, batch) in [(3, 1), (1, 2)] {
            let x = whole[0][first * x_len..(first + batch) * x_len].to_vec();
            let part = [x, whole[1].clone(), whole[2].clone()];
            let part = with_isa(isa, || convolved(&shape(batch), &part, None));
            assert!(part == y[first * y_len..(first + batch) * y_len], "{isa}");
        }
    }
}

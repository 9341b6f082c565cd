//! Two-dimensional convolution.

use burn::tensor::{Tensor, module, ops::ConvOptions};

/// Zeros around an activation before a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Rows above and columns to the left.
    pub before: usize,
    /// Rows below and columns to the right.
    pub after: usize,
}

impl Padding {
    /// The same on every side.
    pub const fn symmetric(size: usize) -> Self {
        Self { before: size, after: size }
    }
}

/// Cross-correlation of `x` with `weight`, with `stride` in both directions, plus `bias`.
///
/// # Shapes
/// `x`: `[batch, height, width, in]`, `weight`: `[out, in, kernel height, kernel width]`, `bias`: `[out]`;
/// returns `[batch, height', width', out]`, height' = (height + before + after − kernel height) / stride + 1.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: Padding,
) -> Tensor<4> {
    let [out_channels, in_channels, kernel_height, kernel_width] = weight.dims();
    if (kernel_height, kernel_width, stride) == (1, 1, 1) && padding == Padding::symmetric(0) {
        let [batch, height, width, _] = x.dims();
        let rows = x.reshape([batch * height * width, in_channels]);
        let y = crate::linear(rows, weight.reshape([out_channels, in_channels]), bias);
        return y.reshape([batch, height, width, out_channels]);
    }
    let sides = (padding.before, padding.after);
    let options = ConvOptions::new_with_padding([stride; 2], [sides; 2], [1, 1], 1);
    let y = module::conv2d(x.permute([0, 3, 1, 2]), weight, Some(bias), options).permute([0, 2, 3, 1]);
    // A permuted view would slow every operation after it; reshaping puts it in order.
    let [batch, height, width, channels] = y.dims();
    y.reshape([batch * height * width, channels]).reshape([batch, height, width, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    const INPUT: [usize; 4] = [2, 5, 7, 3];

    fn numbers(n: usize, k: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 31 + k * 17) % 23) as f32 / 11.0 - 1.0).collect()
    }

    fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
    }

    /// The definition, in f64.
    fn reference(
        x: &[f32],
        w: &[f32],
        b: &[f32],
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Vec<f64> {
        let [batch, height, width, inputs] = INPUT;
        let outputs = b.len();
        let side = |size: usize| (size + padding.before + padding.after - kernel) / stride + 1;
        let mut y = Vec::new();
        for n in 0..batch {
            for (row, column) in (0..side(height)).flat_map(|r| (0..side(width)).map(move |c| (r, c))) {
                for o in 0..outputs {
                    let mut sum = f64::from(b[o]);
                    for (i, j) in (0..kernel).flat_map(|i| (0..kernel).map(move |j| (i, j))) {
                        let (r, c) = (row * stride + i, column * stride + j);
                        let inside =
                            |at: usize, size: usize| (padding.before..size + padding.before).contains(&at);
                        if !(inside(r, height) && inside(c, width)) {
                            continue;
                        }
                        let at = ((n * height + r - padding.before) * width + c - padding.before) * inputs;
                        for k in 0..inputs {
                            let weight = w[((o * inputs + k) * kernel + i) * kernel + j];
                            sum += f64::from(x[at + k]) * f64::from(weight);
                        }
                    }
                    y.push(sum);
                }
            }
        }
        y
    }

    #[test]
    fn agrees_with_the_definition() {
        let outputs = 4;
        let one_sided = Padding { before: 0, after: 1 };
        for (kernel, stride, padding) in [
            (3, 1, Padding::symmetric(1)),
            (3, 2, Padding::symmetric(1)),
            (3, 2, one_sided),
            (3, 1, Padding::symmetric(0)),
            (1, 1, Padding::symmetric(0)),
            (1, 2, Padding::symmetric(0)),
        ] {
            let x = numbers(INPUT.iter().product(), 1);
            let w = numbers(outputs * INPUT[3] * kernel * kernel, 2);
            let b = numbers(outputs, 3);
            let weight = tensor(&w, [outputs, INPUT[3], kernel, kernel]);
            let y = conv2d(tensor(&x, INPUT), weight, tensor(&b, [outputs]), stride, padding);
            let y = y.into_data().try_to_vec::<f32>().unwrap();
            let expected = reference(&x, &w, &b, kernel, stride, padding);
            assert_eq!(y.len(), expected.len());
            for (i, (y, e)) in y.iter().zip(expected).enumerate() {
                let case = format!("kernel {kernel}, stride {stride}, {padding:?}");
                assert!((f64::from(*y) - e).abs() < 1e-5, "{case}, element {i}: {y} for {e}");
            }
        }
    }
}

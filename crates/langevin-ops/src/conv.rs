//! Two-dimensional convolution.

use crate::fused::{self, Operation, sizes, tensor, values};
use crate::prepared::prepared;
use crate::resample::upsample_nearest_2x;
use crate::settings;
use burn::tensor::{Tensor, module};
use burn_flex::FlexTensor;
use langevin_kernels::{self as kernels, Addends, ConvShape};

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

/// How a convolution walks over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions {
    /// Step, in rows and columns.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: Padding,
    /// Whether the input's positions are doubled in both directions first (nearest neighbour); with stride 1 only.
    pub upsample: bool,
}

/// What is added to a convolution's output beside the bias.
#[derive(Clone, Debug)]
pub enum Addend {
    /// Nothing.
    None,
    /// `[batch, out]`, to every position of a sample.
    PerSample(Tensor<2>),
    /// The output's shape, element by element.
    Residual(Tensor<4>),
}

/// Cross-correlation of `x` with `weight`, plus `bias`, plus `addend`.
///
/// # Shapes
/// `x`: `[batch, height, width, in]`, `weight`: `[out, in, kernel, kernel]`, `bias`: `[out]`; returns
/// `[batch, height', width', out]`, height' = (height + before + after − kernel) / stride + 1, with height doubled first
/// where `upsample` is set.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    options: ConvOptions,
    addend: Addend,
) -> Tensor<4> {
    if !fused::applies(&x) {
        return composed(x, weight, bias, options, addend);
    }
    let name = match (weight.dims()[2], x.dims()) {
        (1, [_, 1, 1, _]) => "linear layers",
        (1, _) => "1x1 convolution",
        _ => "3x3 convolution",
    };
    let op = Conv2d { options, exact: settings::exact(), name };
    let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    let [x, weight, bias] = inputs;
    match addend {
        Addend::None => fused::apply3([x, weight, bias], op),
        Addend::PerSample(t) => fused::apply4([x, weight, bias, t.into_dispatch()], PlusPerSample(op)),
        Addend::Residual(r) => fused::apply4([x, weight, bias, r.into_dispatch()], PlusResidual(op)),
    }
}

/// The same in Burn's own operations.
fn composed(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    options: ConvOptions,
    addend: Addend,
) -> Tensor<4> {
    let [outputs, inputs, kernel, _] = weight.dims();
    let ConvOptions { stride, padding, upsample } = options;
    let x = if upsample { upsample_nearest_2x(x) } else { x };
    let y = if (kernel, stride) == (1, 1) && padding == Padding::symmetric(0) {
        let [batch, height, width, _] = x.dims();
        let rows = x.reshape([batch * height * width, inputs]);
        let y = crate::linear(rows, weight.reshape([outputs, inputs]), bias, None);
        y.reshape([batch, height, width, outputs])
    } else {
        let sides = (padding.before, padding.after);
        let options = burn::tensor::ops::ConvOptions::new_with_padding([stride; 2], [sides; 2], [1, 1], 1);
        let y = module::conv2d(x.permute([0, 3, 1, 2]), weight, Some(bias), options).permute([0, 2, 3, 1]);
        // A permuted view would slow every operation after it; reshaping puts it in order.
        let [batch, height, width, channels] = y.dims();
        y.reshape([batch * height * width, channels]).reshape([batch, height, width, channels])
    };
    match addend {
        Addend::None => y,
        Addend::PerSample(t) => {
            let [batch, channels] = t.dims();
            y + t.reshape([batch, 1, 1, channels])
        }
        Addend::Residual(r) => y + r,
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv2d {
    options: ConvOptions,
    exact: bool,
    name: &'static str,
}

impl Conv2d {
    fn shape(&self, x: [usize; 4], weight: [usize; 4]) -> ConvShape {
        let ConvOptions { stride, padding, upsample } = self.options;
        let ([batch, height, width, inputs], [outputs, weight_inputs, kernel, kernel_width]) = (x, weight);
        assert_eq!(
            inputs, weight_inputs,
            "the weight is for {weight_inputs} channels, the input has {inputs}"
        );
        assert_eq!(kernel, kernel_width, "the kernel should be square");
        let Padding { before, after } = padding;
        let exact = self.exact;
        ConvShape { batch, height, width, inputs, outputs, kernel, stride, before, after, upsample, exact }
    }

    fn forward(
        &self,
        [x, weight, bias]: [FlexTensor; 3],
        addends: Addends,
        tracked: bool,
    ) -> (FlexTensor, Vec<FlexTensor>) {
        let shape = self.shape(sizes(&x), sizes(&weight));
        let addends = Addends { bias: Some(values(&bias)), ..addends };
        let ready = if tracked { None } else { prepared(&shape, &weight) };
        let y = tensor(&shape.output(), |y| match ready {
            Some(ready) => kernels::conv2d_prepared(&shape, values(&x), &ready, addends, y),
            None => kernels::conv2d(&shape, values(&x), values(&weight), addends, y),
        });
        (y, if tracked { vec![x, weight] } else { Vec::new() })
    }

    /// The gradients of input, weight and bias; into `per_sample` the sums of dy over each sample's positions.
    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        dy: &FlexTensor,
        wanted: [bool; 3],
        per_sample: Option<&mut [f32]>,
    ) -> [Option<FlexTensor>; 3] {
        let [x, weight] = <[FlexTensor; 2]>::try_from(saved).expect("input and weight");
        let shape = self.shape(sizes(&x), sizes(&weight));
        let [batch, rows, columns, outputs] = shape.output();
        let db = (wanted[2] || per_sample.is_some()).then(|| {
            tensor(&[outputs], |db| {
                kernels::channel_sums(values(dy), batch, rows * columns, per_sample, db);
            })
        });
        let dw = wanted[1].then(|| {
            tensor(&sizes::<4>(&weight), |dw| {
                kernels::conv2d_weight_gradient(&shape, values(&x), values(dy), dw);
            })
        });
        let dx = wanted[0].then(|| {
            tensor(&shape.input(), |dx| {
                kernels::conv2d_input_gradient(&shape, values(dy), values(&weight), dx);
            })
        });
        [dx, dw, db]
    }
}

impl Operation<3> for Conv2d {
    fn name(&self) -> &'static str {
        self.name
    }

    fn forward(&self, inputs: [FlexTensor; 3], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        self.forward(inputs, Addends::default(), tracked)
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        self.backward(saved, &dy, wanted, None)
    }
}

#[derive(Debug)]
struct PlusPerSample(Conv2d);

impl Operation<4> for PlusPerSample {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn forward(&self, [x, w, b, t]: [FlexTensor; 4], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let addends = Addends { per_sample: Some(values(&t)), ..Addends::default() };
        self.0.forward([x, w, b], addends, tracked)
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        dy: FlexTensor,
        [x, w, b, _]: [bool; 4],
    ) -> [Option<FlexTensor>; 4] {
        let [batch, _, _, outputs] = sizes(&dy);
        let mut gradients = [None, None, None];
        let dt = tensor(&[batch, outputs], |dt| {
            gradients = self.0.backward(saved, &dy, [x, w, b], Some(dt));
        });
        let [dx, dw, db] = gradients;
        [dx, dw, db, Some(dt)]
    }
}

#[derive(Debug)]
struct PlusResidual(Conv2d);

impl Operation<4> for PlusResidual {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn forward(&self, [x, w, b, r]: [FlexTensor; 4], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let addends = Addends { residual: Some(values(&r)), ..Addends::default() };
        self.0.forward([x, w, b], addends, tracked)
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        dy: FlexTensor,
        [x, w, b, _]: [bool; 4],
    ) -> [Option<FlexTensor>; 4] {
        let [dx, dw, db] = self.0.backward(saved, &dy, [x, w, b], None);
        [dx, dw, db, Some(dy)]
    }
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
            let options = ConvOptions { stride, padding, upsample: false };
            let y = conv2d(tensor(&x, INPUT), weight, tensor(&b, [outputs]), options, Addend::None);
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

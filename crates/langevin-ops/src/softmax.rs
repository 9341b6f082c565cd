//! The softmax.

use crate::fused::{self, Operation, tensor, values};
use burn::tensor::{Tensor, activation};
use burn_flex::FlexTensor;
use langevin_kernels as kernels;

/// exp(x − max x) / Σ exp(x − max x) over the last axis.
pub fn softmax<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if fused::applies(&x) {
        let length = x.dims()[D - 1];
        fused::apply1([x.into_dispatch()], Softmax { length })
    } else {
        activation::softmax(x, D - 1)
    }
}

#[derive(Debug)]
struct Softmax {
    /// Elements of a row.
    length: usize,
}

impl Operation<1> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn forward(&self, [x]: [FlexTensor; 1], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let y = tensor(x.layout().shape(), |y| kernels::softmax(values(&x), self.length, y));
        let saved = if tracked { vec![y.clone()] } else { Vec::new() };
        (y, saved)
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let (y, length) = (&saved[0], self.length);
        let write = |dx: &mut [f32]| kernels::softmax_backward(values(y), values(&dy), length, dx);
        [Some(tensor(y.layout().shape(), write))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, gradient, numbers, output};

    #[test]
    fn agrees_with_burn() {
        let x = numbers(3 * 4 * 11, 6.0);
        let theirs = |x: Tensor<3>| activation::softmax(x, 2);
        assert_near(&output(&x, [3, 4, 11], softmax), &output(&x, [3, 4, 11], theirs), 1e-6);
        assert_near(&gradient(&x, [3, 4, 11], softmax), &gradient(&x, [3, 4, 11], theirs), 2e-6);
    }
}

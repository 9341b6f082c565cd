//! Activation functions.

use crate::fused::{self, Operation, tensor, values};
use burn::tensor::{Tensor, activation};
use burn_flex::FlexTensor;
use langevin_kernels as kernels;

/// The sigmoid linear unit, x · σ(x) (Elfwing et al. 2018; "swish").
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let op = Activation { name: "silu", forward: kernels::silu, backward: kernels::silu_backward };
    if fused::applies(&x) { fused::apply1([x.into_dispatch()], op) } else { activation::silu(x) }
}

/// The Gaussian error linear unit, x · Φ(x) with Φ the normal distribution function (Hendrycks & Gimpel 2016).
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let op = Activation { name: "gelu", forward: kernels::gelu, backward: kernels::gelu_backward };
    if fused::applies(&x) { fused::apply1([x.into_dispatch()], op) } else { activation::gelu(x) }
}

#[derive(Debug)]
struct Activation {
    name: &'static str,
    /// From x and into y.
    forward: fn(&[f32], &mut [f32]),
    /// From x and dy into dx.
    backward: fn(&[f32], &[f32], &mut [f32]),
}

impl Operation<1> for Activation {
    fn name(&self) -> &'static str {
        self.name
    }

    fn forward(&self, [x]: [FlexTensor; 1], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let y = tensor(x.layout().shape(), |y| (self.forward)(values(&x), y));
        (y, if tracked { vec![x] } else { Vec::new() })
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let x = &saved[0];
        [Some(tensor(x.layout().shape(), |dx| (self.backward)(values(x), values(&dy), dx)))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, gradient, numbers};
    use burn::tensor::{Device, TensorData};

    #[test]
    fn silu_equals_its_definition() {
        let x = [-20.0f32, -1.0, -0.3, 0.0, 0.5, 3.0, 40.0];
        let y = silu(Tensor::<1>::from_data(TensorData::from(x), &Device::flex())).into_data();
        for (x, y) in x.iter().zip(y.try_to_vec::<f32>().unwrap()) {
            let x = f64::from(*x);
            let expected = x / (1.0 + (-x).exp());
            assert!(
                (f64::from(y) - expected).abs() <= 1e-6 * (1.0 + expected.abs()),
                "{x}: {y} for {expected}"
            );
        }
    }

    #[test]
    fn gradients_agree_with_burn() {
        let x = numbers(35, 4.0);
        assert_near(&gradient(&x, [5, 7], silu), &gradient(&x, [5, 7], activation::silu), 1e-6);
        assert_near(&gradient(&x, [5, 7], gelu), &gradient(&x, [5, 7], activation::gelu), 2e-6);
    }
}

//! Activation functions.

use crate::fused::{self, Operation, tensor, values};
use burn::tensor::{Tensor, activation};
use burn_flex::FlexTensor;
use langevin_kernels as kernels;

/// The sigmoid linear unit, x · σ(x) (Elfwing et al. 2018; "swish").
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if fused::applies(&x) { fused::apply1([x.into_dispatch()], Silu) } else { activation::silu(x) }
}

#[derive(Debug)]
struct Silu;

impl Operation<1> for Silu {
    fn name(&self) -> &'static str {
        "silu"
    }

    fn forward(&self, [x]: [FlexTensor; 1], tracked: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let y = tensor(x.layout().shape(), |y| kernels::silu(values(&x), y));
        (y, if tracked { vec![x] } else { Vec::new() })
    }

    fn backward(&self, saved: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let x = &saved[0];
        let write = |dx: &mut [f32]| kernels::silu_backward(values(x), values(&dy), dx);
        [Some(tensor(x.layout().shape(), write))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}

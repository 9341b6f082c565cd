//! Activation functions.

use burn::tensor::{Tensor, activation};

/// The sigmoid linear unit, x · σ(x) (Elfwing et al. 2018; "swish").
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::silu(x)
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

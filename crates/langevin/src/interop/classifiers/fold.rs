//! From a state dict to convolutions with a bias, batch normalisation folded into them.

use super::Naming;
use crate::models::weights::{Array, Weights, WeightsError, check_arrays};
use std::collections::BTreeMap;

/// A convolution that a network needs, with the batch normalisation after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Our name of it.
    pub name: String,
    /// `[out, in, kernel height, kernel width]`, in = 1 where each channel has a kernel of its own.
    pub shape: [usize; 4],
}

/// A weight and a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// `[out, in, kernel height, kernel width]`, or `[out, in]`.
    pub weight: Array,
    /// `[out]`.
    pub bias: Vec<f32>,
}

/// All that a network is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// By our names.
    pub convolutions: BTreeMap<String, Folded>,
    /// The linear layer at the end.
    pub classifier: Folded,
}

impl Naming {
    /// The parts of a network of these layers and with a linear layer `[classes, dims]`, out of a state dict.
    ///
    /// y = γ (w ⋆ x − μ) / √(σ² + ε) + β  becomes the convolution with w γ / √(σ² + ε) and the bias β − μ γ / √(σ² + ε),
    /// computed in f64 (Ioffe & Szegedy 2015, Algorithm 2).
    ///
    /// # Errors
    /// If an array is missing, unknown, of another shape or not finite; all such are listed.
    pub fn assemble(
        &self,
        mut weights: Weights,
        layers: &[Layer],
        classifier: [usize; 2],
    ) -> Result<Parts, WeightsError> {
        weights.retain(|name, _| !(self.ignored)(name));
        let mut shapes = BTreeMap::new();
        for Layer { name, shape } in layers {
            let [convolution, norm] = (self.convolution)(name);
            shapes.insert(format!("{convolution}.weight"), shape.to_vec());
            let of_norm = NORM.iter().map(|array| (format!("{norm}.{array}"), vec![shape[0]]));
            shapes.extend(of_norm);
        }
        let [weight, bias] = ["weight", "bias"].map(|array| format!("{}.{array}", self.classifier));
        shapes.insert(weight.clone(), classifier.to_vec());
        shapes.insert(bias.clone(), vec![classifier[0]]);
        check_arrays(&shapes, &weights)?;
        let mut take = |name: &str| weights.remove(name).expect("every name has been checked");
        let classifier = Folded { weight: take(&weight), bias: take(&bias).values };
        let mut impossible = Vec::new();
        let fold = |Layer { name, .. }: &Layer| {
            let [convolution, norm] = (self.convolution)(name);
            let arrays = NORM.map(|array| take(&format!("{norm}.{array}")).values);
            if arrays[3].iter().any(|variance| f64::from(*variance) + self.epsilon <= 0.0) {
                impossible.push(format!("1/√({norm}.{})", NORM[3]));
            }
            (name.clone(), folded(take(&format!("{convolution}.weight")), &arrays, self.epsilon))
        };
        let convolutions = layers.iter().map(fold).collect();
        if !impossible.is_empty() {
            let (missing, unexpected, misshapen) = (vec![], vec![], vec![]);
            return Err(WeightsError { missing, unexpected, misshapen, not_finite: impossible });
        }
        Ok(Parts { convolutions, classifier })
    }
}

/// The arrays of a batch normalisation: γ, β, μ, σ².
const NORM: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

fn folded(mut weight: Array, [gamma, beta, mean, variance]: &[Vec<f32>; 4], epsilon: f64) -> Folded {
    let factors: Vec<f64> = gamma
        .iter()
        .zip(variance)
        .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + epsilon).sqrt())
        .collect();
    let kernel = weight.values.len() / factors.len();
    for (values, factor) in weight.values.chunks_exact_mut(kernel).zip(&factors) {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
    }
    let shifts = beta.iter().zip(mean).zip(&factors);
    let bias = shifts.map(|((beta, mean), factor)| (f64::from(*beta) - f64::from(*mean) * factor) as f32);
    Folded { weight, bias: bias.collect() }
}

#[cfg(test)]
mod tests {
    use super::super::LITE;
    use super::*;

    fn array(shape: &[usize], values: &[f32]) -> Array {
        Array { shape: shape.to_vec(), values: values.to_vec() }
    }

    fn layers() -> [Layer; 1] {
        [Layer { name: "stem".to_owned(), shape: [2, 1, 1, 1] }]
    }

    fn weights() -> Weights {
        let of_two = |name: &str, values: [f32; 2]| (name.to_owned(), array(&[2], &values));
        Weights::from([
            ("_conv_stem.weight".to_owned(), array(&[2, 1, 1, 1], &[3.0, -1.0])),
            of_two("_bn0.weight", [2.0, 1.0]),
            of_two("_bn0.bias", [0.5, 0.25]),
            of_two("_bn0.running_mean", [1.0, -2.0]),
            of_two("_bn0.running_var", [4.0 - 1e-3, 0.25 - 1e-3]),
            ("_bn0.num_batches_tracked".to_owned(), array(&[], &[7.0])),
            ("_fc.weight".to_owned(), array(&[1, 2], &[1.0, 2.0])),
            ("_fc.bias".to_owned(), array(&[1], &[9.0])),
        ])
    }

    #[test]
    fn a_normalisation_is_folded() {
        let parts = LITE.assemble(weights(), &layers(), [1, 2]).unwrap();
        let stem = &parts.convolutions["stem"];
        // γ/√(σ² + ε) is 1 and 2.
        for (ours, expected) in stem.weight.values.iter().chain(&stem.bias).zip([3.0, -2.0, -0.5, 4.25]) {
            assert!((ours - expected).abs() < 1e-6, "{stem:?}");
        }
        assert_eq!(parts.classifier.bias, [9.0]);
    }

    #[test]
    fn everything_that_does_not_fit_is_told_at_once() {
        let mut wrong = weights();
        wrong.remove("_bn0.bias");
        wrong.insert("_bn7.bias".to_owned(), array(&[1], &[1.0]));
        wrong.insert("_fc.weight".to_owned(), array(&[2, 1], &[1.0, 2.0]));
        wrong.insert("_bn0.weight".to_owned(), array(&[2], &[f32::NAN, 1.0]));
        let message = LITE.assemble(wrong, &layers(), [1, 2]).unwrap_err().to_string();
        for part in
            ["missing _bn0.bias", "unexpected _bn7.bias", "_fc.weight is [2, 1]", "no number in _bn0.weight"]
        {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        let mut negative = weights();
        negative.insert("_bn0.running_var".to_owned(), array(&[2], &[1.0, -1.0]));
        let message = LITE.assemble(negative, &layers(), [1, 2]).unwrap_err().to_string();
        assert!(message.contains("1/√(_bn0.running_var)"), "{message}");
    }
}

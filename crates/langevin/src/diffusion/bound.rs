//! How x̂_0 is kept within the range of the data while sampling.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// What is done to x̂_0 before a solver uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Bound {
    /// Nothing: right for points.
    #[default]
    None,
    /// Clipped to ±`range`, as Ho et al.'s code does: right for pictures, with range 1.
    Clip {
        /// The largest magnitude, above 0.
        range: f64,
    },
    /// Dynamic thresholding: clipped to ±s and divided by s, where s is the `quantile` of the sample's |x̂_0|, at least
    /// 1 and at most `max`    (Saharia et al. 2022, section 2.3)
    Dynamic {
        /// The part of the magnitudes below s, in (0, 1].
        quantile: f64,
        /// The largest s, at least 1.
        max: f64,
    },
}

impl Bound {
    /// Whether its numbers are ones that can be applied.
    pub fn is_sound(&self) -> bool {
        match *self {
            Self::None => true,
            Self::Clip { range } => range > 0.0 && range.is_finite(),
            Self::Dynamic { quantile, max } => {
                quantile > 0.0 && quantile <= 1.0 && max >= 1.0 && max.is_finite()
            }
        }
    }

    /// x̂_0 within the bound.
    ///
    /// # Shapes
    /// `[batch, height, width, channels]`, kept; dynamic thresholds are each sample's own.
    pub fn apply(&self, x0: Tensor<4>) -> Tensor<4> {
        match *self {
            Self::None => x0,
            Self::Clip { range } => x0.clamp(-range, range),
            Self::Dynamic { quantile, max } => {
                let (shape, device) = (x0.dims(), x0.device());
                let mut values = crate::tensor::to_vec(x0);
                for sample in values.chunks_mut(shape[1..].iter().product()) {
                    let magnitudes = sample.iter().map(|value| value.abs()).collect();
                    let s = quantile_of(magnitudes, quantile).max(1.0).min(max) as f32;
                    for value in sample {
                        // What is no number stays so, to be seen at the end.
                        *value = if value.is_nan() { *value } else { value.clamp(-s, s) / s };
                    }
                }
                Tensor::from_data(TensorData::new(values, shape), &device)
            }
        }
    }
}

/// The quantile of some values, linearly interpolated between the two nearest (as NumPy and PyTorch do).
fn quantile_of(mut values: Vec<f32>, quantile: f64) -> f64 {
    values.sort_unstable_by(f32::total_cmp);
    let place = quantile * (values.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let at = |index: usize| f64::from(values[index.min(values.len() - 1)]);
    at(low) * (1.0 - part) + at(low + 1) * part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::to_vec;

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 4, 8], q)
        for (quantile, expected) in [(0.0, 1.0), (0.5, 3.0), (0.8, 5.6), (1.0, 8.0)] {
            assert!((quantile_of(vec![8.0, 1.0, 4.0, 2.0], quantile) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn each_sample_has_its_own_threshold_of_at_least_1() {
        let x = Tensor::<4>::from_data(
            TensorData::new(vec![0.5f32, -0.25, 3.0, -1.0], [2, 1, 2, 1]),
            &crate::tensor::cpu(),
        );
        let bounded = to_vec(Bound::Dynamic { quantile: 0.5, max: 9.0 }.apply(x.clone()));
        // The first sample's median of 0.375 becomes 1; the second's is 2.
        assert_eq!(bounded, [0.5, -0.25, 1.0, -0.5]);
        assert_eq!(to_vec(Bound::Clip { range: 1.0 }.apply(x)), [0.5, -0.25, 1.0, -1.0]);
    }

    #[test]
    fn unsound_numbers_are_known() {
        let clip = |range| Bound::Clip { range }.is_sound();
        assert!(clip(0.5) && !clip(0.0) && !clip(-1.0) && !clip(f64::INFINITY) && !clip(f64::NAN));
        let dynamic = |quantile, max| Bound::Dynamic { quantile, max }.is_sound();
        assert!(dynamic(0.995, 1.0) && !dynamic(0.0, 1.0) && !dynamic(1.1, 1.0) && !dynamic(0.5, 0.9));
        assert!(!dynamic(f64::NAN, 1.0) && !dynamic(0.5, f64::INFINITY));
    }
}

//! How samples are pulled towards their classes.

use crate::models::ConditioningError;
use crate::tensor::to_vec;
use burn::tensor::{Tensor, TensorData};
use langevin_math::NoiseLevel;

/// How strongly samples are pulled towards their classes, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guidance {
    /// w: without a classifier, ε̂ = (1 − w) ε̂(x_t) + w ε̂(x_t, y), so that 0 is the network without classes and 1 the network
    /// with them (Ho & Salimans 2022, whose w is less by 1); with one, what the gradient of ln p(y | x_t) is multiplied by
    /// (Dhariwal & Nichol 2021), and 0 leaves it out.
    pub weight: f64,
    /// The noise levels σ/α, from and to, between which the weight counts; outside, samples are of their classes without being
    /// pulled there (Kynkäänniemi et al. 2024). `None`: all.
    pub interval: Option<[f64; 2]>,
    /// φ in [0, 1]: how far the spread of the guided prediction is taken back to that of the network with classes
    /// (Lin et al. 2024, section 3.4). Without a classifier only.
    pub rescale: f64,
}

impl Default for Guidance {
    /// The network with classes, as it is.
    fn default() -> Self {
        Self { weight: 1.0, interval: None, rescale: 0.0 }
    }
}

impl Guidance {
    /// A weight that counts everywhere.
    pub fn of(weight: f64) -> Self {
        Self { weight, ..Self::default() }
    }

    /// The weight at a noise level, which is `outside` where it does not count.
    pub fn weight_at(&self, level: NoiseLevel, outside: f64) -> f64 {
        let rho = level.rho();
        match self.interval {
            Some([from, to]) if !(from..=to).contains(&rho) => outside,
            _ => self.weight,
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// If the weight is no finite number, the interval is not one of noise levels, or φ is outside of [0, 1].
    pub fn check(&self) -> Result<(), GuidanceError> {
        let Self { weight, interval, rescale } = *self;
        if !weight.is_finite() {
            return Err(GuidanceError::Weight { weight });
        }
        if let Some([from, to]) = interval
            && !(from >= 0.0 && to > from)
        {
            return Err(GuidanceError::Interval { from, to });
        }
        if (0.0..=1.0).contains(&rescale) { Ok(()) } else { Err(GuidanceError::Rescale { rescale }) }
    }

    /// (1 − w) u + w c of predictions without and with classes, with its spread taken back by φ.
    ///
    /// # Shapes
    /// `[batch, height, width, channels]`, all of them.
    pub(super) fn combine(&self, weight: f64, without: Tensor<4>, with: Tensor<4>) -> Tensor<4> {
        let guided = without.mul_scalar(1.0 - weight) + with.clone().mul_scalar(weight);
        if self.rescale == 0.0 {
            return guided;
        }
        let (samples, device) = (guided.dims()[0], guided.device());
        let size = guided.dims()[1..].iter().product::<usize>();
        let (wanted, got) = (to_vec(with), to_vec(guided.clone()));
        let factor = |(wanted, got): (&[f32], &[f32])| {
            let ratio = match deviation(got) {
                0.0 => 1.0,
                got => deviation(wanted) / got,
            };
            (self.rescale * ratio + 1.0 - self.rescale) as f32
        };
        let factors: Vec<f32> = wanted.chunks(size).zip(got.chunks(size)).map(factor).collect();
        guided * Tensor::<4>::from_data(TensorData::new(factors, [samples, 1, 1, 1]), &device)
    }
}

/// The standard deviation of a sample's elements.
fn deviation(values: &[f32]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
    (values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// A classifier of noisy samples.
pub trait ClassGradient {
    /// ∇ ln p(y | x_t) by x_t, each sample at its own timestep and of its own class y.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`; so is the gradient.
    fn log_probability_gradient(&self, x: Tensor<4>, timesteps: &[f64], classes: &[usize]) -> Tensor<4>;

    /// Classes that it tells apart.
    fn classes(&self) -> usize;
}

/// A classifier that guides a network.
#[derive(Clone, Copy)]
pub struct ClassifierGuide<'a> {
    /// The classifier.
    pub classifier: &'a dyn ClassGradient,
    /// Whether the network is told the classes, too, if it knows any: else the classifier alone pulls.
    pub network_is_told: bool,
}

/// Why samples cannot be pulled towards their classes.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum GuidanceError {
    #[error(transparent)]
    Conditioning(#[from] ConditioningError),
    #[error("the weight of the guidance is {weight}: give a finite number, such as 2")]
    Weight { weight: f64 },
    #[error(
        "the guidance counts between the noise levels {from} and {to}: give two numbers, 0 or more, the smaller first"
    )]
    Interval { from: f64, to: f64 },
    #[error("the rescaling of the guidance is {rescale}: give a number from 0 to 1")]
    Rescale { rescale: f64 },
    #[error("samples are to be guided towards a class, but none is given: name one (--class K)")]
    NoClass,
    #[error(
        "the model has not learned to draw without a class, so a weight other than 1 has nothing to guide away from: train it with \
         --set train.label_dropout=0.1, or guide it by a classifier (--classifier)"
    )]
    NoNullClass,
    #[error(
        "the classifier knows {classes} classes, and the samples are to be of class {class}, counted from 0"
    )]
    UnknownClass { class: usize, classes: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), [2, 1, 2, 1]), &crate::cpu())
    }

    #[test]
    fn weights_0_and_1_are_the_predictions_themselves() {
        let (u, c) = ([0.3, -0.7, 1e-9, 5.0], [0.1, 0.2, -0.4, 1e7]);
        for (weight, expected) in [(0.0, u), (1.0, c)] {
            let guided = Guidance::of(weight).combine(weight, tensor(&u), tensor(&c));
            assert_eq!(to_vec(guided), expected);
        }
    }

    /// diffusers' `rescale_noise_cfg` on the same numbers: std of [1, 3] is 1.414214, of the guided [2, 10] 5.656854.
    #[test]
    fn the_spread_is_taken_back_sample_by_sample() {
        let guidance = Guidance { rescale: 0.5, ..Guidance::of(2.0) };
        let (u, c) = ([0.0, -4.0, 1.0, 1.0], [1.0, 3.0, 1.0, 2.0]);
        let guided = to_vec(guidance.combine(2.0, tensor(&u), tensor(&c)));
        // 0.5 · [2, 10] · 0.25 + 0.5 · [2, 10], and [1, 3], whose spread is twice that of [1, 2].
        for (got, expected) in guided.iter().zip([1.25, 6.25, 0.75, 2.25]) {
            assert!((got - expected).abs() < 1e-6, "{guided:?}");
        }
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let usual = Guidance::of(2.0);
        assert_eq!(usual.check(), Ok(()));
        assert!(Guidance::of(f64::NAN).check().is_err());
        for interval in [[1.0, 1.0], [-1.0, 2.0], [3.0, 2.0], [f64::NAN, 1.0]] {
            assert!(Guidance { interval: Some(interval), ..usual }.check().is_err(), "{interval:?}");
        }
        assert!(Guidance { rescale: 1.1, ..usual }.check().is_err());
    }
}

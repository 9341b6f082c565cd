//! Mean and covariance of a set of feature vectors: what a Gaussian keeps of it.

use crate::error::MetricsError;
use std::fmt;

/// How far a covariance may be from its transpose, in parts of its largest entry: single precision leaves less.
const ASYMMETRY: f64 = 1e-6;

/// The mean and the covariance of feature vectors; made by a [`StatisticsBuilder`](crate::StatisticsBuilder), or given.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    mean: Vec<f64>,
    covariance: Vec<f64>,
    count: Option<u64>,
}

/// A caution: of so few samples, the covariance is singular and the Fréchet distance biased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FewSamples {
    /// Samples.
    pub count: u64,
    /// Numbers in a feature vector.
    pub dimensions: usize,
}

impl fmt::Display for FewSamples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, dimensions } = self;
        write!(
            f,
            "{count} samples leave the covariance of {dimensions} features singular, and a Fréchet distance biased: take more \
             than {dimensions}, and compare only distances of the same number"
        )
    }
}

impl Statistics {
    /// Of moments that are known already: `mean` `[d]`, `covariance` `[d, d]`, and from how many samples if that is known.
    ///
    /// The halves of the covariance may differ by rounding; their mean is taken.
    ///
    /// # Errors
    /// If d is 0, the sizes do not fit, a number is not finite, a variance is negative, or the covariance is not
    /// symmetric to 10⁻⁶ of its largest entry.
    pub fn from_moments(
        mean: Vec<f64>,
        mut covariance: Vec<f64>,
        count: Option<u64>,
    ) -> Result<Self, MetricsError> {
        let d = mean.len();
        if d == 0 {
            return Err(MetricsError::NoDimensions);
        }
        let (got, expected) = (covariance.len(), d * d);
        if got != expected {
            return Err(MetricsError::Dimensions { what: "the covariance", got, expected });
        }
        finite("a mean", &mean, d)?;
        finite("a covariance", &covariance, d)?;
        let largest = covariance.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        for row in 0..d {
            let variance = covariance[row * d + row];
            if variance < 0.0 {
                return Err(MetricsError::NotPositive { smallest: variance, largest });
            }
            for column in row + 1..d {
                let (upper, lower) = (covariance[row * d + column], covariance[column * d + row]);
                if (upper - lower).abs() > ASYMMETRY * largest {
                    return Err(MetricsError::NotSymmetric { row, column, upper, lower });
                }
                let middle = lower + 0.5 * (upper - lower);
                covariance[row * d + column] = middle;
                covariance[column * d + row] = middle;
            }
        }
        Ok(Self::from_parts(mean, covariance, count))
    }

    /// Of moments that are as they have to be.
    pub(crate) fn from_parts(mean: Vec<f64>, covariance: Vec<f64>, count: Option<u64>) -> Self {
        Self { mean, covariance, count }
    }

    /// The numbers in a feature vector, d.
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// The number of samples, where it is known.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// The mean μ, `[d]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The covariance Σ with n − 1 below the sum, `[d, d]`, symmetric to the bit.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// Tr Σ, the sum of the variances.
    pub fn total_variance(&self) -> f64 {
        self.covariance.iter().step_by(self.dimensions() + 1).sum()
    }

    /// What to tell who reads a distance from these: there are no more samples than dimensions. `None` too where their
    /// number is not known.
    pub fn caution(&self) -> Option<FewSamples> {
        let (count, dimensions) = (self.count?, self.dimensions());
        (count <= dimensions as u64).then_some(FewSamples { count, dimensions })
    }
}

fn finite(what: &'static str, values: &[f64], width: usize) -> Result<(), MetricsError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(MetricsError::NotFinite {
            what,
            row: place / width,
            column: place % width,
            value: values[place],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_moments_are_kept() {
        let found = Statistics::from_moments(vec![1.0, 2.0], vec![3.0, 0.5, 0.5, 4.0], None).unwrap();
        assert_eq!((found.dimensions(), found.count()), (2, None));
        assert_eq!((found.mean(), found.covariance()), (&[1.0, 2.0][..], &[3.0, 0.5, 0.5, 4.0][..]));
        assert_eq!(found.total_variance(), 7.0);
        assert_eq!(found.caution(), None);
    }

    #[test]
    fn few_samples_are_told() {
        let of =
            |count| Statistics::from_moments(vec![0.0; 2], vec![1.0, 0.0, 0.0, 1.0], Some(count)).unwrap();
        assert_eq!(of(3).caution(), None);
        let caution = of(2).caution().unwrap();
        assert_eq!(caution, FewSamples { count: 2, dimensions: 2 });
        assert!(caution.to_string().starts_with("2 samples leave the covariance of 2 features singular"));
    }

    #[test]
    fn rounding_is_no_asymmetry() {
        let found = Statistics::from_moments(vec![0.0; 2], vec![1.0, 0.5, 0.5 + 1e-8, 1.0], None).unwrap();
        assert_eq!(found.covariance()[1], found.covariance()[2]);
        assert!((found.covariance()[1] - 0.5).abs() < 1e-8);
    }

    #[test]
    fn what_is_no_covariance_is_refused() {
        let refused = |mean: &[f64], covariance: &[f64]| {
            Statistics::from_moments(mean.to_vec(), covariance.to_vec(), None).unwrap_err()
        };
        assert_eq!(refused(&[], &[]), MetricsError::NoDimensions);
        assert!(matches!(
            refused(&[0.0; 2], &[1.0; 3]),
            MetricsError::Dimensions { got: 3, expected: 4, .. }
        ));
        assert!(matches!(refused(&[f64::NAN], &[1.0]), MetricsError::NotFinite { what: "a mean", .. }));
        assert!(matches!(refused(&[0.0], &[f64::INFINITY]), MetricsError::NotFinite { .. }));
        let asymmetric = refused(&[0.0; 2], &[1.0, 0.5, 0.4, 1.0]);
        assert!(matches!(asymmetric, MetricsError::NotSymmetric { row: 0, column: 1, .. }));
        assert!(matches!(refused(&[0.0], &[-1.0]), MetricsError::NotPositive { .. }));
    }
}

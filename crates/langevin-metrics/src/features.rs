//! Feature vectors: rows of numbers, one a sample.

use crate::error::MetricsError;

/// n feature vectors of d finite numbers, row after row, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    values: &'a [f32],
    dimensions: usize,
}

impl<'a> Features<'a> {
    /// The rows of `values`, `[n, dimensions]`; n may be 0.
    ///
    /// # Errors
    /// If `dimensions` is 0, the last row is not whole, or a number is not finite.
    pub fn new(values: &'a [f32], dimensions: usize) -> Result<Self, MetricsError> {
        if dimensions == 0 {
            return Err(MetricsError::NoDimensions);
        }
        if !values.len().is_multiple_of(dimensions) {
            return Err(MetricsError::Ragged { got: values.len(), dimensions });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(MetricsError::NotFinite {
                what: "a set of features",
                row: place / dimensions,
                column: place % dimensions,
                value: f64::from(values[place]),
            });
        }
        Ok(Self { values, dimensions })
    }

    /// The number of rows, n.
    pub fn count(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// The numbers in a row, d.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All numbers, `[n, d]`.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// Row `index`, of d numbers.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.dimensions..][..self.dimensions]
    }

    /// The error that says so, unless rows have `expected` numbers.
    pub(crate) fn expect_dimensions(&self, expected: usize) -> Result<(), MetricsError> {
        let got = self.dimensions;
        if got == expected {
            Ok(())
        } else {
            Err(MetricsError::Dimensions { what: "a feature vector", got, expected })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_at_the_dimensions() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let features = Features::new(&values, 3).unwrap();
        assert_eq!((features.count(), features.dimensions()), (2, 3));
        assert_eq!(features.row(1), [4.0, 5.0, 6.0]);
        assert_eq!(Features::new(&[], 3).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_set_of_features_is_refused() {
        assert_eq!(Features::new(&[1.0], 0).unwrap_err(), MetricsError::NoDimensions);
        let ragged = Features::new(&[1.0; 7], 3).unwrap_err();
        assert_eq!(ragged, MetricsError::Ragged { got: 7, dimensions: 3 });
        let infinite = Features::new(&[1.0, 2.0, 3.0, f32::INFINITY], 2).unwrap_err();
        let text =
            "a set of features has inf at row 1, column 1, counted from 0: every number must be finite";
        assert_eq!(infinite.to_string(), text);
    }
}

//! Principal components: features of pictures where there is no network to ask.

use crate::error::MetricsError;
use crate::features::Features;
use crate::linear::{eigen, row_products};
use crate::statistics::Statistics;
use rayon::prelude::*;

/// Rows projected at once. A last block is filled up, so that no row's result depends on how many there are.
const BLOCK: usize = 128;

/// The directions in which feature vectors vary most.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    mean: Vec<f64>,
    variances: Vec<f64>,
    components: Vec<f64>,
}

impl Pca {
    /// The first `components` eigenvectors of the covariance, by falling eigenvalue.
    ///
    /// An eigenvector's sign is free: here its entry of largest magnitude, the first of them, is positive.
    ///
    /// # Errors
    /// If `components` is 0 or more than the dimensions, or the decomposition does not converge.
    pub fn new(statistics: &Statistics, components: usize) -> Result<Self, MetricsError> {
        let d = statistics.dimensions();
        if components == 0 || components > d {
            return Err(MetricsError::Count { what: "principal components", got: components, most: d });
        }
        let mut found = eigen(statistics.covariance(), d)?;
        found.values.truncate(components);
        found.vectors.truncate(components * d);
        for vector in found.vectors.chunks_exact_mut(d) {
            let largest = vector
                .iter()
                .fold(0.0, |most: f64, &entry| if entry.abs() > most.abs() { entry } else { most });
            vector.iter_mut().for_each(|entry| *entry *= largest.signum());
        }
        // A variance is not negative, its rounding may be.
        let variances = found.values.into_iter().map(|value| value.max(0.0)).collect();
        Ok(Self { mean: statistics.mean().to_vec(), variances, components: found.vectors })
    }

    /// The numbers of a vector to be projected, d.
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// The variance along each component, the largest first, `[k]`.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// The components, each of length 1, `[k, d]`.
    pub fn components(&self) -> &[f64] {
        &self.components
    }

    /// (x − μ) · v of each row and each component v, in f64, rounded: `[n, k]`.
    ///
    /// # Errors
    /// If the rows are of another length than those that the statistics are from.
    pub fn project(&self, rows: Features<'_>) -> Result<Vec<f32>, MetricsError> {
        let (d, k) = (self.dimensions(), self.variances.len());
        rows.expect_dimensions(d)?;
        let mut projected = vec![0.0; rows.count() * k];
        let blocks = projected.par_chunks_mut(BLOCK * k).zip(rows.values().par_chunks(BLOCK * d));
        blocks.for_each(|(out, rows)| {
            let centred = rows.chunks_exact(d).flat_map(|row| row.iter().zip(&self.mean));
            let mut centred: Vec<f64> = centred.map(|(&value, mean)| f64::from(value) - mean).collect();
            centred.resize(BLOCK * d, 0.0);
            let mut products = vec![0.0; BLOCK * k];
            row_products(&centred, &self.components, d, &mut products);
            out.iter_mut().zip(products).for_each(|(value, product)| *value = product as f32);
        });
        Ok(projected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::StatisticsBuilder;
    use crate::testing::{on_threads, rows};

    fn statistics(rows: &[f32], d: usize) -> Statistics {
        let mut builder = StatisticsBuilder::new(d).unwrap();
        builder.push(Features::new(rows, d).unwrap()).unwrap();
        builder.finish().unwrap()
    }

    /// Variances 1, 9 and 4 along the axes, in this order.
    #[test]
    fn components_come_by_falling_variance() {
        let covariance = vec![1.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 4.0];
        let statistics = Statistics::from_moments(vec![1.0, 2.0, 3.0], covariance, None).unwrap();
        let pca = Pca::new(&statistics, 2).unwrap();
        assert!(
            pca.variances().iter().zip([9.0, 4.0]).all(|(found, expected)| (found - expected).abs() < 1e-14)
        );
        let expected = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert!(
            pca.components().iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-14)
        );
        let point = Features::new(&[5.0, 4.0, 2.0], 3).unwrap();
        assert_eq!(pca.project(point).unwrap(), [2.0, -1.0]);
    }

    /// The variance of what is projected is the eigenvalue.
    #[test]
    fn projections_have_the_variances() {
        let (n, d, k) = (500, 12, 4);
        let rows = rows(1, n, d, 2.0);
        let pca = Pca::new(&statistics(&rows, d), k).unwrap();
        let projected = statistics(&pca.project(Features::new(&rows, d).unwrap()).unwrap(), k);
        for i in 0..k {
            assert!(projected.mean()[i].abs() < 1e-6);
            for j in 0..k {
                let expected = if i == j { pca.variances()[i] } else { 0.0 };
                assert!((projected.covariance()[i * k + j] - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn neither_threads_nor_other_rows_change_a_bit() {
        let (n, d) = (400, 30);
        let rows = rows(1, n, d, 1.0);
        let pca = Pca::new(&statistics(&rows, d), 7).unwrap();
        let project = |rows: &[f32]| pca.project(Features::new(rows, d).unwrap()).unwrap();
        let whole = project(&rows);
        assert!(on_threads(|| project(&rows)).iter().all(|found| *found == whole));
        let alone: Vec<f32> = rows.chunks_exact(d).flat_map(project).collect();
        assert_eq!(alone, whole);
        assert!(project(&[]).is_empty());
    }

    #[test]
    fn there_are_as_many_components_as_dimensions() {
        let statistics = Statistics::from_moments(vec![0.0], vec![1.0], None).unwrap();
        for components in [0, 2] {
            let error = Pca::new(&statistics, components).unwrap_err();
            assert_eq!(error, MetricsError::Count { what: "principal components", got: components, most: 1 });
        }
        let pca = Pca::new(&statistics, 1).unwrap();
        assert!(pca.project(Features::new(&[0.0; 2], 2).unwrap()).is_err());
    }
}

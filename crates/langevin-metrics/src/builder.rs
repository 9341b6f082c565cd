//! Mean and covariance of a stream of feature vectors, in one pass.
//!
//! Rows are taken in blocks of [`BLOCK`] at fixed places of the stream, so that neither the pieces in which rows arrive nor
//! the threads change a bit. A [`Panel`] centres a block before anything is squared: neither a large mean nor one that wanders
//! costs digits.

use crate::error::MetricsError;
use crate::features::Features;
use crate::linear::add_column_products;
use crate::panel::Panel;
use crate::statistics::Statistics;
use rayon::prelude::*;

/// Rows to a block.
const BLOCK: usize = 512;
/// Columns of a panel, so rows and columns of a tile: the units that threads share.
const WIDTH: usize = 256;

/// Collects [`Statistics`] from feature vectors as they come; memory depends on d alone.
#[derive(Clone, Debug)]
pub struct StatisticsBuilder {
    dimensions: usize,
    /// Rows in blocks that are done.
    count: u64,
    /// All columns, in order.
    panels: Vec<Panel>,
    /// Σ (x − μ)(x − μ)ᵀ of the blocks that are done.
    tiles: Vec<Tile>,
    /// The rows of the block begun.
    pending: Vec<f32>,
}

/// The products of the columns of one panel with those of the same, or of one before it.
#[derive(Clone, Debug)]
struct Tile {
    left: usize,
    right: usize,
    values: Vec<f64>,
}

impl StatisticsBuilder {
    /// Nothing yet, of feature vectors of `dimensions` numbers.
    ///
    /// # Errors
    /// If `dimensions` is 0.
    pub fn new(dimensions: usize) -> Result<Self, MetricsError> {
        if dimensions == 0 {
            return Err(MetricsError::NoDimensions);
        }
        let panel = |first| Panel::new(first..dimensions.min(first + WIDTH));
        let panels: Vec<_> = (0..dimensions).step_by(WIDTH).map(panel).collect();
        let pairs = (0..panels.len()).flat_map(|left| (0..=left).map(move |right| (left, right)));
        let tile = |(left, right): (usize, usize)| {
            let size = panels[left].columns().len() * panels[right].columns().len();
            Tile { left, right, values: vec![0.0; size] }
        };
        let tiles = pairs.map(tile).collect();
        Ok(Self { dimensions, count: 0, panels, tiles, pending: Vec::new() })
    }

    /// The rows pushed so far.
    pub fn count(&self) -> u64 {
        self.count + (self.pending.len() / self.dimensions) as u64
    }

    /// Takes more rows, as many as there are.
    ///
    /// # Errors
    /// If they are of another length.
    pub fn push(&mut self, rows: Features<'_>) -> Result<(), MetricsError> {
        rows.expect_dimensions(self.dimensions)?;
        let whole = BLOCK * self.dimensions;
        let mut rest = rows.values();
        while !rest.is_empty() {
            let (taken, later) = rest.split_at(rest.len().min(whole - self.pending.len()));
            self.pending.extend_from_slice(taken);
            rest = later;
            if self.pending.len() == whole {
                self.close_block();
            }
        }
        Ok(())
    }

    /// Mean and covariance of all rows.
    ///
    /// # Errors
    /// If there are fewer than 2.
    pub fn finish(mut self) -> Result<Statistics, MetricsError> {
        self.close_block();
        if self.count < 2 {
            let got = self.count as usize;
            return Err(MetricsError::TooFewSamples { what: "a covariance", least: 2, got });
        }
        let (d, degrees) = (self.dimensions, (self.count - 1) as f64);
        let mut covariance = vec![0.0; d * d];
        for tile in &self.tiles {
            let (rows, columns) = (self.panels[tile.left].columns(), self.panels[tile.right].columns());
            for (row, values) in rows.zip(tile.values.chunks_exact(columns.len())) {
                // Of a tile on the diagonal only the half below: both halves then agree to the bit.
                for (column, value) in columns.clone().zip(values).filter(|(column, _)| *column <= row) {
                    covariance[row * d + column] = value / degrees;
                    covariance[column * d + row] = value / degrees;
                }
            }
        }
        let mean = self.panels.iter().flat_map(Panel::mean).collect();
        Ok(Statistics::from_parts(mean, covariance, Some(self.count)))
    }

    fn close_block(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let (d, before, rows) = (self.dimensions, self.count, &self.pending);
        self.panels.par_iter_mut().for_each(|panel| panel.take(rows, d, before));
        let panels = &self.panels;
        self.tiles.par_iter_mut().for_each(|tile| {
            let (left, right) = (&panels[tile.left], &panels[tile.right]);
            let (m, n) = (left.columns().len(), right.columns().len());
            add_column_products(left.centred(), m, right.centred(), n, &mut tile.values);
        });
        self.count += (self.pending.len() / d) as u64;
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{on_threads, rows};
    use proptest::prelude::*;

    /// The textbook's two passes in f64.
    fn two_passes(rows: &[f32], d: usize) -> (Vec<f64>, Vec<f64>) {
        let n = (rows.len() / d) as f64;
        let mean: Vec<f64> =
            (0..d).map(|j| rows.iter().skip(j).step_by(d).map(|&x| f64::from(x)).sum::<f64>() / n).collect();
        let mut covariance = vec![0.0; d * d];
        for row in rows.chunks_exact(d) {
            for i in 0..d {
                for j in 0..d {
                    let product = (f64::from(row[i]) - mean[i]) * (f64::from(row[j]) - mean[j]);
                    covariance[i * d + j] += product / (n - 1.0);
                }
            }
        }
        (mean, covariance)
    }

    fn pushed(rows: &[f32], d: usize, pieces: &[usize]) -> Statistics {
        let mut builder = StatisticsBuilder::new(d).unwrap();
        let (mut rest, mut pieces) = (rows, pieces.iter().cycle());
        while !rest.is_empty() {
            let (taken, later) = rest.split_at(rest.len().min(pieces.next().unwrap() * d));
            builder.push(Features::new(taken, d).unwrap()).unwrap();
            rest = later;
        }
        assert_eq!(builder.count(), (rows.len() / d) as u64);
        builder.finish().unwrap()
    }

    /// Offsets a million times the deviation, on one set that stays and one that wanders.
    #[test]
    fn large_means_cost_no_digits() {
        let (n, d) = (1700, 7);
        for (offset, drift) in [(0.0, 0.0), (1e6, 0.0), (-3e4, 100.0)] {
            let mut rows = rows(4, n, d, 1.0);
            for (k, value) in rows.iter_mut().enumerate() {
                *value += offset * (1 + k % d) as f32 + drift * (k / d) as f32;
            }
            let (mean, covariance) = two_passes(&rows, d);
            let found = pushed(&rows, d, &[n]);
            let close = |a: &f64, b: &f64, scale: f64| (a - b).abs() <= 1e-12 * scale;
            assert!(found.mean().iter().zip(&mean).all(|(a, b)| close(a, b, b.abs() + 1.0)));
            let largest = covariance.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
            assert!(found.covariance().iter().zip(&covariance).all(|(a, b)| close(a, b, largest)));
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (n, d) = (1100, 300);
        let rows = rows(8, n, d, 1.0);
        let found = on_threads(|| pushed(&rows, d, &[n]));
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn one_sample_has_no_covariance() {
        let mut builder = StatisticsBuilder::new(2).unwrap();
        builder.push(Features::new(&[1.0, 2.0], 2).unwrap()).unwrap();
        let error = builder.clone().finish().unwrap_err();
        assert_eq!(error.to_string(), "a covariance needs samples, at least 2, but there are 1");
        assert!(builder.push(Features::new(&[1.0], 1).unwrap()).is_err());
        assert_eq!(StatisticsBuilder::new(0).unwrap_err(), MetricsError::NoDimensions);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn pieces_do_not_change_a_bit(
            pieces in prop::collection::vec(1usize..700, 1..6),
            n in 2usize..1300,
            d in 1usize..6,
        ) {
            let rows = rows(n as u64, n, d, 1.0);
            let whole = pushed(&rows, d, &[n]);
            prop_assert_eq!(pushed(&rows, d, &pieces), whole);
        }
    }
}

//! Distances between all rows of two sets, a block of rows at a time, and how far the nearest neighbours are.

use crate::features::Features;
use crate::linear::row_products;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a block. The last is filled up with zeros, so that all products have one shape and round in one way.
const BLOCK: usize = 256;

/// Feature vectors with their squared lengths.
pub(crate) struct Points<'a> {
    features: Features<'a>,
    /// ‖x‖², from the same products as the distances: a row is then at exactly 0 from itself and its copies.
    squares: Vec<f64>,
}

impl<'a> Points<'a> {
    pub(crate) fn new(features: Features<'a>) -> Self {
        let squares_of = |block: usize| {
            let (mut rows, mut products) = (Vec::new(), vec![0.0; BLOCK * BLOCK]);
            fill(features, block, &mut rows);
            row_products(&rows, &rows, features.dimensions(), &mut products);
            let own = products.iter().step_by(BLOCK + 1).copied();
            own.take(rows_of(features, block).len()).collect::<Vec<f64>>()
        };
        let blocks = 0..features.count().div_ceil(BLOCK);
        let squares = blocks.into_par_iter().map(squares_of).collect::<Vec<_>>().concat();
        Self { features, squares }
    }

    pub(crate) fn count(&self) -> usize {
        self.squares.len()
    }

    pub(crate) fn blocks(&self) -> usize {
        self.count().div_ceil(BLOCK)
    }

    /// The numbers of the rows in a block.
    pub(crate) fn rows_of(&self, block: usize) -> Range<usize> {
        rows_of(self.features, block)
    }

    /// Gives `visit` the distances of the rows in `block` from all of `others`, in pieces: the number of the row, that
    /// of the first other, and ‖x − y‖ of that one and those that follow.
    ///
    /// ‖x‖² + ‖y‖² − 2 xᵀy in f64, rounded to f32, then its root, as scikit-learn does: what differs by rounding in f64
    /// is a tie in both.
    pub(crate) fn distances(
        &self,
        block: usize,
        others: &Points<'_>,
        mut visit: impl FnMut(usize, usize, &[f32]),
    ) {
        let d = self.features.dimensions();
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        let (mut products, mut distances) = (vec![0.0; BLOCK * BLOCK], vec![0.0f32; BLOCK]);
        fill(self.features, block, &mut rows);
        for other in 0..others.blocks() {
            fill(others.features, other, &mut columns);
            row_products(&rows, &columns, d, &mut products);
            let range = others.rows_of(other);
            for (row, products) in self.rows_of(block).zip(products.chunks_exact(BLOCK)) {
                let squares = others.squares[range.clone()].iter().zip(products);
                for (distance, (square, product)) in distances.iter_mut().zip(squares) {
                    let squared = (self.squares[row] + square - 2.0 * product).max(0.0);
                    *distance = (squared as f32).sqrt();
                }
                visit(row, range.start, &distances[..range.len()]);
            }
        }
    }

    /// How far the k-th nearest other row of the same set is from each row in `block`. `k` others must exist.
    pub(crate) fn radii(&self, block: usize, k: usize) -> Vec<f32> {
        let range = self.rows_of(block);
        // The k + 1 nearest, itself among them, in order.
        let mut nearest = vec![f32::INFINITY; range.len() * (k + 1)];
        self.distances(block, self, |row, _, distances| {
            let nearest = &mut nearest[(row - range.start) * (k + 1)..][..k + 1];
            for &distance in distances {
                if distance < nearest[k] {
                    let place = nearest.partition_point(|&other| other <= distance);
                    nearest.copy_within(place..k, place + 1);
                    nearest[place] = distance;
                }
            }
        });
        nearest.chunks_exact(k + 1).map(|nearest| nearest[k]).collect()
    }
}

fn rows_of(features: Features<'_>, block: usize) -> Range<usize> {
    block * BLOCK..features.count().min((block + 1) * BLOCK)
}

/// A block's rows in f64, with zeros after the last.
fn fill(features: Features<'_>, block: usize, out: &mut Vec<f64>) {
    let (d, rows) = (features.dimensions(), rows_of(features, block));
    out.clear();
    out.extend(features.values()[rows.start * d..rows.end * d].iter().map(|&value| f64::from(value)));
    out.resize(BLOCK * d, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;

    #[test]
    fn distances_and_neighbours_are_those_of_the_definition() {
        let (n, m, d) = (300, 270, 11);
        let (x, y) = (rows(1, n, d, 1.0), rows(2, m, d, 2.0));
        let [a, b] = [&x, &y].map(|values| Points::new(Features::new(values, d).unwrap()));
        let exact = |x: &[f32], y: &[f32]| {
            x.iter().zip(y).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>().sqrt()
        };
        let mut seen = 0;
        for block in 0..a.blocks() {
            a.distances(block, &b, |row, first, distances| {
                for (place, &distance) in distances.iter().enumerate() {
                    let expected = exact(&x[row * d..][..d], &y[(first + place) * d..][..d]);
                    assert!((f64::from(distance) / expected - 1.0).abs() < 2e-7);
                    seen += 1;
                }
            });
        }
        assert_eq!(seen, n * m);
        let radii: Vec<f32> = (0..a.blocks()).flat_map(|block| a.radii(block, 4)).collect();
        for (row, radius) in x.chunks_exact(d).zip(radii) {
            let mut all: Vec<f64> = x.chunks_exact(d).map(|other| exact(row, other)).collect();
            all.sort_by(f64::total_cmp);
            assert!((f64::from(radius) / all[4] - 1.0).abs() < 2e-7);
        }
    }

    /// Far from the origin too, where squared lengths are a million times the squared distances.
    #[test]
    fn copies_are_at_distance_zero() {
        let (n, d) = (260, 33);
        let mut x = rows(5, n, d, 1.0);
        x.iter_mut().for_each(|value| *value += 1000.0);
        let reversed: Vec<f32> = x.chunks_exact(d).rev().flatten().copied().collect();
        let [a, b] = [&x, &reversed].map(|values| Points::new(Features::new(values, d).unwrap()));
        for block in 0..a.blocks() {
            a.distances(block, &b, |row, first, distances| {
                for (place, &distance) in distances.iter().enumerate() {
                    assert_eq!(distance == 0.0, first + place == n - 1 - row);
                }
            });
        }
    }
}

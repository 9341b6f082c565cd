//! Some columns of a stream of rows, centred block by block.

use std::ops::Range;

/// Some neighbouring columns: their mean so far, and the rows of one block about it.
///
/// The first row of all is subtracted from every one, which in f64 is exact for numbers of f32 that are not 2²⁹ times one
/// another: means are then of the size of the deviations. A block is centred on its own mean, and joined to the blocks before
/// it by the update of Chan, Golub & LeVeque 1983, so that nothing is ever subtracted from a sum of squares.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    columns: Range<usize>,
    /// The first row of the stream, once there is one.
    origin: Vec<f64>,
    /// The mean, from the origin.
    mean: Vec<f64>,
    /// `[n_b + 1, columns]`
    centred: Vec<f64>,
}

impl Panel {
    pub(crate) fn new(columns: Range<usize>) -> Self {
        Self { origin: Vec::new(), mean: vec![0.0; columns.len()], centred: Vec::new(), columns }
    }

    pub(crate) fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// The mean of all rows taken.
    pub(crate) fn mean(&self) -> impl Iterator<Item = f64> {
        self.mean.iter().zip(&self.origin).map(|(mean, origin)| origin + mean)
    }

    /// What the last block adds to Σ (x − μ)(x − μ)ᵀ is the sum of the products of these rows, `[n_b + 1, columns]`.
    pub(crate) fn centred(&self) -> &[f64] {
        &self.centred
    }

    /// Takes a block of `rows`, `[n_b, d]`, after `before` others; m is its mean and μ theirs, n their number:
    ///
    /// M += Σ (x − m)(x − m)ᵀ + n n_b/(n + n_b) (m − μ)(m − μ)ᵀ,   μ += n_b/(n + n_b) (m − μ)
    ///
    /// The second term is one row more.
    pub(crate) fn take(&mut self, rows: &[f32], d: usize, before: u64) {
        let width = self.columns.len();
        if before == 0 {
            self.origin = rows[self.columns.clone()].iter().map(|&value| f64::from(value)).collect();
        }
        self.centred.clear();
        let mut block_mean = vec![0.0; width];
        for row in rows.chunks_exact(d) {
            let values = row[self.columns.clone()].iter().zip(&self.origin);
            self.centred.extend(values.map(|(&value, origin)| f64::from(value) - origin));
            let last = &self.centred[self.centred.len() - width..];
            block_mean.iter_mut().zip(last).for_each(|(sum, value)| *sum += value);
        }
        let (before, added) = (before as f64, (rows.len() / d) as f64);
        let together = before + added;
        block_mean.iter_mut().for_each(|sum| *sum /= added);
        for row in self.centred.chunks_exact_mut(width) {
            row.iter_mut().zip(&block_mean).for_each(|(value, mean)| *value -= mean);
        }
        let weight = (before * added / together).sqrt();
        for (mean, block) in self.mean.iter_mut().zip(&block_mean) {
            let step = block - *mean;
            self.centred.push(weight * step);
            *mean += added / together * step;
        }
    }
}

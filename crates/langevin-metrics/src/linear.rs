//! The linear algebra that the metrics need, by faer, on one thread a call.
//!
//! Work is shared out by the callers in pieces whose sizes follow from the data's, so that no sum depends on the threads.

use crate::error::MetricsError;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};

/// `out` = a bᵀ: the scalar product of every row of `a` with every row of `b`.
///
/// # Shapes
/// `a`: `[m, depth]`, `b`: `[n, depth]`, `out`: `[m, n]`, all row after row.
pub(crate) fn row_products(a: &[f64], b: &[f64], depth: usize, out: &mut [f64]) {
    let (m, n) = (a.len() / depth, b.len() / depth);
    let a = MatRef::from_row_major_slice(a, m, depth);
    let b = MatRef::from_row_major_slice(b, n, depth);
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    matmul(out, Accum::Replace, a, b.transpose(), 1.0, Par::Seq);
}

/// `out` += aᵀ b: the products of every column of `a` with every column of `b`, summed over the rows.
///
/// # Shapes
/// `a`: `[rows, m]`, `b`: `[rows, n]`, `out`: `[m, n]`.
pub(crate) fn add_column_products(a: &[f64], m: usize, b: &[f64], n: usize, out: &mut [f64]) {
    let a = MatRef::from_row_major_slice(a, a.len() / m, m);
    let b = MatRef::from_row_major_slice(b, b.len() / n, n);
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    matmul(out, Accum::Add, a.transpose(), b, 1.0, Par::Seq);
}

/// The eigenvalues of a symmetric matrix, the largest first, each with its eigenvector of length 1 as a row.
pub(crate) struct Eigen {
    /// `[d]`
    pub values: Vec<f64>,
    /// `[d, d]`
    pub vectors: Vec<f64>,
}

/// Decomposes a symmetric matrix, `[d, d]`.
///
/// # Errors
/// If the iteration does not converge.
pub(crate) fn eigen(matrix: &[f64], d: usize) -> Result<Eigen, MetricsError> {
    let failed = |_| MetricsError::NoConvergence { what: "eigendecomposition", size: d };
    let matrix = MatRef::from_row_major_slice(matrix, d, d);
    let found = matrix.self_adjoint_eigen(Side::Lower).map_err(failed)?;
    // faer sorts upward.
    let values = (0..d).rev().map(|k| found.S().column_vector()[k]).collect();
    let mut vectors = vec![0.0; d * d];
    for (k, row) in vectors.chunks_exact_mut(d).enumerate() {
        for (value, entry) in row.iter_mut().zip(found.U().col(d - 1 - k).iter()) {
            *value = *entry;
        }
    }
    Ok(Eigen { values, vectors })
}

/// The sum of the singular values of a bᵀ    (the nuclear norm)
///
/// # Shapes
/// `a`: `[m, depth]`, `b`: `[n, depth]`; m and n may be 0.
///
/// # Errors
/// If the iteration does not converge.
pub(crate) fn nuclear_norm_of_products(a: &[f64], b: &[f64], depth: usize) -> Result<f64, MetricsError> {
    let (m, n) = (a.len() / depth, b.len() / depth);
    let a = MatRef::from_row_major_slice(a, m, depth);
    let b = MatRef::from_row_major_slice(b, n, depth);
    let mut product = Mat::zeros(m, n);
    matmul(product.as_mut(), Accum::Replace, a, b.transpose(), 1.0, Par::Seq);
    let failed = |_| MetricsError::NoConvergence { what: "singular value decomposition", size: m };
    Ok(product.singular_values().map_err(failed)?.into_iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use langevin_math::rng::{Purpose, Stream};

    pub(crate) fn normal(seed: u64, count: usize) -> Vec<f64> {
        let mut drawn = vec![0.0; count];
        Stream::new(seed, Purpose::Data, 0).normal(0, &mut drawn);
        drawn.into_iter().map(f64::from).collect()
    }

    /// What distances of copies, and ties, rely on: a product is the same bits wherever its rows stand.
    #[test]
    fn products_do_not_depend_on_the_place() {
        const ROWS: usize = 128;
        for depth in [1, 3, 9, 64, 777, 2048] {
            let a = normal(depth as u64, ROWS * depth);
            // Row i of b is row 37 i + 5 of a.
            let place = |i: usize| (37 * i + 5) % ROWS;
            let b: Vec<f64> = (0..ROWS).flat_map(|i| a[place(i) * depth..][..depth].to_vec()).collect();
            let [mut own, mut moved] = [(); 2].map(|()| vec![0.0; ROWS * ROWS]);
            row_products(&a, &a, depth, &mut own);
            row_products(&b, &a, depth, &mut moved);
            for i in 0..ROWS {
                for j in 0..ROWS {
                    assert_eq!(own[i * ROWS + j].to_bits(), own[j * ROWS + i].to_bits());
                    assert_eq!(own[place(i) * ROWS + j].to_bits(), moved[i * ROWS + j].to_bits());
                }
            }
        }
    }

    #[test]
    fn eigenvectors_make_the_matrix_again() {
        let d = 23;
        let rows = normal(3, 40 * d);
        let mut matrix = vec![0.0; d * d];
        add_column_products(&rows, d, &rows, d, &mut matrix);
        let found = eigen(&matrix, d).unwrap();
        assert!(found.values.is_sorted_by(|a, b| a >= b));
        for i in 0..d {
            for j in 0..d {
                let entry: f64 = (0..d)
                    .map(|k| found.values[k] * found.vectors[k * d + i] * found.vectors[k * d + j])
                    .sum();
                assert!((entry - matrix[i * d + j]).abs() < 1e-12 * found.values[0]);
            }
        }
    }

    /// diag(3, −4) has the singular values 3 and 4; of nothing there are none.
    #[test]
    fn the_nuclear_norm_sums_singular_values() {
        let norm = nuclear_norm_of_products(&[3.0, 0.0, 0.0, -4.0], &[1.0, 0.0, 0.0, 1.0], 2).unwrap();
        assert!((norm - 7.0).abs() < 1e-14);
        assert_eq!(nuclear_norm_of_products(&[], &[1.0, 0.0], 2).unwrap(), 0.0);
    }
}

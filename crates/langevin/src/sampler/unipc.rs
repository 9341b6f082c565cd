//! UniPC: a predictor and a corrector of one form, at one evaluation a step.

use super::history::History;
use super::solver::{Solver, Step};
use burn::tensor::Tensor;
use langevin_math::NoiseLevel;

/// B(h) of Zhao et al. 2023: which of the equivalent forms of the method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// B_1(h) = h.
    Bh1,
    /// B_2(h) = e^h − 1.
    #[default]
    Bh2,
}

/// UniP and UniC for the prediction of x̂_0 (Zhao et al. 2023, Algorithms 1 and 2).
///
/// A step first corrects the x that the step before predicted, by the x̂_0 that the network gives for it, and then predicts
/// from the corrected x.
#[derive(Clone, Debug)]
pub struct UniPc {
    /// 1, 2 or 3.
    pub order: usize,
    /// The form.
    pub basis: Basis,
    /// Whether the last steps have lower orders.
    pub lower_at_end: bool,
    x0s: History,
    last: Option<Last>,
}

/// What the corrector needs of the step before.
#[derive(Clone, Debug)]
struct Last {
    x: Tensor<4>,
    from: NoiseLevel,
    order: usize,
}

impl UniPc {
    /// The method of `order`, 1 to 3.
    pub fn new(order: usize, basis: Basis) -> Self {
        let order = order.clamp(1, 3);
        Self { order, basis, lower_at_end: true, x0s: History::default(), last: None }
    }

    /// x moved from one level to another by the remembered x̂_0, of which the newest belongs to `from`; with `arrived`, the x̂_0
    /// at the end of the step, as the corrector.
    fn moved(&self, last: &Last, to: NoiseLevel, arrived: Option<Tensor<4>>) -> Tensor<4> {
        let (from, order) = (last.from, last.order);
        let h = to.lambda() - from.lambda();
        let base = -(-h).exp_m1();
        let scale = match self.basis {
            Basis::Bh1 => h,
            Basis::Bh2 => base,
        };
        let mut ratios: Vec<f64> =
            (1..order).map(|index| (self.x0s.level(index).lambda() - from.lambda()) / h).collect();
        if arrived.is_some() {
            ratios.push(1.0);
        }
        let weights = weights(&ratios, h, scale);
        // Σ_k w_k (x̂_0,k − x̂_0)/r_k
        let mut newest = base;
        let mut coefficients = vec![0.0];
        for (weight, ratio) in weights.iter().zip(&ratios) {
            let of = scale * weight / ratio;
            newest -= of;
            coefficients.push(of);
        }
        coefficients[0] = newest;
        let alpha = to.alpha();
        let of_arrived =
            if arrived.is_some() { coefficients.pop().expect("it was pushed last") } else { 0.0 };
        coefficients.iter_mut().for_each(|of| *of *= alpha);
        let x = last.x.clone().mul_scalar(to.sigma() / from.sigma()) + self.x0s.combine(&coefficients);
        match arrived {
            Some(x0) => x + x0.mul_scalar(alpha * of_arrived),
            None => x,
        }
    }
}

/// The weights a of Zhao et al. 2023, Theorem 3.1: Σ_k a_k r_k^{n−1} = n! h^n φ_{n+1}(h)/(h^{n−1}·B(h)) for n = 1, …, written for the
/// prediction of x̂_0, where h enters with its sign turned.
fn weights(ratios: &[f64], h: f64, scale: f64) -> Vec<f64> {
    // One weight is 1/2 whatever B: exact to the order asked for, and simpler (as in the paper's code).
    if ratios.len() == 1 {
        return vec![0.5];
    }
    let (mut phi, mut factorial) = ((-h).exp_m1() / -h - 1.0, 1.0);
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for n in 1..=ratios.len() {
        let mut row: Vec<f64> = ratios.iter().map(|ratio| ratio.powi(n as i32 - 1)).collect();
        row.push(phi * factorial / -scale);
        rows.push(row);
        factorial *= (n + 1) as f64;
        phi = phi / -h - 1.0 / factorial;
    }
    solve(rows)
}

/// Solves a small linear system, each row with its right-hand side last, by Gauss's elimination with pivots.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, pivot.expect("there are rows left"));
        let pivot = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != column) {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
    (0..n).map(|row| rows[row][n] / rows[row][row]).collect()
}

impl Solver for UniPc {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        let x = match &self.last {
            Some(last) => self.moved(last, from, Some(denoised.x0.clone())),
            None => step.x.clone(),
        };
        self.x0s.push(from, denoised.x0.clone(), self.order);
        if to.is_data() {
            return denoised.x0;
        }
        let most = if self.lower_at_end { step.left() } else { self.order };
        let last = Last { x, from, order: self.order.min(most).min(self.x0s.len()) };
        let predicted = self.moved(&last, to, None);
        self.last = Some(last);
        predicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_needs_its_pivots_is_solved() {
        let solution =
            solve(vec![vec![0.0, 2.0, 1.0, 7.0], vec![1.0, 0.0, 0.0, 1.0], vec![2.0, 1.0, 3.0, 13.0]]);
        for (got, expected) in solution.into_iter().zip([1.0, 2.0, 3.0]) {
            assert!((got - expected).abs() < 1e-12);
        }
    }
}

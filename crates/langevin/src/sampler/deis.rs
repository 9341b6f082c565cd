//! DEIS: exponential integration with ε̂ as a polynomial.

use super::history::History;
use super::solver::{Solver, Step, mix};
use burn::tensor::Tensor;

/// ρAB-DEIS with polynomials in ln ρ (Zhang & Chen 2023, section 3 and appendix B): d(x/α)/dρ = ε̂, with ε̂ of the last steps
/// as a polynomial in ln ρ, integrated exactly.
#[derive(Clone, Debug)]
pub struct Deis {
    /// 1, 2 or 3: one more than the polynomial's degree.
    pub order: usize,
    /// Whether a run of fewer than 15 steps ends with lower orders, which is more stable.
    pub lower_at_end: bool,
    slopes: History,
}

impl Deis {
    /// The method of `order`, 1 to 3.
    pub fn new(order: usize) -> Self {
        Self { order: order.clamp(1, 3), lower_at_end: true, slopes: History::default() }
    }
}

impl Solver for Deis {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        // ln ρ is infinite at the data: the last step is of first order.
        if to.is_data() {
            return denoised.x0;
        }
        self.slopes.push(from, denoised.eps, self.order);
        let order = self.slopes.order(step, self.order, self.lower_at_end);
        let nodes: Vec<f64> =
            (0..order).map(|index| (self.slopes.level(index).rho() / from.rho()).ln()).collect();
        let end = (to.rho() / from.rho()).ln();
        let coefficients: Vec<f64> =
            (0..order).map(|node| to.alpha() * from.rho() * integral(&nodes, node, end)).collect();
        mix(to.alpha() / from.alpha(), step.x.clone(), 1.0, self.slopes.combine(&coefficients))
    }
}

/// ∫ ℓ(u) e^u du from 0 to `end`, where ℓ is the Lagrange polynomial that is 1 at `nodes[node]` and 0 at the others: with
/// u = ln(ρ/ρ_from), the share of a step's ε̂ in the integral over ρ.
fn integral(nodes: &[f64], node: usize, end: f64) -> f64 {
    // ℓ by its coefficients, the constant first.
    let mut polynomial = vec![1.0];
    for (_, other) in nodes.iter().enumerate().filter(|&(index, _)| index != node) {
        let scale = 1.0 / (nodes[node] - other);
        let mut product = vec![0.0; polynomial.len() + 1];
        for (power, coefficient) in polynomial.iter().enumerate() {
            product[power] -= coefficient * other * scale;
            product[power + 1] += coefficient * scale;
        }
        polynomial = product;
    }
    // ∫ u^k e^u = end^k e^end − k ∫ u^{k−1} e^u.
    let mut moment = end.exp_m1();
    let mut sum = polynomial[0] * moment;
    for (power, coefficient) in polynomial.iter().enumerate().skip(1) {
        moment = end.powi(power as i32) * end.exp() - power as f64 * moment;
        sum += coefficient * moment;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of a polynomial's values give its integral, by Simpson's rule of many points.
    #[test]
    fn polynomials_are_integrated_exactly() {
        let (nodes, end) = ([0.0, 0.7, 1.5], -0.9);
        let f = |u: f64| 2.0 - u + 0.5 * u * u;
        let ours: f64 = nodes.iter().enumerate().map(|(node, &u)| f(u) * integral(&nodes, node, end)).sum();
        let n = 2000;
        let g = |i: usize| {
            let u = end * i as f64 / n as f64;
            f(u) * u.exp()
        };
        let simpson = (0..=n).map(|i| g(i) * [2.0, 4.0][i % 2]).sum::<f64>() - g(0) - g(n);
        assert!((ours - simpson * end / (3 * n) as f64).abs() < 1e-11);
    }
}

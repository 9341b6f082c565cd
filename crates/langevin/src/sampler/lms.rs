//! The linear multistep method.

use super::history::History;
use super::solver::{Solver, Step, mix};
use burn::tensor::Tensor;

/// Adams and Bashforth's method on d(x/α)/dρ = ε̂ with uneven steps: ε̂ of the last steps as a polynomial in ρ, integrated
/// exactly    (k-diffusion, `sample_lms`)
#[derive(Clone, Debug)]
pub struct Lms {
    order: usize,
    slopes: History,
}

impl Lms {
    /// The highest order.
    pub const MAX_ORDER: usize = 4;

    /// The method of `order`, 1 to 4; the first steps have lower ones.
    pub fn new(order: usize) -> Self {
        Self { order: order.clamp(1, Self::MAX_ORDER), slopes: History::default() }
    }
}

impl Solver for Lms {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        self.slopes.push(from, denoised.eps, self.order);
        let nodes: Vec<f64> = (0..self.slopes.len()).map(|index| self.slopes.level(index).rho()).collect();
        let coefficients: Vec<f64> =
            (0..nodes.len()).map(|node| integral(&nodes, node, from.rho(), to.rho())).collect();
        mix(to.alpha() / from.alpha(), step.x.clone(), to.alpha(), self.slopes.combine(&coefficients))
    }
}

/// ∫ ℓ(ρ) dρ from `a` to `b`, where ℓ is the Lagrange polynomial that is 1 at `nodes[node]` and 0 at the others.
///
/// By Gauss and Legendre's rule of two points, which is exact up to the third degree: up to four nodes.
fn integral(nodes: &[f64], node: usize, a: f64, b: f64) -> f64 {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    let polynomial = |rho: f64| -> f64 {
        let others = nodes.iter().enumerate().filter(|&(index, _)| index != node);
        others.map(|(_, other)| (rho - other) / (nodes[node] - other)).product()
    };
    let offset = half / 3f64.sqrt();
    half * (polynomial(middle - offset) + polynomial(middle + offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 55, −59, 37, −9 over 24: Adams and Bashforth's fourth order on even steps.
    #[test]
    fn even_steps_have_the_textbook_coefficients() {
        let nodes = [0.0, -1.0, -2.0, -3.0];
        for (node, expected) in [55.0, -59.0, 37.0, -9.0].into_iter().enumerate() {
            assert!((integral(&nodes, node, 0.0, 1.0) - expected / 24.0).abs() < 1e-14);
        }
    }
}

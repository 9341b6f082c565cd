//! DPM-Solver++ as a multistep method, for the ODE and for the SDE.

use super::history::History;
use super::solver::{Solver, Step};
use burn::tensor::Tensor;

/// How a second-order step uses the change of x̂_0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Correction {
    /// By the value in the middle of the step.
    #[default]
    Midpoint,
    /// By integrating the linear polynomial.
    Heun,
}

/// x̂_0 of the last steps as a polynomial in λ, its integral exact (Lu et al. 2022, DPM-Solver++, Algorithm 2):
///
/// x_to = σ_to/σ_from e^{−ηh} x + α_to ((1 − e^{−H}) D_0 + φ_2 D_1 − φ_3 D_2) + σ_to √(1 − e^{−2ηh}) z
///
/// with h = λ_to − λ_from, H = (1 + η) h, φ_2 = 1 − (1 − e^{−H})/H, φ_3 = φ_2/H − 1/2, and D_k = h^k times the polynomial's
/// k-th derivative at λ_from. η = 0 solves the ODE, η = 1 the SDE of the same marginals.
#[derive(Clone, Debug)]
pub struct DpmMultistep {
    /// 1, 2 or 3.
    pub order: usize,
    /// η.
    pub eta: f64,
    /// The form of second-order steps.
    pub correction: Correction,
    /// Whether a run of fewer than 15 steps ends with lower orders, which is more stable.
    pub lower_at_end: bool,
    /// Whether the last step is of first order, however many there are.
    pub euler_at_end: bool,
    /// D_2's factor: 2 makes it the second derivative. The reference code has 1, by which its third order is a second.
    pub curvature: f64,
    x0s: History,
}

impl DpmMultistep {
    /// The method of `order`, 1 to 3.
    pub fn new(order: usize, eta: f64) -> Self {
        Self {
            order: order.clamp(1, 3),
            eta,
            correction: Correction::Midpoint,
            lower_at_end: true,
            euler_at_end: false,
            curvature: 2.0,
            x0s: History::default(),
        }
    }

    /// Coefficients of the remembered x̂_0, the newest first, without α_to.
    fn coefficients(&self, order: usize, h: f64) -> Vec<f64> {
        let big_h = (1.0 + self.eta) * h;
        let first = -(-big_h).exp_m1();
        let phi2 = 1.0 - first / big_h;
        let ratio = |index: usize| (self.x0s.level(index).lambda() - self.x0s.level(index + 1).lambda()) / h;
        match order {
            1 => vec![first],
            2 => {
                let of_change = match self.correction {
                    Correction::Midpoint => 0.5 * first,
                    Correction::Heun => phi2,
                } / ratio(0);
                vec![first + of_change, -of_change]
            }
            _ => {
                let phi3 = phi2 / big_h - 0.5;
                let (r0, r1) = (ratio(0), ratio(1));
                // D_1 = a + r0/(r0 + r1) (a − b), D_2 = 2 (a − b)/(r0 + r1), with the slopes a and b of the last two intervals.
                let of_a = phi2 * (1.0 + r0 / (r0 + r1)) - self.curvature * phi3 / (r0 + r1);
                let of_b = -phi2 * r0 / (r0 + r1) + self.curvature * phi3 / (r0 + r1);
                vec![first + of_a / r0, -of_a / r0 + of_b / r1, -of_b / r1]
            }
        }
    }
}

impl Solver for DpmMultistep {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        if to.is_data() {
            return denoised.x0;
        }
        self.x0s.push(from, denoised.x0, self.order);
        let h = step.levels.lambda_step();
        let (sigma, alpha) = (to.sigma(), to.alpha());
        let euler = self.euler_at_end && step.left() == 1;
        let order = if euler { 1 } else { self.x0s.order(step, self.order, self.lower_at_end) };
        let coefficients = self.coefficients(order, h).iter().map(|of| of * alpha).collect::<Vec<_>>();
        let kept = sigma / from.sigma() * (-self.eta * h).exp();
        let x = step.x.clone().mul_scalar(kept) + self.x0s.combine(&coefficients);
        if self.eta == 0.0 {
            return x;
        }
        x + step.noise().mul_scalar(sigma * (-(-2.0 * self.eta * h).exp_m1()).sqrt())
    }
}

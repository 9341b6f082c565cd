//! DPM-Solver++ as a single-step method: steps in blocks, each begun anew from its first x.

use super::history::History;
use super::solver::{Solver, Step};
use burn::tensor::Tensor;

/// DPM-Solver++(2S) and (3S) (Lu et al. 2022, DPM-Solver++, Algorithm 1; Lu et al. 2022, DPM-Solver, appendix D): a block of
/// `order` steps visits as many levels of the grid. Each of its steps goes from the block's first x, and uses every x̂_0 seen
/// since, so that a run takes one evaluation a step.
#[derive(Clone, Debug)]
pub struct DpmSinglestep {
    order: usize,
    /// Whether third-order steps use two of the three x̂_0 alone, which is of third order on even steps of λ.
    two_of_three: bool,
    /// Whether the second-order step is by the middle's value; else by the linear polynomial's integral.
    midpoint: bool,
    /// Whether the last step begins a block where it would end one.
    lower_at_end: bool,
    x0s: History,
    start: Option<Tensor<4>>,
    block: usize,
}

impl DpmSinglestep {
    /// The method of `order`, 1 to 3.
    pub fn new(order: usize) -> Self {
        let order = order.clamp(1, 3);
        Self {
            order,
            two_of_three: false,
            midpoint: true,
            lower_at_end: true,
            x0s: History::default(),
            start: None,
            block: 0,
        }
    }

    /// The form of the steps, by midpoints or by the Taylor expansion, and whether the last is lowered.
    pub fn with_form(self, midpoint: bool, lower_at_end: bool) -> Self {
        Self { midpoint, two_of_three: midpoint, lower_at_end, ..self }
    }

    /// The place of step `index` of `steps` in its block, from 1: 1, 2, (3,) 1, 2, …; the last step begins a block, where it
    /// would end one.
    fn place(&self, index: usize, steps: usize) -> usize {
        let lowered = self.lower_at_end && index + 1 == steps && steps.is_multiple_of(self.order);
        if lowered { 1 } else { index % self.order + 1 }
    }

    /// Coefficients of the x̂_0 since the block's start, the newest first, without α_to; h from the block's start.
    fn coefficients(&self, h: f64) -> Vec<f64> {
        let start = self.x0s.level(self.block - 1).lambda();
        let part = |index: usize| (self.x0s.level(index).lambda() - start) / h;
        let first = -(-h).exp_m1();
        let phi2 = 1.0 - first / h;
        match self.block {
            1 => vec![first],
            2 => {
                let of_change = if self.midpoint { 0.5 * first } else { phi2 } / part(0);
                vec![of_change, first - of_change]
            }
            _ if self.two_of_three => {
                let of_change = phi2 / part(0);
                vec![of_change, 0.0, first - of_change]
            }
            _ => {
                let phi3 = phi2 / h - 0.5;
                let (r0, r1) = (part(0), part(1));
                // D_1 = (r0 a − r1 b)/(r0 − r1), D_2 = 2 (b − a)/(r0 − r1), with a the slope to the middle x̂_0 and b to the newest.
                let of_a = (phi2 * r0 + 2.0 * phi3) / (r0 - r1) / r1;
                let of_b = (-phi2 * r1 - 2.0 * phi3) / (r0 - r1) / r0;
                vec![of_b, of_a, first - of_a - of_b]
            }
        }
    }
}

impl Solver for DpmSinglestep {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let denoised = step.denoise();
        let (from, to) = (step.levels.from, step.levels.to);
        if to.is_data() {
            return denoised.x0;
        }
        self.block = self.place(step.index, step.of);
        self.x0s.push(from, denoised.x0, self.order);
        if self.block == 1 {
            self.start = Some(step.x.clone());
        }
        let first = self.x0s.level(self.block - 1);
        let alpha = to.alpha();
        let h = to.lambda() - first.lambda();
        let coefficients = self.coefficients(h).iter().map(|of| of * alpha).collect::<Vec<_>>();
        let start = self.start.clone().expect("a block begins with its first step");
        start.mul_scalar(to.sigma() / first.sigma()) + self.x0s.combine(&coefficients)
    }
}

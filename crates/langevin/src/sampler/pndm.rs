//! PNDM: pseudo numerical methods on manifolds, with their Runge–Kutta start or without it (PLMS).

use super::history::History;
use super::solver::{Solver, Step, drift};
use burn::tensor::Tensor;
use langevin_math::NoiseLevel;

/// Adams and Bashforth's fourth order for ε̂, with DDIM's step in place of a straight line (Liu et al. 2022, Eqs. 11–13).
///
/// Its coefficients are those of even steps in t, whatever the grid.
#[derive(Clone, Debug)]
pub struct Pndm {
    start: Start,
    /// ⌊T/S⌋ where the halves of the first steps are taken by whole timesteps, as some programs do.
    stride: Option<f64>,
    /// Whether outputs are combined before they become ε̂, as some programs do.
    raw: bool,
    slopes: History,
}

/// How the first steps, which lack predecessors, are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Three steps of four evaluations, by Runge and Kutta's fourth order: PNDM.
    RungeKutta,
    /// One step of two evaluations, by Heun's second order, then lower orders: PLMS.
    Heun,
}

/// Steps that the Runge–Kutta start takes.
const RUNGE_KUTTA_STEPS: usize = 3;

impl Pndm {
    /// The method of the paper, with either start.
    pub fn new(start: Start) -> Self {
        Self { start, stride: None, raw: false, slopes: History::default() }
    }

    /// As diffusers' `PNDMScheduler` computes it: the first steps' halves are ⌊stride/2⌋ timesteps, and what is combined
    /// is the network's output, not ε̂.
    pub fn by_whole_timesteps(start: Start, stride: f64) -> Self {
        Self { start, stride: Some(stride), raw: true, slopes: History::default() }
    }

    /// What is combined of an evaluation.
    fn evaluate(&self, step: &mut Step, x: Tensor<4>, level: NoiseLevel) -> Tensor<4> {
        let denoised = step.denoise_at(x, level);
        if self.raw { denoised.output } else { denoised.eps }
    }

    /// This step's x, moved along a slope.
    fn moved(&self, step: &Step, slope: Tensor<4>, from: NoiseLevel, to: NoiseLevel) -> Tensor<4> {
        let slope = if self.raw { step.eps_of_output(slope, from) } else { slope };
        drift(step.x.clone(), slope, from, to)
    }

    /// The levels in the middle of a step: where its first half ends, and where the network looks there.
    fn middle(&self, step: &Step, from: NoiseLevel, to: NoiseLevel) -> (NoiseLevel, NoiseLevel) {
        let table = &step.process().table;
        match self.stride {
            None => {
                let middle = table.level_at(0.5 * (from.t + to.t));
                (middle, middle)
            }
            Some(stride) => {
                let half = (stride / 2.0).floor();
                (table.level_at(from.t - half), table.level_at(to.t + half))
            }
        }
    }

    fn runge_kutta(&mut self, step: &mut Step) -> Tensor<4> {
        let (from, to) = (step.levels.from, step.levels.to);
        let (reached, middle) = self.middle(step, from, to);
        let first = self.evaluate(step, step.x.clone(), from);
        let x = self.moved(step, first.clone(), from, reached);
        let second = self.evaluate(step, x, middle);
        let x = self.moved(step, second.clone(), from, middle);
        let third = self.evaluate(step, x, middle);
        let x = self.moved(step, third.clone(), from, to);
        let fourth = self.evaluate(step, x, to);
        self.slopes.push(from, first.clone(), 4);
        let slope = (first + fourth).mul_scalar(1.0 / 6.0) + (second + third).mul_scalar(1.0 / 3.0);
        self.moved(step, slope, from, to)
    }

    fn heun(&mut self, step: &mut Step) -> Tensor<4> {
        let (from, to) = (step.levels.from, step.levels.to);
        let first = self.evaluate(step, step.x.clone(), from);
        self.slopes.push(from, first.clone(), 4);
        let (reached, start) = match self.stride {
            None => (to, from),
            // The first half goes by the stride, and the correction leads back to the timestep that is visited next.
            Some(stride) => {
                let table = &step.process().table;
                (table.level_at(from.t - stride), table.level_at(to.t + stride))
            }
        };
        let guess = self.moved(step, first.clone(), from, reached);
        let second = self.evaluate(step, guess, to);
        self.moved(step, (first + second).mul_scalar(0.5), start, to)
    }
}

impl Solver for Pndm {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let (from, to) = (step.levels.from, step.levels.to);
        match self.start {
            Start::RungeKutta if step.index < RUNGE_KUTTA_STEPS && !to.is_data() => {
                return self.runge_kutta(step);
            }
            Start::Heun if step.index == 0 && !to.is_data() => return self.heun(step),
            _ => {}
        }
        let slope = self.evaluate(step, step.x.clone(), from);
        self.slopes.push(from, slope, 4);
        let coefficients: &[f64] = match self.slopes.len() {
            1 => &[1.0],
            2 => &[3.0 / 2.0, -1.0 / 2.0],
            3 => &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
            _ => &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
        };
        self.moved(step, self.slopes.combine(coefficients), from, to)
    }
}

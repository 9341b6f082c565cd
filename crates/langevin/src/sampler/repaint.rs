//! RePaint: filling in a part of a picture with a model that was never trained for it.

use super::solver::{Step, mix};
use super::{Moment, Plan};
use crate::compute::PreparedWeights;
use crate::diffusion::Denoiser;
use burn::tensor::{Bool, Tensor};
use langevin_math::{NoiseLevel, Transition};
use std::ops::ControlFlow;

/// The way of RePaint between noise and data, counted in steps from the data: down from S to 0, and from 1, 1 + J, 1 + 2J, …
/// (below S − J + 1) each time R − 1 times J steps back up    (Lugmayr et al. 2022, appendix B; the schedule of their code)
///
/// ```
/// use langevin::sampler::Walk;
///
/// // 3 steps in jumps of 1, every one gone twice but the last: the paper's Algorithm 1 never goes back from the data.
/// let walk = Walk { steps: 3, jump: 1, resamples: 2 };
/// let places: Vec<usize> = walk.moves().map(|step| step.ends()).collect();
/// assert_eq!(places, [2, 3, 2, 1, 2, 1, 0]);
/// assert_eq!(walk.downwards(), Some(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// S, the steps of the grid, at least 1.
    pub steps: usize,
    /// J, the steps of a jump, at least 1.
    pub jump: usize,
    /// R, how often each stretch is gone down, at least 1; 1 never goes back.
    pub resamples: usize,
}

/// One step of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A solver's step, to so many steps from the data.
    Down(usize),
    /// A step of the forward process, to so many steps from the data.
    Up(usize),
}

impl Move {
    /// How many steps from the data it ends.
    pub fn ends(self) -> usize {
        let (Self::Down(place) | Self::Up(place)) = self;
        place
    }
}

impl Walk {
    /// S + (R − 1) J ⌊(S − 1)/J⌋, the solver's steps; `None` beyond all numbers.
    pub fn downwards(&self) -> Option<usize> {
        self.upwards()?.checked_add(self.steps)
    }

    /// (R − 1) J ⌊(S − 1)/J⌋, the steps back up; `None` beyond all numbers.
    pub fn upwards(&self) -> Option<usize> {
        let jumps = (self.steps - 1) / self.jump;
        (self.resamples - 1).checked_mul(self.jump * jumps)
    }

    /// Every step, in order.
    pub fn moves(self) -> impl Iterator<Item = Move> {
        let (mut place, mut rising) = (self.steps, 0);
        // How often it has still to go back from 1 + kJ.
        let mut again = vec![self.resamples - 1; (self.steps - 1) / self.jump];
        std::iter::from_fn(move || {
            if rising > 0 {
                (place, rising) = (place + 1, rising - 1);
                return Some(Move::Up(place));
            }
            place = place.checked_sub(1)?;
            let jump = place.checked_sub(1).filter(|above| above.is_multiple_of(self.jump));
            if let Some(left) =
                jump.and_then(|above| again.get_mut(above / self.jump)).filter(|left| **left > 0)
            {
                (*left, rising) = (*left - 1, self.jump);
            }
            Some(Move::Down(place))
        })
    }
}

/// Noise that a walk draws, with the number of such draws that may still follow it: the last has 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// z of the solver's step.
    Step(usize),
    /// The noise of the known part.
    Known(usize),
    /// The noise of a step back up.
    Up(usize),
}

/// A picture of which a part is known.
///
/// At each step down the known part is drawn anew, the unknown part is the solver's:
///
/// x_{t−1} = m ⊙ x^unknown_{t−1} + (1 − m) ⊙ x^known_{t−1},  x^known_{t−1} ~ N(√ᾱ_{t−1} x_0, (1 − ᾱ_{t−1}) I)
///
/// and each step back up is one of the forward process, x_t ~ N(√(1 − β) x_{t−1}, β I) (Lugmayr et al. 2022, Algorithm 1 and
/// Eq. 8; their m is 1 where the picture is known, and the line for x^known lacks the root that Eq. 8a implies).
pub struct Repaint {
    /// x_0 of every sample: `[batch, height, width, channels]`.
    pub known: Tensor<4>,
    /// Where it is to be filled in: of the same shape.
    pub mask: Tensor<4, Bool>,
    /// The way.
    pub walk: Walk,
}

impl Repaint {
    /// Takes x_T along the walk. What is known comes out bit for bit as it is.
    ///
    /// A solver begins anew after each jump. `observe` sees every moment after a step down, where [`Moment::left`] counts the
    /// steps down that are left of the whole walk; it may stop, and the result is then `None`.
    ///
    /// # Panics
    /// If the walk has another number of steps than the plan, or too many to count.
    pub fn run(
        &self,
        plan: &Plan,
        denoiser: &Denoiser,
        mut x: Tensor<4>,
        draw: &mut dyn FnMut(Draw) -> Tensor<4>,
        observe: &mut dyn FnMut(Moment) -> ControlFlow<()>,
    ) -> Option<Tensor<4>> {
        assert_eq!(self.walk.steps, plan.grid.len(), "the walk and the plan differ in steps");
        let _kept = PreparedWeights::keep();
        let countable = "a walk that is taken can be counted";
        let (mut downwards, mut upwards) =
            (self.walk.downwards().expect(countable), self.walk.upwards().expect(countable));
        let whole = plan.grid.len();
        // Where the solver began, in steps from the data.
        let (mut solver, mut begun) = (plan.solver(), whole);
        let mut evaluations = 0;
        for step in self.walk.moves() {
            // The step of the grid that leads from `place + 1` to `place`, either way.
            let place = match step {
                Move::Down(place) => place,
                Move::Up(place) => place - 1,
            };
            let levels = plan.grid.step(whole - 1 - place);
            if let Move::Up(above) = step {
                upwards -= 1;
                x = noisier(x, levels, draw(Draw::Up(upwards)));
                (solver, begun) = (plan.solver(), above);
                continue;
            }
            downwards -= 1;
            let mut noise = || draw(Draw::Step(downwards));
            let mut step = Step::new(x, levels, (begun - 1 - place, begun), denoiser, &mut noise);
            step.whole = whole;
            let unknown = solver.step(&mut step);
            evaluations += step.evaluations;
            let x0 = step.seen.take().unwrap_or_else(|| unknown.clone());
            x = self.join(unknown, levels.to, &mut || draw(Draw::Known(downwards)));
            let moment = Moment { left: downwards, t: levels.to.t + 1.0, evaluations, x: &x, x0: &x0 };
            if observe(moment).is_break() {
                return None;
            }
        }
        // Where the steps end above the data, noise is left, but none of what is known.
        Some(self.join(x, NoiseLevel::DATA, &mut || unreachable!("the data have no noise")))
    }

    /// x with the known part at a noise level.
    fn join(&self, unknown: Tensor<4>, level: NoiseLevel, z: &mut dyn FnMut() -> Tensor<4>) -> Tensor<4> {
        let known = self.known.clone();
        let known = if level.is_data() { known } else { mix(level.alpha(), known, level.sigma(), z()) };
        known.mask_where(self.mask.clone(), unknown)
    }
}

/// x_t = √(1 − β) x_{t−1} + √β z, the step of the forward process against a step down.
fn noisier(x: Tensor<4>, down: Transition, z: Tensor<4>) -> Tensor<4> {
    let beta = down.beta();
    mix((1.0 - beta).sqrt(), x, beta.sqrt(), z)
}

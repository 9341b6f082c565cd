//! What a solver is, and what it is given for a step.

use crate::diffusion::{Denoised, Denoiser, Process};
use burn::tensor::Tensor;
use langevin_math::{NoiseLevel, Transition};

/// A method that takes x from one noise level to the next. It may remember what it saw on earlier steps.
pub trait Solver {
    /// x at the end of the step.
    ///
    /// # Shapes
    /// `[batch, height, width, channels]`, as `step.x`.
    fn step(&mut self, step: &mut Step) -> Tensor<4>;
}

/// One step of a sampler.
pub struct Step<'a> {
    /// x at the beginning.
    pub x: Tensor<4>,
    /// Where the step begins and ends.
    pub levels: Transition,
    /// Its number, from 0.
    pub index: usize,
    /// How many steps there are.
    pub of: usize,
    /// Steps of the whole grid, over which churn is spread: more than `of` where a run begins anew on the way.
    pub whole: usize,
    denoiser: &'a Denoiser<'a>,
    draw: &'a mut dyn FnMut() -> Tensor<4>,
    /// x̂_0 of the first evaluation, for those who watch.
    pub(super) seen: Option<Tensor<4>>,
    pub(super) evaluations: usize,
}

impl<'a> Step<'a> {
    /// A step of x; `draw` gives z ~ N(0, I) of its shape, always the same within one step.
    pub fn new(
        x: Tensor<4>,
        levels: Transition,
        (index, of): (usize, usize),
        denoiser: &'a Denoiser<'a>,
        draw: &'a mut dyn FnMut() -> Tensor<4>,
    ) -> Self {
        Self { x, levels, index, of, whole: of, denoiser, draw, seen: None, evaluations: 0 }
    }

    /// What the network makes of this step's x.
    pub fn denoise(&mut self) -> Denoised {
        self.denoise_at(self.x.clone(), self.levels.from)
    }

    /// What the network makes of `x` at `level`.
    pub fn denoise_at(&mut self, x: Tensor<4>, level: NoiseLevel) -> Denoised {
        let denoised = self.denoiser.denoise(x, level);
        self.evaluations += 1;
        self.seen.get_or_insert_with(|| denoised.x0.clone());
        denoised
    }

    /// As [`Step::denoise`], with a classifier's pull apart, which is not yet in x̂_0 and ε̂.
    pub fn denoise_apart(&mut self) -> (Denoised, Option<Tensor<4>>) {
        let (denoised, gradient) = self.denoiser.denoise_apart(self.x.clone(), self.levels.from);
        self.evaluations += 1;
        self.seen.get_or_insert_with(|| denoised.x0.clone());
        (denoised, gradient)
    }

    /// ε̂ of a network's output for this step's x, whatever bound is put on x̂_0.
    pub fn eps_of_output(&self, output: Tensor<4>, level: NoiseLevel) -> Tensor<4> {
        self.denoiser.eps_of_output(output, self.x.clone(), level)
    }

    /// z ~ N(0, I) of x's shape: the step's only one.
    pub fn noise(&mut self) -> Tensor<4> {
        (self.draw)()
    }

    /// The process of the network.
    pub fn process(&self) -> &Process {
        self.denoiser.process()
    }

    /// Steps from this one to the end, itself included.
    pub fn left(&self) -> usize {
        self.of - self.index
    }
}

/// a x + b y.
pub(super) fn mix(a: f64, x: Tensor<4>, b: f64, y: Tensor<4>) -> Tensor<4> {
    x.mul_scalar(a) + y.mul_scalar(b)
}

/// x moved from one noise level to another along the slope ε̂ of the probability-flow ODE
/// d(x/α)/dρ = ε̂, held constant:
///
/// x_to = α_to/α_from x + α_to (ρ_to − ρ_from) ε̂
///
/// which is DDIM's step (Song et al. 2021, Eq. 13), and Euler's on the ODE in the form of Karras et al. 2022.
pub(super) fn drift(x: Tensor<4>, slope: Tensor<4>, from: NoiseLevel, to: NoiseLevel) -> Tensor<4> {
    mix(to.alpha() / from.alpha(), x, to.alpha() * (to.rho() - from.rho()), slope)
}

/// x with fresh noise, from a level to a noisier one: x_to = α_to (x/α_from + √(ρ_to² − ρ_from²) z).
pub(super) fn add_noise(
    x: Tensor<4>,
    z: Tensor<4>,
    from: NoiseLevel,
    to: NoiseLevel,
    scale: f64,
) -> Tensor<4> {
    let added = (to.rho().powi(2) - from.rho().powi(2)).max(0.0).sqrt();
    mix(to.alpha() / from.alpha(), x, to.alpha() * added * scale, z)
}

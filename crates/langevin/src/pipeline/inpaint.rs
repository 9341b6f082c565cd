//! Filling in a part of a picture.

use super::{SampleError, SampleOptions, Sampling};
use crate::sampler::{Draw, Moment, Noise, NoiseSource, Repaint, Walk};
use crate::tensor::{SampleShape, cpu, from_samples, to_vec};
use burn::tensor::{Bool, Tensor, TensorData};
use langevin_math::rng::Purpose;
use std::ops::ControlFlow;

/// The most steps of a walk: a lane of random numbers each.
const MOST_STEPS: usize = 1 << 24;

/// A picture with a part to be filled in, and how thoroughly    (RePaint, Lugmayr et al. 2022)
#[derive(Clone, Debug, PartialEq)]
pub struct Inpainting {
    /// The picture: `[height, width, channels]`, scaled to [−1, 1]. What it holds where it is filled in does not matter.
    pub known: Vec<f32>,
    /// One a pixel, `[height, width]`: where it is filled in. None or all of the pixels will do, too.
    pub mask: Vec<bool>,
    /// Steps that a jump goes back towards noise, at least 1.
    pub jump: usize,
    /// How often each stretch of `jump` steps is sampled, at least 1: again and again, so that what is filled in comes to fit
    /// what is known.
    pub resamples: usize,
}

impl Default for Inpainting {
    /// No picture, and what RePaint's authors take: jumps of 10 steps, 10 times.
    fn default() -> Self {
        Self { known: Vec::new(), mask: Vec::new(), jump: 10, resamples: 10 }
    }
}

impl Inpainting {
    /// A picture with a part to be filled in as RePaint's authors do.
    pub fn new(known: Vec<f32>, mask: Vec<bool>) -> Self {
        Self { known, mask, ..Self::default() }
    }

    /// The sampler's steps in all, on a grid of `grid_len` steps: S + (R − 1) J ⌊(S − 1)/J⌋. [`Moment::left`] counts down from it.
    ///
    /// A jump or resamples of 0, which [`Sampling::inpaint`] refuses, count as 1.
    pub fn steps(&self, grid_len: usize) -> usize {
        self.walk(grid_len).downwards().unwrap_or(usize::MAX)
    }

    fn walk(&self, grid_len: usize) -> Walk {
        Walk { steps: grid_len.max(1), jump: self.jump.max(1), resamples: self.resamples.max(1) }
    }

    /// The walk over a grid of `steps` steps, if all is as it should be.
    ///
    /// # Errors
    /// See [`Sampling::inpaint`].
    fn checked_walk(&self, shape: SampleShape, steps: usize) -> Result<Walk, SampleError> {
        let (jump, resamples) = (self.jump, self.resamples);
        if shape.height * shape.width == 1 {
            return Err(SampleError::Points);
        }
        if self.known.len() != shape.elements() {
            return Err(SampleError::Picture { got: self.known.len(), shape });
        }
        if self.mask.len() != shape.height * shape.width {
            return Err(SampleError::Mask { got: self.mask.len(), shape });
        }
        if let Some(index) = self.known.iter().position(|value| !value.is_finite()) {
            return Err(SampleError::NoNumber { index, value: self.known[index] });
        }
        if jump == 0 {
            return Err(SampleError::Jump { got: jump });
        }
        if resamples == 0 {
            return Err(SampleError::Resamples { got: resamples });
        }
        let walk = self.walk(steps);
        if walk.downwards().is_none_or(|all| all > MOST_STEPS) {
            return Err(SampleError::WalkTooLong { steps, jump, resamples, most: MOST_STEPS });
        }
        Ok(walk)
    }
}

impl Sampling<'_> {
    /// Fills in a part of a picture `options.count` times: `[count, height, width, channels]`, the known pixels bit for bit as
    /// they are, the others unclipped. `observe` sees every moment after a step of the sampler, with the number of the batch's
    /// first filling, and may stop: the result is then `None`. Of [`Inpainting::steps`] steps a batch, [`Moment::left`] are left.
    ///
    /// Filling k has its own noise by `options.noise`'s seed, whatever `options.batch` is. RePaint's own sampler is `ddpm`, in 250
    /// steps; any that goes from noise to data will do, and one with a memory begins anew after each jump.
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps, or the network does not know the class; if picture or mask do not fit
    /// the model, or the picture holds what is no number; if the model is one of points; if the sampler goes from data to
    /// noise; if `jump` or `resamples` is 0, or the steps are beyond 2²⁴; if noise is given rather than a seed.
    pub fn inpaint(
        &self,
        options: &SampleOptions,
        inpainting: &Inpainting,
        observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
    ) -> Result<Option<Vec<f32>>, SampleError> {
        self.check_direction(options)?;
        let (plan, denoiser) = (self.plan(options)?, self.denoiser(options)?);
        let walk = inpainting.checked_walk(self.shape, plan.grid.len())?;
        let Noise::Seed(seed) = options.noise else { return Err(SampleError::GivenNoise) };
        let (shape, device) = (self.shape, cpu());
        let mut filled = Vec::with_capacity(options.count * shape.elements());
        for first in (0..options.count).step_by(options.batch.max(1)) {
            let samples = options.batch.max(1).min(options.count - first);
            let noise = NoiseSource { noise: &options.noise, first, samples, shape };
            let mut draw = |draw| {
                let (purpose, left) = match draw {
                    Draw::Step(left) => (Purpose::SampleNoise, left),
                    Draw::Known(left) => (Purpose::InpaintKnown, left),
                    Draw::Up(left) => (Purpose::InpaintJump, left),
                };
                noise.draw(seed, purpose, left as u32, &device)
            };
            let denoiser = denoiser.from_sample(first);
            let repaint = repaint(inpainting, walk, shape, samples);
            let observe = &mut |moment: Moment<'_>| observe(first, moment);
            let Some(x) = repaint.run(&plan, &denoiser, noise.start(&device), &mut draw, observe) else {
                return Ok(None);
            };
            filled.extend(to_vec(x));
        }
        Ok(Some(filled))
    }

    /// Refuses samplers that go from data to noise.
    pub(super) fn check_direction(&self, options: &SampleOptions) -> Result<(), SampleError> {
        let sampler = options.sampler.name();
        if options.sampler.inverts() { Err(SampleError::Inverts { sampler }) } else { Ok(()) }
    }
}

/// Picture and mask for a batch.
fn repaint(inpainting: &Inpainting, walk: Walk, shape: SampleShape, samples: usize) -> Repaint {
    let device = cpu();
    let known = from_samples(inpainting.known.repeat(samples), shape, &device);
    let one = inpainting.mask.iter().flat_map(|&pixel| std::iter::repeat_n(pixel, shape.channels));
    let mask = one.collect::<Vec<bool>>().repeat(samples);
    let mask = Tensor::<4, Bool>::from_data(TensorData::new(mask, shape.batch(samples)), &device);
    Repaint { known, mask, walk }
}

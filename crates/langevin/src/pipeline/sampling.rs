//! Drawing samples from a network in its process.

use super::{SampleError, SampleOptions, SamplerChoice};
use crate::diffusion::{Bound, ClassifierGuide, Denoiser, Process};
use crate::models::Network;
use crate::sampler::{Generation, Knobs, Moment, Plan};
use crate::tensor::{SampleShape, cpu};
use std::ops::ControlFlow;

/// A network in the process that it was trained for, from which samples are drawn.
///
/// [`TrainedModel`](super::TrainedModel) draws with its own network. Another one in its place may do more than compute: put the
/// samples of several callers into one batch, or count evaluations.
#[derive(Clone, Copy)]
pub struct Sampling<'a> {
    /// The network.
    pub network: &'a dyn Network,
    /// What it was trained for.
    pub process: &'a Process,
    /// The shape of a sample.
    pub shape: SampleShape,
    /// What is done to x̂_0 on the way, if nothing else is asked for.
    pub bound: Bound,
    /// The classifier that guides the network, if one does.
    pub guide: Option<ClassifierGuide<'a>>,
}

impl<'a> Sampling<'a> {
    /// The steps that `options` ask for.
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps, or the scheduler's settings do not go with the model.
    pub fn plan(&self, options: &SampleOptions) -> Result<Plan, SampleError> {
        let table = &self.process.table;
        match &options.sampler {
            SamplerChoice::Own { sampler, knobs, levels } => {
                let own = sampler.steps.unwrap_or(table.len()).min(table.max_steps(*levels));
                let steps = options.steps.unwrap_or(own);
                let knobs = knobs.unwrap_or(Knobs::new(self.process.variance));
                Ok(Plan::of(sampler, knobs, table, *levels, steps)?)
            }
            SamplerChoice::Diffusers(scheduler) => {
                let steps = options.steps.unwrap_or_else(|| scheduler.steps(self.process));
                Ok(scheduler.plan(self.process, steps)?)
            }
        }
    }

    /// The network in its process, with the bound of `options`, of their scheduler, or else the model's.
    ///
    /// # Errors
    /// If the network does not know the classes, or knows some, cannot do without and none is given; if the guidance makes no sense for
    /// it, or a classifier is to guide a scheduler of diffusers.
    pub fn denoiser(&self, options: &SampleOptions) -> Result<Denoiser<'a>, SampleError> {
        let bound = options.bound.or(match &options.sampler {
            SamplerChoice::Own { .. } => None,
            SamplerChoice::Diffusers(scheduler) => Some(scheduler.bound()),
        });
        if self.guide.is_some() && matches!(options.sampler, SamplerChoice::Diffusers(_)) {
            return Err(SampleError::GuidedScheduler { sampler: options.sampler.name() });
        }
        Ok(self.bounded(bound).guided(options.classes.clone(), options.guidance, self.guide)?)
    }

    pub(super) fn bounded(&self, bound: Option<Bound>) -> Denoiser<'a> {
        Denoiser::new(self.network, self.process, bound.unwrap_or(self.bound))
    }

    /// The samples of `options`, to be drawn by [its plan](Sampling::plan) and [denoiser](Sampling::denoiser).
    pub fn generation<'b>(
        &self,
        options: &'b SampleOptions,
        plan: &'b Plan,
        denoiser: &'b Denoiser,
    ) -> Generation<'b> {
        let (shape, noise) = (self.shape, &options.noise);
        let SampleOptions { count, batch, .. } = *options;
        Generation { denoiser, plan, shape, noise, first: 0, count, batch }
    }

    /// Draws samples from noise: `[count, height, width, channels]`, unclipped, pictures about [−1, 1]. `observe` sees every
    /// moment with the number of the batch's first sample, and may stop: the result is then `None`.
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps, or the network does not know the class.
    ///
    /// # Panics
    /// If less noise is given than the samples and the steps draw.
    pub fn sample(
        &self,
        options: &SampleOptions,
        observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
    ) -> Result<Option<Vec<f32>>, SampleError> {
        let (plan, denoiser) = (&self.plan(options)?, &self.denoiser(options)?);
        Ok(self.generation(options, plan, denoiser).run(&cpu(), observe))
    }
}

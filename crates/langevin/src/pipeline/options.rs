//! How samples are drawn.

use crate::diffusion::{Bound, Classes, Guidance};
use crate::interop::diffusers::Scheduler;
use crate::sampler::{Knobs, Noise, Sampler};
use langevin_math::GridOptions;

/// How samples are drawn.
#[derive(Clone)]
pub struct SampleOptions {
    /// Samples.
    pub count: usize,
    /// The sampler.
    pub sampler: SamplerChoice,
    /// Steps; `None` takes the sampler's own number, which is all T for ancestral sampling.
    pub steps: Option<usize>,
    /// What is done to x̂_0 on the way; `None` takes the model's, or that of a scheduler of diffusers.
    pub bound: Option<Bound>,
    /// The classes of the samples, for a network that knows classes or a classifier that guides it.
    pub classes: Classes,
    /// How strongly they are pulled towards their classes.
    pub guidance: Guidance,
    /// x_T, and the noise of the steps.
    pub noise: Noise,
    /// Samples computed at a time.
    pub batch: usize,
}

/// A sampler and how it is set.
#[derive(Clone)]
pub enum SamplerChoice {
    /// One of [`SAMPLERS`](crate::sampler::SAMPLERS).
    Own {
        /// Which.
        sampler: &'static Sampler,
        /// How it is set; the variance of `None` is the model's.
        knobs: Option<Knobs>,
        /// The noise levels.
        levels: GridOptions,
    },
    /// One of diffusers, as that computes it.
    Diffusers(Scheduler),
}

impl SamplerChoice {
    /// A sampler by its name in [`SAMPLERS`](crate::sampler::SAMPLERS), as it stands there.
    pub fn named(name: &str) -> Option<Self> {
        let sampler = Sampler::named(name)?;
        Some(Self::Own { sampler, knobs: None, levels: GridOptions::default() })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Own { sampler, .. } => sampler.name,
            Self::Diffusers(scheduler) => scheduler.class().name,
        }
    }

    /// Whether it goes from data to noise.
    pub fn inverts(&self) -> bool {
        match self {
            Self::Own { sampler, .. } => sampler.inverts(),
            Self::Diffusers(scheduler) => scheduler.inverts(),
        }
    }
}

impl Default for SamplerChoice {
    /// Ancestral sampling, as the model was trained for.
    fn default() -> Self {
        Self::named("ddpm").expect("the registry has it")
    }
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self {
            count: 16,
            sampler: SamplerChoice::default(),
            steps: None,
            bound: None,
            classes: Classes::None,
            guidance: Guidance::default(),
            noise: Noise::Seed(0),
            batch: 16,
        }
    }
}

//! A trained model, ready to sample from.

use crate::config::Settings;
use crate::diffusion::{Bound, Denoiser, Process};
use crate::interop::diffusers::{Class, Scheduler, SchedulerError, scheduler_config};
use crate::models::weights::{parameter_names, weights_of, with_weights};
use crate::models::{ConditioningError, Model};
use crate::sampler::{Ddpm, Generation, Knobs, Moment, Noise, NoiseSource, Plan, Sampler, run};
use crate::tensor::SampleShape;
use crate::tensor::{from_samples, to_vec};
use crate::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use burn::module::Module;
use burn::tensor::Device;
use langevin_math::{Grid, GridOptions, MathError, NoiseLevel};
use std::ops::ControlFlow;
use std::path::Path;

/// Why samples cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SampleError {
    #[error(transparent)]
    Levels(#[from] MathError),
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    #[error(transparent)]
    Class(#[from] ConditioningError),
}

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
    /// The class of all samples, for a network that knows classes.
    pub class: Option<usize>,
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
            class: None,
            noise: Noise::Seed(0),
            batch: 16,
        }
    }
}

/// x_t, and the sample that came of it.
pub type Renoised = (Vec<f32>, Vec<f32>);

/// A trained model: its network, its process, and what its samples are.
pub struct TrainedModel {
    /// The checkpoint that it was loaded from.
    pub checkpoint: Checkpoint,
    /// The network.
    pub network: Model,
    /// The process that it was trained for.
    pub process: Process,
    device: Device,
}

impl TrainedModel {
    /// Loads the newest checkpoint of a run folder, a checkpoint folder, or a pipeline that diffusers saved.
    ///
    /// # Errors
    /// If there is none, or it is unsound.
    pub fn load(path: impl AsRef<Path>, weights: WeightsKind) -> Result<Self, CheckpointError> {
        Self::of(Checkpoint::open(&find_checkpoint(path.as_ref())?)?, weights)
    }

    /// Loads the weights of a checkpoint.
    ///
    /// # Errors
    /// If they cannot be read, or do not fit the network.
    pub fn of(checkpoint: Checkpoint, weights: WeightsKind) -> Result<Self, CheckpointError> {
        checkpoint.check_size(weights)?;
        let settings = &checkpoint.settings;
        let device = crate::tensor::cpu();
        let network = settings.recipe.model.init(settings.shape, 0, &device);
        let weights = checkpoint.weights(weights, &parameter_names(&network))?;
        let network = with_weights(network, weights).map_err(|cause| checkpoint.misfit(cause))?;
        let process = settings.recipe.diffusion.process().map_err(|error| CheckpointError::State {
            path: checkpoint.folder.clone(),
            message: error.to_string(),
        })?;
        Ok(Self { network, process, device, checkpoint })
    }

    /// The settings that it was trained with.
    pub fn settings(&self) -> &Settings {
        &self.checkpoint.settings
    }

    /// The shape of a sample.
    pub fn shape(&self) -> SampleShape {
        self.settings().shape
    }

    /// Number of elements of all parameters.
    pub fn parameter_count(&self) -> usize {
        self.network.num_params()
    }

    /// A scheduler of diffusers with what the model says of sampling, as `from_config` makes it from a pipeline's.
    ///
    /// # Errors
    /// If the class does not know what the pipeline's own scheduler is set to.
    pub fn scheduler(&self, class: &'static Class) -> Result<Scheduler, SchedulerError> {
        match &self.checkpoint.pipeline {
            Some(pipeline) => pipeline.scheduler.as_class(class),
            None => {
                let config = scheduler_config(&self.settings().recipe.diffusion, self.checkpoint.bound());
                Scheduler::new(class.name, &config)
            }
        }
    }

    /// The network on a device with automatic differentiation, for gradients by x; its parameters need none.
    pub fn differentiable(&self) -> Model {
        let settings = self.settings();
        let network = settings.recipe.model.init(settings.shape, 0, &self.device.clone().autodiff());
        let network = with_weights(network, weights_of(&self.network));
        network.expect("the weights are those of the same network").no_grad()
    }

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
                let steps = options.steps.unwrap_or_else(|| scheduler.steps(&self.process));
                Ok(scheduler.plan(&self.process, steps)?)
            }
        }
    }

    /// Draws samples from noise: `[count, height, width, channels]`, unclipped, pictures about [−1, 1].
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps, or the network does not know the class.
    ///
    /// # Panics
    /// If less noise is given than the samples and the steps draw.
    pub fn sample(&self, options: &SampleOptions) -> Result<Vec<f32>, SampleError> {
        let samples = self.sample_observed(options, &mut |_, _| ControlFlow::Continue(()))?;
        Ok(samples.expect("nothing stops it"))
    }

    /// As [`TrainedModel::sample`]; `observe` sees every moment with the number of the batch's first sample,
    /// and may stop: the result is then `None`.
    ///
    /// # Errors
    /// As for [`TrainedModel::sample`].
    pub fn sample_observed(
        &self,
        options: &SampleOptions,
        observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
    ) -> Result<Option<Vec<f32>>, SampleError> {
        let plan = &self.plan(options)?;
        let bound = options.bound.or(match &options.sampler {
            SamplerChoice::Own { .. } => None,
            SamplerChoice::Diffusers(scheduler) => Some(scheduler.bound()),
        });
        let denoiser = &self.denoiser(bound).of_class(options.class)?;
        let (shape, noise) = (self.shape(), &options.noise);
        let SampleOptions { count, batch, .. } = *options;
        Ok(Generation { denoiser, plan, shape, noise, count, batch }.run(&self.device, observe))
    }

    /// The network in its process, with what is right for its data if no bound is given.
    fn denoiser(&self, bound: Option<Bound>) -> Denoiser<'_> {
        Denoiser::new(&self.network, &self.process, bound.unwrap_or(self.checkpoint.bound()))
    }

    /// Diffuses one sample to `timestep` (0 is the least noise) with noise of `seed`, and takes it back.
    /// Gives x_t and the sample it came back as; `observe` may stop, and the result is then `None`.
    ///
    /// # Errors
    /// If the network does not know the class, or knows classes and none is given.
    ///
    /// # Panics
    /// If the process has no such timestep, or `x0` is not one sample.
    pub fn renoise(
        &self,
        x0: &[f32],
        timestep: usize,
        seed: u64,
        class: Option<usize>,
        observe: &mut dyn FnMut(Moment) -> ControlFlow<()>,
    ) -> Result<Option<Renoised>, SampleError> {
        let denoiser = self.denoiser(None).of_class(class)?;
        let shape = self.shape();
        let seed = Noise::Seed(seed);
        let noise = NoiseSource { noise: &seed, first: 0, samples: 1, shape };
        let eps = to_vec(noise.start(&self.device));
        let mut x_t = vec![0.0; shape.elements()];
        self.process.diffuse(timestep, x0, &eps, &mut x_t);
        let mut levels: Vec<NoiseLevel> = (0..=timestep).rev().map(|t| self.process.table.level(t)).collect();
        levels.push(NoiseLevel::DATA);
        let (grid, mut solver) = (Grid::through(&levels), Ddpm::new(self.process.variance));
        let x = from_samples(x_t.clone(), shape, &self.device);
        let back = run(&mut solver, &denoiser, &grid, x, &noise, observe);
        Ok(back.map(|back| (x_t, to_vec(back))))
    }
}

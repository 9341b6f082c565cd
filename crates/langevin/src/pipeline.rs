//! A trained model, ready to sample from.

mod options;

pub use options::{SampleError, SampleOptions, SamplerChoice};

use crate::config::Settings;
use crate::diffusion::{Bound, Denoiser, Process};
use crate::interop::diffusers::{Class, Scheduler, SchedulerError, scheduler_config};
use crate::models::Model;
use crate::models::weights::{parameter_names, weights_of, with_weights};
use crate::sampler::{Ddpm, Generation, Knobs, Moment, Noise, NoiseSource, Plan, run};
use crate::tensor::SampleShape;
use crate::tensor::{from_samples, to_vec};
use crate::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use burn::module::Module;
use burn::tensor::Device;
use langevin_math::{Grid, NoiseLevel};
use std::ops::ControlFlow;
use std::path::Path;

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
        let (plan, denoiser) = (&self.plan(options)?, &self.denoiser(options)?);
        Ok(self.generation(options, plan, denoiser).run(&self.device, observe))
    }

    /// The samples of `options`, to be drawn by [its plan](TrainedModel::plan) and [denoiser](TrainedModel::denoiser).
    pub fn generation<'a>(
        &self,
        options: &'a SampleOptions,
        plan: &'a Plan,
        denoiser: &'a Denoiser,
    ) -> Generation<'a> {
        let (shape, noise) = (self.shape(), &options.noise);
        let SampleOptions { count, batch, .. } = *options;
        Generation { denoiser, plan, shape, noise, first: 0, count, batch }
    }

    /// The network in its process, with the bound of `options`, of their scheduler, or else the model's.
    ///
    /// # Errors
    /// If the network does not know the class, or knows classes and none is given.
    pub fn denoiser(&self, options: &SampleOptions) -> Result<Denoiser<'_>, SampleError> {
        let bound = options.bound.or(match &options.sampler {
            SamplerChoice::Own { .. } => None,
            SamplerChoice::Diffusers(scheduler) => Some(scheduler.bound()),
        });
        Ok(self.bounded(bound).of_class(options.class)?)
    }

    fn bounded(&self, bound: Option<Bound>) -> Denoiser<'_> {
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
        let denoiser = self.bounded(None).of_class(class)?;
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

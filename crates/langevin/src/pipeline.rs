//! A trained model, ready to sample from.

use crate::config::Settings;
use crate::diffusion::{Denoiser, Process, ProcessError};
use crate::models::Model;
use crate::models::weights::{parameter_names, with_weights};
use crate::sampler::{Ancestral, Moment, NoiseSource, generate, run};
use crate::tensor::SampleShape;
use crate::tensor::{from_samples, to_vec};
use crate::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use burn::module::Module;
use burn::tensor::Device;
use langevin_math::{Spacing, Variance};
use std::ops::ControlFlow;
use std::path::Path;

/// How samples are drawn.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// Samples.
    pub count: usize,
    /// Reverse steps; `None` takes all T.
    pub steps: Option<usize>,
    /// Which timesteps a shorter process keeps.
    pub spacing: Spacing,
    /// σ² of the reverse steps; `None` takes the model's own.
    pub variance: Option<Variance>,
    /// Seed; sample k of a seed is the same whatever `count` and `batch` are.
    pub seed: u64,
    /// Samples computed at a time.
    pub batch: usize,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { count: 16, steps: None, spacing: Spacing::Trailing, variance: None, seed: 0, batch: 16 }
    }
}

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

    /// The process in `steps` steps, or all, with the variance asked for.
    ///
    /// # Errors
    /// If the process has fewer steps, or the variance is a learned one.
    pub fn process_for(&self, options: &SampleOptions) -> Result<Process, ProcessError> {
        let process = match options.steps {
            Some(steps) => self.process.respaced(options.spacing, steps)?,
            None => self.process.clone(),
        };
        options.variance.map_or(Ok(process.clone()), |variance| process.with_variance(variance))
    }

    /// Draws samples from noise: `[count, height, width, channels]`, unclipped, pictures about [−1, 1].
    ///
    /// # Errors
    /// If the process cannot be respaced as asked.
    pub fn sample(&self, options: &SampleOptions) -> Result<Vec<f32>, ProcessError> {
        let samples = self.sample_observed(options, &mut |_, _| ControlFlow::Continue(()))?;
        Ok(samples.expect("nothing stops it"))
    }

    /// As [`TrainedModel::sample`]; `observe` sees every moment with the number of the batch's first sample,
    /// and may stop: the result is then `None`.
    ///
    /// # Errors
    /// If the process cannot be respaced as asked.
    pub fn sample_observed(
        &self,
        options: &SampleOptions,
        observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
    ) -> Result<Option<Vec<f32>>, ProcessError> {
        let process = self.process_for(options)?;
        let denoiser = Denoiser::new(&self.network, &process, self.checkpoint.clips());
        let SampleOptions { count, seed, batch, .. } = *options;
        Ok(generate(&mut Ancestral, &denoiser, self.shape(), seed, count, batch, &self.device, observe))
    }

    /// Diffuses one sample to `timestep` (0 is the least noise) with noise of `seed`, and takes it back.
    /// Gives x_t and the sample it came back as; `observe` may stop, and the result is then `None`.
    ///
    /// # Panics
    /// If the process has no such timestep, or `x0` is not one sample.
    pub fn renoise(
        &self,
        x0: &[f32],
        timestep: usize,
        seed: u64,
        observe: &mut dyn FnMut(Moment) -> ControlFlow<()>,
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let shape = self.shape();
        let noise = NoiseSource { seed, first: 0, samples: 1, shape };
        let eps = to_vec(noise.start(&self.device));
        let mut x_t = vec![0.0; shape.elements()];
        self.process.diffuse(timestep, x0, &eps, &mut x_t);
        let denoiser = Denoiser::new(&self.network, &self.process, self.checkpoint.clips());
        let x = from_samples(x_t.clone(), shape, &self.device);
        let back = run(&mut Ancestral, &denoiser, x, timestep, &noise, observe)?;
        Some((x_t, to_vec(back)))
    }
}

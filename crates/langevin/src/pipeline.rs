//! A trained model, ready to sample from.

mod classifier;
mod error;
mod inpaint;
mod interpolate;
mod options;
mod renoise;
mod sampling;

pub use classifier::TrainedClassifier;
pub use error::SampleError;
pub use inpaint::Inpainting;
pub use options::{SampleOptions, SamplerChoice};
pub use renoise::{Renoised, Renoising};
pub use sampling::Sampling;

use crate::config::Settings;
use crate::diffusion::Process;
use crate::interop::diffusers::{Class, Scheduler, SchedulerError, scheduler_config};
use crate::models::Model;
use crate::models::weights::{parameter_names, weights_of, with_weights};
use crate::tensor::{SampleShape, cpu};
use crate::train::{Checkpoint, CheckpointError, WeightsKind, find_checkpoint};
use burn::module::Module;
use std::ops::ControlFlow;
use std::path::Path;

/// A trained model: its network, its process, and what its samples are.
pub struct TrainedModel {
    /// The checkpoint that it was loaded from.
    pub checkpoint: Checkpoint,
    /// The network.
    pub network: Model,
    /// The process that it was trained for.
    pub process: Process,
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
    /// If they cannot be read, do not fit the network, or are a classifier's.
    pub fn of(checkpoint: Checkpoint, weights: WeightsKind) -> Result<Self, CheckpointError> {
        let (network, process) = load(&checkpoint, weights)?;
        if matches!(network, Model::Classifier(_)) {
            return Err(CheckpointError::DrawsNothing { path: checkpoint.folder });
        }
        Ok(Self { network, process, checkpoint })
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
        differentiable(&self.network, self.settings())
    }

    /// Draws by this network; what is drawn, and how, is [`Sampling`]'s to say.
    pub fn sampling(&self) -> Sampling<'_> {
        let (network, process, shape) = (&self.network, &self.process, self.shape());
        Sampling { network, process, shape, bound: self.checkpoint.bound(), guide: None }
    }

    /// Draws samples from noise: `[count, height, width, channels]`, unclipped, pictures about [−1, 1].
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps, or the network does not know the class.
    ///
    /// # Panics
    /// If less noise is given than the samples and the steps draw.
    pub fn sample(&self, options: &SampleOptions) -> Result<Vec<f32>, SampleError> {
        let samples = self.sampling().sample(options, &mut |_, _| ControlFlow::Continue(()))?;
        Ok(samples.expect("nothing stops it"))
    }
}

/// The network of a checkpoint, and its process.
fn load(checkpoint: &Checkpoint, weights: WeightsKind) -> Result<(Model, Process), CheckpointError> {
    checkpoint.check_size(weights)?;
    let settings = &checkpoint.settings;
    let network = settings.recipe.model.init(settings.shape, 0, &cpu());
    let weights = checkpoint.weights(weights, &parameter_names(&network))?;
    let network = with_weights(network, weights).map_err(|cause| checkpoint.misfit(cause))?;
    let process = settings.recipe.diffusion.process().map_err(|error| CheckpointError::State {
        path: checkpoint.folder.clone(),
        message: error.to_string(),
    })?;
    Ok((network, process))
}

/// The network on a device with automatic differentiation; its parameters need no gradients.
fn differentiable(network: &Model, settings: &Settings) -> Model {
    let copy = settings.recipe.model.init(settings.shape, 0, &cpu().autodiff());
    let copy = with_weights(copy, weights_of(network));
    copy.expect("the weights are those of the same network").no_grad()
}

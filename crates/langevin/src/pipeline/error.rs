//! Why samples cannot be drawn.

use crate::diffusion::GuidanceError;
use crate::interop::diffusers::SchedulerError;
use crate::tensor::SampleShape;
use langevin_math::MathError;

/// Why samples cannot be drawn, a picture not filled in, or noises not be gone between.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SampleError {
    #[error(transparent)]
    Levels(#[from] MathError),
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    #[error(transparent)]
    Guidance(#[from] GuidanceError),
    #[error(
        "a classifier guides the samplers of langevin, and {sampler} is a scheduler of diffusers: take --sampler ddpm or ddim"
    )]
    GuidedScheduler { sampler: &'static str },
    #[error(
        "{sampler} goes from data to noise, and this needs one that goes from noise to data, such as ddim"
    )]
    Inverts { sampler: &'static str },
    #[error("a point has no parts of which one could be filled in: take a model of pictures")]
    Points,
    #[error(
        "the mask has {got} pixels, but the model's pictures have {} ({}x{}): give one value a pixel",
        shape.height * shape.width, shape.height, shape.width
    )]
    Mask { got: usize, shape: SampleShape },
    #[error(
        "the picture has {got} values, but one of the model has {} (height {}, width {}, {} channels)",
        shape.elements(), shape.height, shape.width, shape.channels
    )]
    Picture { got: usize, shape: SampleShape },
    #[error("value {index} of the picture is {value}: give finite numbers, scaled to [-1, 1]")]
    NoNumber { index: usize, value: f32 },
    #[error("a jump goes back {got} steps: give 1 or more (RePaint's authors take 10)")]
    Jump { got: usize },
    #[error(
        "each stretch is sampled {got} times: give 1, which never goes back, or more (RePaint's authors take 10)"
    )]
    Resamples { got: usize },
    #[error(
        "{steps} steps in jumps of {jump}, each sampled {resamples} times, are more than {most} steps: take fewer"
    )]
    WalkTooLong { steps: usize, jump: usize, resamples: usize, most: usize },
    #[error(
        "filling in draws noise of its own for every step, which a seed gives and a file does not: give a seed"
    )]
    GivenNoise,
    #[error(
        "{sampler} draws noise at its steps, so that there is no way between two of its samples: {advice}"
    )]
    Random { sampler: &'static str, advice: &'static str },
    #[error("{got} samples between two seeds are too few: the two ends alone are 2")]
    Frames { got: usize },
    #[error(
        "the picture cannot be taken to timestep {timestep}: counted from 0, this model's are 0 to {last}"
    )]
    Timestep { timestep: usize, last: usize },
    #[error(
        "from timestep {timestep} (counted from 1) there are 1 to {timestep} steps to the data, not {steps}"
    )]
    BackSteps { timestep: usize, steps: usize },
}

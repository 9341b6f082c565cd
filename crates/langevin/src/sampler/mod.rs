//! From noise to samples: one solver a file, one loop for all.
//!
//! Adding a sampler is one new file with a [`Solver`].

mod ancestral;
mod noise;
mod run;

pub use ancestral::Ancestral;
pub use noise::NoiseSource;
pub use run::{Moment, generate, run};

use crate::diffusion::{Denoised, Process};
use burn::tensor::Tensor;

/// One reverse step.
pub trait Solver {
    /// From x at step `index` of `process` to x one step cleaner; at index 0, to the sample.
    ///
    /// `noise` draws z ~ N(0, I) of x's shape; a deterministic solver never calls it.
    ///
    /// # Shapes
    /// `x` and both parts of `denoised`: `[batch, height, width, channels]`; so is the result.
    fn step(
        &mut self,
        process: &Process,
        index: usize,
        x: Tensor<4>,
        denoised: Denoised,
        noise: &mut dyn FnMut() -> Tensor<4>,
    ) -> Tensor<4>;
}

//! The diffusion process on tensors, and the denoiser that a network becomes in it.

mod denoiser;
mod process;

pub use denoiser::{Denoised, Denoiser};
pub use process::{Process, ProcessError};

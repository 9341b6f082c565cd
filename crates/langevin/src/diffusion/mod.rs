//! The diffusion process on tensors, and the denoiser that a network becomes in it.

mod bound;
mod denoiser;
mod process;

pub use bound::Bound;
pub use denoiser::{Denoised, Denoiser};
pub use process::Process;

//! The diffusion process on tensors, and the denoiser that a network becomes in it.

mod bound;
mod classes;
mod denoiser;
mod guidance;
mod process;

pub use bound::Bound;
pub use classes::Classes;
pub use denoiser::{Denoised, Denoiser};
pub use guidance::{ClassGradient, ClassifierGuide, Guidance, GuidanceError};
pub use process::Process;

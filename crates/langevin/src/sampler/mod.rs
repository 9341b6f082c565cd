//! From noise to samples: one solver a file, one loop for all.
//!
//! Adding a sampler is one new file with a [`Solver`], and one entry of [`SAMPLERS`].
//!
//! All solvers see x in the variance-preserving form x = α x_0 + σ ε; what the papers write for x/α is converted. Their
//! coefficients are computed in f64 from [`NoiseLevel`](langevin_math::NoiseLevel)s, and tensors only receive them.

mod ancestral;
mod churn;
mod ddim;
mod ddim_inversion;
mod ddpm;
mod deis;
mod dpm_multistep;
mod dpm_singlestep;
mod euler;
mod euler_ancestral;
mod heun;
mod history;
mod kdpm2;
mod lms;
mod noise;
mod plan;
mod pndm;
mod registry;
mod repaint;
mod run;
mod samplers;
mod solver;
mod spherical;
mod unipc;

pub use churn::Churn;
pub use ddim::Ddim;
pub use ddim_inversion::DdimInversion;
pub use ddpm::Ddpm;
pub use deis::Deis;
pub use dpm_multistep::{Correction, DpmMultistep};
pub use dpm_singlestep::DpmSinglestep;
pub use euler::Euler;
pub use euler_ancestral::EulerAncestral;
pub use heun::Heun;
pub use kdpm2::{Kdpm2, Kdpm2Ancestral};
pub use lms::Lms;
pub use noise::{GivenNoise, Noise, NoiseSource};
pub use plan::Plan;
pub use pndm::{Pndm, Start};
pub use registry::{Knob, Knobs, Sampler};
pub use repaint::{Draw, Move, Repaint, Walk};
pub use run::{Generation, Moment, run};
pub use samplers::SAMPLERS;
pub use solver::{Solver, Step};
pub use spherical::spherical;
pub use unipc::{Basis, UniPc};

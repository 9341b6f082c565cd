//! What two sets of feature vectors say of each other, in f64: no networks, no files.
//!
//! A network elsewhere turns every picture into a row of d numbers; here rows are compared. On one processor no bit depends
//! on the number of threads, nor on how a stream of rows was cut into pieces; another processor may have other instructions,
//! and round otherwise (`LANGEVIN_ISA` chooses none here).
//!
//! | metric | here |
//! |---|---|
//! | Fréchet distance of two Gaussians (FID: Heusel et al. 2017, Eq. 6) | [`frechet_distance`] of two [`Statistics`] |
//! | kernel distance (KID: Bińkowski et al. 2018, section 4) | [`kernel_distance`] |
//! | inception score (Salimans et al. 2016, section 4) | [`inception_score`] |
//! | precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) | [`prdc`] |
//! | principal components, features where there is no network | [`Pca`] |
//!
//! ```
//! use langevin_metrics::{Features, StatisticsBuilder, frechet_distance};
//!
//! // Three points, and the same moved by (3, 4).
//! let statistics = |rows: &[f32]| {
//!     let mut builder = StatisticsBuilder::new(2)?;
//!     builder.push(Features::new(rows, 2)?)?;
//!     builder.finish()
//! };
//! let a = statistics(&[0.0, 0.0, 1.0, 0.0, 0.0, 2.0])?;
//! let b = statistics(&[3.0, 4.0, 4.0, 4.0, 3.0, 6.0])?;
//! assert!((frechet_distance(&a, &b)? - 25.0).abs() < 1e-12);
//! assert!(a.caution().is_none());
//! # Ok::<(), langevin_metrics::MetricsError>(())
//! ```

#![forbid(unsafe_code)]

mod builder;
mod distances;
mod error;
mod features;
mod frechet;
mod inception;
mod kernel;
mod linear;
mod mmd;
mod panel;
mod pca;
mod prdc;
mod statistics;
#[cfg(test)]
mod testing;

pub use builder::StatisticsBuilder;
pub use error::MetricsError;
pub use features::Features;
pub use frechet::frechet_distance;
pub use inception::{InceptionScore, inception_score};
pub use kernel::{KernelDistance, KernelOptions, kernel_distance};
pub use mmd::polynomial_mmd;
pub use pca::Pca;
pub use prdc::{Prdc, prdc};
pub use statistics::{FewSamples, Statistics};

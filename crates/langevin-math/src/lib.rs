//! The mathematics of denoising diffusion in f64: no tensors, no files.
//!
//! Timesteps count from 0: index t is t + 1 in the papers. H is Ho et al. 2020 (DDPM), N Nichol & Dhariwal
//! 2021 (Improved DDPM).
//!
//! | equation | here |
//! |---|---|
//! | β_t (H section 4, N17) | [`Schedule::betas`] |
//! | q(x_t \| x_{t−1}) (H2) | [`DiffusionTable::step_coefficients`] |
//! | ᾱ_t, q(x_t \| x_0) (H4) | [`DiffusionTable::alpha_bar`], [`sqrt_alpha_bar`](DiffusionTable::sqrt_alpha_bar), [`sqrt_one_minus_alpha_bar`](DiffusionTable::sqrt_one_minus_alpha_bar) |
//! | q(x_{t−1} \| x_t, x_0) (H6, H7) | [`DiffusionTable::posterior_mean_coefficients`], [`posterior_variance`](DiffusionTable::posterior_variance) |
//! | ε, x_0, v and μ̃ from one another (H8, H11) | [`Prediction`] |
//! | σ_t², fixed (H section 3.2) or learned (N15) | [`Variance`], [`learned_log_variance`] |
//! | fewer sampling steps (N19) | [`Spacing::timesteps`], [`DiffusionTable::grid`], [`Transition`] |
//! | L_T (H5) | [`prior_kl`] |
//! | L_{t−1}, KL of two Gaussians (H5) | [`gaussian::kl`] |
//! | L_0, the discretised decoder (H13) | [`discretized_log_likelihood`] |
//! | L_simple, L_hybrid, L_vlb (H14, N16) and their derivatives | [`Objective`], [`Weighting`], [`BoundTerm`] |
//! | p(y \| x_t) of a classifier's logits, and its derivative | [`categorical::log_softmax`], [`categorical::log_prob_gradient`] |
//! | bits/dim | [`nats_to_bits_per_dim`] |
//! | the embedding of t | [`sinusoidal_embedding`] |
//! | ε, z, x_T and every other draw | [`rng::Stream`] |
//!
//! ```
//! use langevin_math::{DiffusionTable, GridOptions, Schedule};
//!
//! let table = DiffusionTable::new(Schedule::Cosine {}.betas(1000)?)?;
//! let grid = table.grid(GridOptions::default(), 50)?;
//! assert_eq!(grid.len(), 50);
//! assert_eq!(grid.step(0).from, table.level(999));
//! assert!(grid.step(49).to.is_data());
//! # Ok::<(), langevin_math::MathError>(())
//! ```

#![forbid(unsafe_code)]

pub mod bound;
pub mod categorical;
pub mod decoder;
pub mod embedding;
pub mod error;
pub mod gaussian;
pub mod grid;
pub mod level;
pub mod objective;
pub mod prediction;
pub mod process;
pub mod rng;
pub mod schedule;
pub mod spacing;
pub mod variance;
pub mod weighting;

pub use bound::{nats_to_bits_per_dim, prior_kl};
pub use categorical::greatest_logit;
pub use decoder::discretized_log_likelihood;
pub use embedding::{EmbeddingOrder, MAX_PERIOD, sinusoidal_embedding, sinusoidal_embeddings};
pub use error::MathError;
pub use grid::{Grid, GridOptions, Last, Sigmas};
pub use level::{NoiseLevel, Transition};
pub use objective::{BoundElement, BoundTerm, Objective};
pub use prediction::Prediction;
pub use process::DiffusionTable;
pub use schedule::{MAX_TIMESTEPS, Schedule};
pub use spacing::Spacing;
pub use variance::{Variance, learned_log_variance, learned_log_variance_bounds};
pub use weighting::Weighting;

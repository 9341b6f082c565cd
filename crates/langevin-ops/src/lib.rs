//! The tensor operations that Langevin's networks are made of.
//!
//! One function an operation, channels last. On the CPU it is computed by `langevin-kernels`, forward and
//! backward; elsewhere, and where [`OPS_VARIABLE`] says so, in Burn's own operations. A network never calls Burn for
//! these: it calls here, so that a faster kernel replaces one body and no model changes. What only networks that are never
//! trained need (`..._within`, pools under a window) has no gradient.
//!
//! Activations are `[batch, height, width, channels]` (or `[batch, positions, channels]`), contiguous;
//! convolution weights are `[out, in, kernel height, kernel width]`, linear weights `[out, in]`, as
//! PyTorch stores them.

#![allow(unsafe_code)]

mod activation;
mod attention;
mod concat;
mod conv;
mod fused;
mod inference;
mod layer_norm;
mod linear;
mod mean;
mod norm;
mod pool;
mod prepared;
mod profile;
mod resample;
mod settings;
mod softmax;
#[cfg(test)]
mod testing;

pub use activation::{gelu, silu};
pub use attention::attention;
pub use concat::concat_channels;
pub use conv::{Addend, ConvOptions, Padding, conv2d};
pub use inference::{Window, conv2d_within, depthwise_within};
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use mean::mean_positions;
pub use norm::{group_norm, group_norm_scale_shift_silu, group_norm_silu};
pub use pool::{max_pool, mean_pool};
pub use prepared::PreparedWeights;
pub use profile::{Spent, start_profile, stop_profile};
pub use resample::{average_pool_2x, upsample_nearest_2x};
pub use settings::{OPS_VARIABLE, OpsError, exact, kernels_from_environment, set_exact};
pub use softmax::softmax;

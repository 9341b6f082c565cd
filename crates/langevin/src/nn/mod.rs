//! Layers, channels last, over the operations of `langevin-ops`.
//!
//! A layer holds parameters and shapes; the arithmetic is one call of an operation.

mod activation;
mod attention;
mod conv;
mod dropout;
mod group_norm;
mod init;
mod linear;
mod resample;
mod timestep;

pub use activation::Activation;
pub use attention::AttentionBlock;
pub use conv::Conv2d;
pub use dropout::{DropoutKey, dropout};
pub use group_norm::GroupNorm;
pub use init::Init;
pub use langevin_ops::Padding;
pub use linear::Linear;
pub use resample::{Downsample, Upsample};
pub use timestep::{TimestepEmbedding, TimestepEncoding};

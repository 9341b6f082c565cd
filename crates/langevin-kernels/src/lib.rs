//! CPU kernels for the networks of diffusion models.
//!
//! Functions on slices of f32, channels last. The instruction set is chosen at run time ([`isa`]); work is
//! shared out by rayon, on the caller's pool.
//!
//! **Reproducible by construction.** Within one instruction set no result depends on the number of threads, and
//! the result for one sample does not depend on the others in its batch: the algorithm and the order of every
//! sum follow from the layer's shape alone. What may vary with the batch and the threads is only which work is
//! done together.
//!
//! Every function panics if a slice's length does not fit the stated shape.

#![allow(unsafe_code)]

mod activation;
mod attention;
mod columns;
mod concat;
mod conv;
mod depthwise;
mod elementwise;
mod exp2;
mod heap;
mod micro;
mod norm;
mod optimizer;
mod pool;
mod scratch;
mod share;
mod simd;
mod softmax;
mod sum_of_squares;
#[cfg(test)]
mod testing;

pub use activation::{gelu, gelu_backward, silu, silu_backward};
pub use attention::{AttentionShape, attention, attention_backward};
pub use concat::{concat_channels, split_channels};
pub use conv::{
    Addends, Algorithm, ConvShape, PreparedWeight, RectangularShape, WorkingMemory, channel_sums, conv2d,
    conv2d_input_gradient, conv2d_prepared, conv2d_rectangular, conv2d_rectangular_prepared,
    conv2d_weight_gradient,
};
pub use depthwise::{DepthwiseShape, depthwise};
pub use heap::keep_freed_memory;
pub use norm::{
    GroupNorm, GroupNormGradients, LayerNorm, Modulation, group_norm, group_norm_backward, layer_norm,
    layer_norm_backward,
};
pub use optimizer::AdamStep;
pub use pool::{Pool, PoolShape, pool};
pub use simd::{ISA_VARIABLE, Isa, IsaError, isa, with_isa};
pub use softmax::{softmax, softmax_backward};
pub use sum_of_squares::sum_of_squares;

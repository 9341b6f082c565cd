//! Networks that describe pictures: what they see in one, as numbers that can be compared.
//!
//! The Fréchet distance and its relatives compare sets of pictures by the features that such a network gives, the Inception
//! score by its classes. The networks are only applied here, on the CPU, with the weights that their authors trained: see
//! [`load`].

mod inception;
mod layer;
mod lite;
mod network;
mod open;
mod resize;

pub use network::{Described, FeatureNetwork, Pretrained};
pub use open::{FeatureError, Kind, build, load};
pub use resize::resize_bilinear;

/// Of what the networks compute from the same weights: raised when that changes, so that what was kept of them is not found again.
pub const REVISION: u32 = 1;

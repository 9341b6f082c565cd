//! How good samples are: features of them and of data, and what the two sets say of each other.

mod compare;
mod describe;
mod gather;
mod source;

pub use compare::{Quality, QualityOptions, compare, frechet_of, score};
pub use describe::{Describer, PIXEL_COMPONENTS, leveled};
pub use gather::{Gathered, Kept, gather};
pub use source::{DataSource, Drawn, SampleSource};

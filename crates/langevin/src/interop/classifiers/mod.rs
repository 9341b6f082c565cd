//! Networks that were trained to tell the classes of pictures: their files, and the names of the arrays in them.
//!
//! A network asks for its convolutions by names of ours; a [`Naming`] says where each lies in the state dict that another
//! program wrote. Batch normalisation is folded into the convolution before it, as it is at inference.

mod fold;
mod inception;
mod lite;
mod open;

pub use fold::{Folded, Layer, Parts};
pub use inception::INCEPTION;
pub use lite::LITE;
pub use open::ClassifierError;

/// How another program names the arrays of a network, and what else of it has to be known.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// From our name of a convolution to what its weight's name and those of its normalisation begin with.
    convolution: fn(&str) -> [String; 2],
    /// What the names of the linear layer at the end begin with.
    classifier: &'static str,
    /// What is added to the variances of the normalisations.
    epsilon: f64,
    /// Whether an array is not needed to apply the network.
    ignored: fn(&str) -> bool,
    /// The path in a Python package that holds the file of weights.
    in_wheel: Option<&'static str>,
}

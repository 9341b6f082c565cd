//! A picture of the user's in the shape of a model.

use crate::exit::{Failure, usage};
use crate::say::note;
use langevin::SampleShape;
use langevin::data::Picture;
use std::path::Path;

/// The picture at `path`, scaled to [-1, 1]; what had to be changed for the model's shape is said.
pub fn fitted(path: &Path, picture: Picture, shape: SampleShape) -> Result<Vec<f32>, Failure> {
    let (values, changes) =
        picture.for_shape(shape).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    for change in changes {
        note!("note: {}: {change}", path.display());
    }
    Ok(values)
}

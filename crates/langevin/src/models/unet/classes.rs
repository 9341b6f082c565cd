//! How a network is told the class of a sample.

use super::config::is_default;
use crate::models::{Conditioning, ConditioningError};
use crate::nn::{Init, TimestepEmbedding, TimestepEncoding};
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// How a class becomes a vector, which is added to the timestep's embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClassEmbedding {
    /// Each class has a learned vector (Dhariwal & Nichol 2021).
    Table {
        /// Classes that the network knows.
        classes: usize,
        /// Whether there is one vector more, after those of the classes, for samples of no class in particular: what
        /// classifier-free guidance guides away from (Ho & Salimans 2022).
        #[serde(default, skip_serializing_if = "is_default")]
        null_class: bool,
    },
    /// The class is a number, embedded as timesteps are, by layers of its own.
    Timestep {},
    /// The classes are given as vectors, which are added as they are.
    Identity {},
}

impl ClassEmbedding {
    /// A table for `classes`, and for no class.
    pub fn table(classes: usize) -> Self {
        Self::Table { classes, null_class: true }
    }

    /// The number by which the network is told of no class, if it has learned that.
    pub fn null_class(self) -> Option<usize> {
        match self {
            Self::Table { classes, null_class: true } => Some(classes),
            _ => None,
        }
    }

    /// Vectors of its table.
    pub fn rows(self) -> usize {
        match self {
            Self::Table { classes, null_class } => classes + usize::from(null_class),
            Self::Timestep {} | Self::Identity {} => 0,
        }
    }

    /// Checks what is given for `samples` samples; `embedding` is the length of a class's vector.
    ///
    /// # Errors
    /// If classes are missing and the network has no vector for none, are too few or too many, or unknown.
    pub fn check(
        self,
        given: &Conditioning,
        samples: usize,
        embedding: usize,
    ) -> Result<(), ConditioningError> {
        if self == (Self::Identity {}) {
            let vectors =
                given.class_vectors.ok_or(ConditioningError::MissingVectors { length: embedding })?;
            return if vectors.len() == samples * embedding {
                Ok(())
            } else {
                Err(ConditioningError::VectorLength { got: vectors.len(), samples, length: embedding })
            };
        }
        let Some(given) = given.classes else {
            return self.null_class().map(|_| ()).ok_or(ConditioningError::MissingClasses);
        };
        if given.len() != samples {
            return Err(ConditioningError::Count { got: given.len(), samples });
        }
        let Self::Table { classes, .. } = self else { return Ok(()) };
        match given.iter().position(|&class| class >= self.rows()) {
            Some(sample) => Err(ConditioningError::UnknownClass { sample, class: given[sample], classes }),
            None => Ok(()),
        }
    }

    /// The layers that it learns, if it learns any.
    pub(super) fn layers(
        self,
        init: &mut Init,
        encoding: TimestepEncoding,
        embedding: usize,
    ) -> Option<ClassLayers> {
        match self {
            Self::Table { .. } => {
                Some(ClassLayers::Table(ClassTable { weight: init.normal([self.rows(), embedding]) }))
            }
            Self::Timestep {} => {
                Some(ClassLayers::Timestep(TimestepEmbedding::new(init, encoding, embedding)))
            }
            Self::Identity {} => None,
        }
    }
}

/// The learned vectors of the classes.
#[derive(Module, Debug)]
pub struct ClassTable {
    /// `[classes, embedding]`.
    pub weight: Param<Tensor<2>>,
}

/// What is learned to embed classes.
// A network has one of it.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum ClassLayers {
    /// Of [`ClassEmbedding::Table`].
    Table(ClassTable),
    /// Of [`ClassEmbedding::Timestep`].
    Timestep(TimestepEmbedding),
}

/// The vectors of the classes in `given`, which have passed [`ClassEmbedding::check`].
///
/// # Shapes
/// Returns `[samples, embedding]`.
pub(super) fn embed(
    layers: Option<&ClassLayers>,
    given: &Conditioning,
    embedding: usize,
    device: &Device,
) -> Tensor<2> {
    let classes = given.classes.unwrap_or_default();
    match layers {
        Some(ClassLayers::Table(table)) => {
            // Without classes, the last vector stands for none.
            let last = table.weight.val().dims()[0] - 1;
            let rows: Vec<i64> = match given.classes {
                Some(classes) => classes.iter().map(|&class| class as i64).collect(),
                None => vec![last as i64; given.timesteps.len()],
            };
            let count = rows.len();
            let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), device);
            table.weight.val().select(0, rows)
        }
        Some(ClassLayers::Timestep(layers)) => {
            let numbers: Vec<f64> = classes.iter().map(|&class| class as f64).collect();
            layers.forward(&numbers, device)
        }
        None => {
            let vectors = given.class_vectors.unwrap_or_default();
            let shape = [vectors.len() / embedding, embedding];
            Tensor::from_data(TensorData::new(vectors.to_vec(), shape), device)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_said() {
        let table = ClassEmbedding::Table { classes: 10, null_class: false };
        let times = [1.0, 2.0];
        let bare = Conditioning::at(&times);
        assert_eq!(table.check(&bare, 2, 4), Err(ConditioningError::MissingClasses));
        assert_eq!(table.check(&bare.with_classes(Some(&[0, 9])), 2, 4), Ok(()));
        let unknown = table.check(&bare.with_classes(Some(&[0, 10])), 2, 4);
        assert_eq!(unknown, Err(ConditioningError::UnknownClass { sample: 1, class: 10, classes: 10 }));
        let with_none = ClassEmbedding::table(10);
        assert_eq!(with_none.check(&bare, 2, 4), Ok(()));
        assert_eq!(with_none.check(&bare.with_classes(Some(&[0, 10])), 2, 4), Ok(()));
        let unknown = with_none.check(&bare.with_classes(Some(&[0, 11])), 2, 4);
        assert_eq!(unknown, Err(ConditioningError::UnknownClass { sample: 1, class: 11, classes: 10 }));
        let few = table.check(&bare.with_classes(Some(&[0])), 2, 4);
        assert_eq!(few, Err(ConditioningError::Count { got: 1, samples: 2 }));
        assert_eq!(ClassEmbedding::Timestep {}.check(&bare.with_classes(Some(&[0, 99])), 2, 4), Ok(()));
        let identity = ClassEmbedding::Identity {};
        assert_eq!(identity.check(&bare, 2, 4), Err(ConditioningError::MissingVectors { length: 4 }));
        let given = |vectors| Conditioning { class_vectors: Some(vectors), ..bare };
        assert_eq!(identity.check(&given(&[0.0; 8]), 2, 4), Ok(()));
        let short = identity.check(&given(&[0.0; 7]), 2, 4);
        assert_eq!(short, Err(ConditioningError::VectorLength { got: 7, samples: 2, length: 4 }));
    }
}

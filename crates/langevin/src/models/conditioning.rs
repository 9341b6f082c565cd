//! What a network is told beside x.

/// What a network is told of each sample of a batch: its timestep, and its class where the network knows classes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditioning<'a> {
    /// One a sample, in units of the training process (0 is the least noise).
    pub timesteps: &'a [f64],
    /// One a sample, counted from 0; `None` for a network without classes.
    pub classes: Option<&'a [usize]>,
    /// In place of `classes`, for a network that is given its classes as vectors ([`ClassEmbedding::Identity`]): those
    /// of each sample, one after another.
    ///
    /// [`ClassEmbedding::Identity`]: super::ClassEmbedding::Identity
    pub class_vectors: Option<&'a [f32]>,
}

impl<'a> Conditioning<'a> {
    /// The timesteps, and no classes.
    pub fn at(timesteps: &'a [f64]) -> Self {
        Self { timesteps, ..Self::default() }
    }

    /// As before, with `classes`.
    #[must_use]
    pub fn with_classes(self, classes: Option<&'a [usize]>) -> Self {
        Self { classes, ..self }
    }
}

impl Conditioning<'_> {
    /// What a network without classes checks.
    ///
    /// # Errors
    /// If classes are given.
    pub fn without_classes(&self) -> Result<(), ConditioningError> {
        let given = self.classes.is_some() || self.class_vectors.is_some();
        if given { Err(ConditioningError::NoClasses) } else { Ok(()) }
    }
}

impl<'a> From<&'a [f64]> for Conditioning<'a> {
    fn from(timesteps: &'a [f64]) -> Self {
        Self::at(timesteps)
    }
}

/// Why a network cannot use the classes that it is given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConditioningError {
    #[error("the network knows no classes, but one is given: leave it out")]
    NoClasses,
    #[error(
        "the network is conditioned on classes, but none are given: name a class for each sample (--class K)"
    )]
    MissingClasses,
    #[error("the network takes its classes as vectors, but none are given: give {length} numbers a sample")]
    MissingVectors { length: usize },
    #[error("sample {sample} is of class {class}, but the network knows {classes} classes, counted from 0")]
    UnknownClass { sample: usize, class: usize, classes: usize },
    #[error("{got} classes are given for {samples} samples: give one a sample")]
    Count { got: usize, samples: usize },
    #[error("the classes' vectors have {got} numbers for {samples} samples: give {length} a sample")]
    VectorLength { got: usize, samples: usize, length: usize },
}

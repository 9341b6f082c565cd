//! Which class each sample is of.

use std::ops::Range;
use std::sync::Arc;

/// The classes of samples, by the samples' numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Classes {
    /// No class in particular: for a network that knows none, or has learned to do without.
    #[default]
    None,
    /// All samples are of one class, counted from 0.
    All(usize),
    /// Sample k is of the k-th of these; after the last, the first comes again.
    Each(Arc<[usize]>),
}

impl Classes {
    /// Sample k is of class k mod `classes`.
    pub fn in_turn(classes: usize) -> Self {
        if classes == 0 { Self::None } else { Self::Each((0..classes).collect()) }
    }

    /// The classes of some samples; nothing if they are of none in particular.
    pub fn of(&self, samples: Range<usize>) -> Option<Vec<usize>> {
        match self {
            Self::None => None,
            Self::All(class) => Some(vec![*class; samples.len()]),
            Self::Each(classes) => Some(samples.map(|sample| classes[sample % classes.len()]).collect()),
        }
    }

    /// Every class that a sample is of, some perhaps again.
    pub fn all(&self) -> Option<Vec<usize>> {
        let count = if let Self::Each(classes) = self { classes.len() } else { 1 };
        self.of(0..count)
    }
}

impl From<Option<usize>> for Classes {
    fn from(class: Option<usize>) -> Self {
        class.map_or(Self::None, Self::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_keeps_its_class_whatever_the_batch() {
        let classes = Classes::in_turn(3);
        assert_eq!(classes.of(0..7), Some(vec![0, 1, 2, 0, 1, 2, 0]));
        assert_eq!(classes.of(5..7), Some(vec![2, 0]));
        assert_eq!(Classes::All(4).of(9..11), Some(vec![4, 4]));
        assert_eq!((Classes::None.of(0..2), Classes::in_turn(0)), (None, Classes::None));
    }
}

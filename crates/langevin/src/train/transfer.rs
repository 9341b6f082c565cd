//! What becomes of a model's class vectors when a network of other classes begins from it.

mod change;
mod summary;

use super::checkpoint::Checkpoint;
use crate::config::Settings;
use crate::data::Dataset;
use crate::models::weights::Weights;
use crate::models::{ClassEmbedding, ModelConfig};
use change::{Change, TABLE};
use std::path::PathBuf;
use summary::summary;

/// Why a run cannot begin from a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TransferError {
    #[error("{path} is a model of {model}, and the data are {data}: {advice}")]
    Samples { path: PathBuf, model: String, data: String, advice: String },
    #[error(
        "{path} knows {classes} classes and has no vector for none of them, so a run without classes cannot begin from it: add \
         --labels"
    )]
    NoNullClass { path: PathBuf, classes: usize },
    #[error(
        "{path} is told classes as {kind}, not by a vector for each, so nothing of them can be carried over to {network}: begin \
         from another model"
    )]
    Kind { path: PathBuf, kind: &'static str, network: &'static str },
}

/// How a model's class vectors become those of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    change: Change,
    /// What is carried over and what is new, in a line; nothing where there are no classes.
    pub summary: Option<String>,
}

impl Transfer {
    /// From the model of a checkpoint to a network of these settings. A class is known again by its name, and where the model
    /// has none, by its number, if both have as many.
    ///
    /// # Errors
    /// If the model's classes say nothing of the network's.
    pub fn plan(from: &Checkpoint, to: &Settings) -> Result<Self, TransferError> {
        let path = || from.folder.clone();
        let kind = |kind, network| Err(TransferError::Kind { path: path(), kind, network });
        let (Some(old), new) = (embedding(&from.settings), embedding(to)) else {
            return Ok(embedding(to).map_or(Self::NONE, |new| Self::zero(new, &to.class_names)));
        };
        match (old, new) {
            (ClassEmbedding::Table { .. }, Some(new)) => {
                Ok(Self::rows((old, &from.settings.class_names), (new, &to.class_names)))
            }
            (ClassEmbedding::Table { classes, .. }, None) => match old.null_class() {
                Some(_) => Ok(Self::fold(old)),
                None => Err(TransferError::NoNullClass { path: path(), classes }),
            },
            // Vectors that are given are no part of the network.
            (ClassEmbedding::Identity {}, None) => Ok(Self::NONE),
            (ClassEmbedding::Identity {}, Some(_)) => kind("vectors that are given", "a table of classes"),
            (ClassEmbedding::Timestep {}, Some(_)) => kind("numbers", "a table of classes"),
            (ClassEmbedding::Timestep {}, None) => kind("numbers", "a network without classes"),
        }
    }

    /// Of a network to itself.
    pub(super) const NONE: Self = Self { change: Change::None, summary: None };

    fn zero(new: ClassEmbedding, names: &[String]) -> Self {
        let summary = format!("the model knows no classes: the vectors of all {} begin as zero", names.len());
        Self { change: Change::Zero { rows: new.rows() }, summary: Some(summary) }
    }

    fn fold(old: ClassEmbedding) -> Self {
        let summary = "of the model's classes only the null class is carried over, as the network is told none: --labels keeps them";
        Self { change: Change::Fold { of: old.rows() }, summary: Some(summary.to_owned()) }
    }

    fn rows(
        (old, old_names): (ClassEmbedding, &[String]),
        (new, names): (ClassEmbedding, &[String]),
    ) -> Self {
        let known = old.rows() - usize::from(old.null_class().is_some());
        let place = |(number, name): (usize, &String)| match old_names {
            [] => (known == names.len()).then_some(number),
            old_names => old_names.iter().position(|old| old == name),
        };
        let mut rows: Vec<Option<usize>> = names.iter().enumerate().map(place).collect();
        let summary = summary(&rows, (known, old_names), names, old.null_class().is_some());
        if new.null_class().is_some() {
            rows.push(old.null_class());
        }
        let (of, null_class) = (old.rows(), old.null_class());
        Self { change: Change::Rows { of, rows, null_class }, summary: Some(summary) }
    }

    /// Names under which the model's weights are asked for, beside those of the network's parameters.
    pub(super) fn more_names(&self) -> Option<&'static str> {
        matches!(self.change, Change::Fold { .. }).then_some(TABLE)
    }

    /// The model's weights as the network's.
    pub(super) fn apply(&self, weights: &mut Weights) {
        self.change.apply(weights);
    }
}

/// Checks that data are samples as the model knows them; their size may be another.
///
/// # Errors
/// If they are points and it is for pictures, or the other way round, or they have other channels.
pub fn check_samples(model: &Checkpoint, data: &Dataset) -> Result<(), TransferError> {
    let of = |channels: usize, levels: Option<u32>| match (channels, levels) {
        (_, None) => "points".to_owned(),
        (1, _) => "pictures of 1 channel".to_owned(),
        (channels, _) => format!("pictures of {channels} channels"),
    };
    let Settings { shape, levels, .. } = model.settings;
    let (known, given) = (of(shape.channels, levels), of(data.channels(), data.levels()));
    if known == given {
        return Ok(());
    }
    let kind = match (levels.and(data.levels()), shape.channels) {
        (Some(_), 1) => Some("grey"),
        (Some(_), 3) => Some("rgb"),
        (Some(_), 4) => Some("rgba"),
        _ => None,
    };
    let convert = |kind| format!("convert them with --channels {kind}");
    let advice = kind.map_or_else(|| "begin from another model".to_owned(), convert);
    Err(TransferError::Samples { path: model.folder.clone(), model: known, data: given, advice })
}

fn embedding(settings: &Settings) -> Option<ClassEmbedding> {
    let ModelConfig::Unet(network) = &settings.recipe.model else { return None };
    network.class_embedding
}

#[cfg(test)]
mod tests {
    use super::change::EVERY_TIMESTEP;
    use super::*;
    use crate::models::weights::Array;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn table(values: &[f32]) -> Weights {
        let values = values.to_vec();
        let bias = Array { shape: vec![2], values: vec![10.0, 20.0] };
        let table = Array { shape: vec![values.len() / 2, 2], values };
        Weights::from([(TABLE.to_owned(), table), (EVERY_TIMESTEP.to_owned(), bias)])
    }

    /// The table of three classes with vectors (0, 1), (2, 3), (4, 6) after it, and the summary.
    fn grown(
        old: ClassEmbedding,
        old_names: &[&str],
        new: ClassEmbedding,
        new_names: &[&str],
    ) -> (Vec<f32>, String) {
        let transfer = Transfer::rows((old, &names(old_names)), (new, &names(new_names)));
        let mut weights = table(&[0.0, 1.0, 2.0, 3.0, 4.0, 6.0]);
        transfer.apply(&mut weights);
        assert_eq!(weights[TABLE].shape, [new.rows(), 2]);
        (weights[TABLE].values.clone(), transfer.summary.unwrap())
    }

    const BARE: fn(usize) -> ClassEmbedding = |classes| ClassEmbedding::Table { classes, null_class: false };

    #[test]
    fn a_class_of_the_same_name_keeps_its_vector_whatever_its_number() {
        let (rows, said) = grown(
            ClassEmbedding::table(2),
            &["cat", "dog"],
            ClassEmbedding::table(3),
            &["ape", "cat", "eel"],
        );
        assert_eq!(rows, [4.0, 6.0, 0.0, 1.0, 4.0, 6.0, 4.0, 6.0]);
        let expected = "1 of 3 classes keep their vectors; new, beginning as the model's null class: ape, eel; left out: dog";
        assert_eq!(said, expected);
        let (rows, said) = grown(ClassEmbedding::table(2), &["cat", "dog"], BARE(2), &["dog", "cat"]);
        assert_eq!((&rows[..], &said[..]), (&[2.0, 3.0, 0.0, 1.0][..], "all 2 classes keep their vectors"));
    }

    #[test]
    fn without_a_null_class_new_ones_begin_as_the_mean() {
        let (rows, said) = grown(BARE(3), &["a", "b", "c"], ClassEmbedding::table(2), &["b", "d"]);
        assert_eq!(rows, [2.0, 3.0, 2.0, (10.0 / 3.0) as f32, 2.0, (10.0 / 3.0) as f32]);
        assert!(said.contains("as the mean of the model's classes: d; left out: a, c"), "{said}");
    }

    #[test]
    fn classes_without_names_are_matched_by_number_or_not_at_all() {
        let (rows, said) = grown(BARE(3), &[], BARE(3), &["x", "y", "z"]);
        assert_eq!(rows, [0.0, 1.0, 2.0, 3.0, 4.0, 6.0]);
        assert!(said.contains("all 3 classes") && said.contains("matched by number"), "{said}");
        let (rows, said) = grown(ClassEmbedding::table(2), &[], ClassEmbedding::table(3), &["x", "y", "z"]);
        assert_eq!(rows, [4.0, 6.0, 4.0, 6.0, 4.0, 6.0, 4.0, 6.0]);
        assert!(said.contains("no names of its 2 classes: all 3 are new"), "{said}");
    }

    #[test]
    fn what_comes_from_none_is_zero_and_what_goes_into_none_is_added() {
        let mut weights = table(&[]);
        weights.remove(TABLE);
        Transfer::zero(ClassEmbedding::table(2), &names(&["a", "b"])).apply(&mut weights);
        assert_eq!(weights[TABLE], Array { shape: vec![3, 2], values: vec![0.0; 6] });
        let mut weights = table(&[0.0, 1.0, 2.0, 3.0, 4.0, 6.0]);
        Transfer::fold(ClassEmbedding::table(2)).apply(&mut weights);
        assert!(!weights.contains_key(TABLE));
        assert_eq!(weights[EVERY_TIMESTEP].values, [14.0, 26.0]);
    }
}

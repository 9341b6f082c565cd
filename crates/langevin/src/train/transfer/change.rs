//! Class vectors of a model as those of a network.

use crate::models::weights::{Array, Weights};

/// The parameter with a vector for each class.
pub(super) const TABLE: &str = "classes.weight";

/// What is added to the embedding of every timestep, as a class's vector is to that of its samples.
pub(super) const EVERY_TIMESTEP: &str = "time.linear2.bias";

/// What becomes of a table of class vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// There are none.
    None,
    /// All begin as zero: the network is at first what it was without.
    Zero { rows: usize },
    /// Each is one of the model's, or else a new one, which begins as the model's null class; without one, as the mean of all.
    Rows {
        /// Vectors of the model's table.
        of: usize,
        /// Which of them each is.
        rows: Vec<Option<usize>>,
        /// Which of them stands for no class.
        null_class: Option<usize>,
    },
    /// The one of the null class, the last of so many, becomes a part of the rest, for there is no other.
    Fold { of: usize },
}

impl Change {
    /// The model's weights as the network's. Those that are not of the shapes that the model's settings say stay as they are,
    /// to be refused with all others that do not fit.
    pub(super) fn apply(&self, weights: &mut Weights) {
        match self {
            Change::None => {}
            Change::Zero { rows } => {
                if let Some([features]) = weights.get(EVERY_TIMESTEP).map(|bias| &bias.shape[..]) {
                    let array = Array { shape: vec![*rows, *features], values: vec![0.0; rows * features] };
                    weights.insert(TABLE.to_owned(), array);
                }
            }
            Change::Rows { of, rows, null_class } => {
                let table = weights.get_mut(TABLE);
                if let Some(table) = table.filter(|table| matches!(table.shape[..], [rows, _] if rows == *of))
                {
                    *table = with_rows(table, rows, *null_class);
                }
            }
            Change::Fold { of } => fold(weights, *of),
        }
    }
}

/// # Shapes
/// `table`: `[vectors, features]`, of which `rows` and `null_class` are some; returns `[rows, features]`.
fn with_rows(table: &Array, rows: &[Option<usize>], null_class: Option<usize>) -> Array {
    let (count, features) = (table.shape[0], table.shape[1]);
    let row = |row: usize| &table.values[row * features..][..features];
    let new = match null_class {
        Some(null_class) => row(null_class).to_vec(),
        None => mean(&table.values, features, count),
    };
    let values: Vec<f32> = rows.iter().flat_map(|old| old.map_or(&new[..], row)).copied().collect();
    Array { shape: vec![rows.len(), features], values }
}

/// The mean of `count` rows, summed in f64.
fn mean(values: &[f32], features: usize, count: usize) -> Vec<f32> {
    let column = |feature| values[feature..].iter().step_by(features).map(|&value| f64::from(value));
    (0..features).map(|feature| (column(feature).sum::<f64>() / count as f64) as f32).collect()
}

/// Adds the last of `of` rows of the table to what every timestep is told, and leaves the table out.
fn fold(weights: &mut Weights, of: usize) {
    let (Some(table), Some(bias)) = (weights.get(TABLE), weights.get(EVERY_TIMESTEP)) else { return };
    let (shape, mut bias) = (&table.shape[..], bias.clone());
    if of == 0 || shape != [of, bias.values.len()] {
        return;
    }
    let row = &table.values[(of - 1) * bias.values.len()..];
    bias.values.iter_mut().zip(row).for_each(|(bias, null)| *bias += null);
    weights.insert(EVERY_TIMESTEP.to_owned(), bias);
    weights.remove(TABLE);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of another shape than the settings say, before and after a change.
    #[test]
    fn what_is_not_as_the_settings_say_is_left_to_be_refused() {
        for shape in [vec![2, 2], vec![4], vec![1, 4], vec![4, 1], vec![0, 2]] {
            let values = vec![1.0; shape.iter().product()];
            let bias = Array { shape: vec![2], values: vec![1.0; 2] };
            let weights = [(TABLE, Array { shape, values }), (EVERY_TIMESTEP, bias)];
            let weights = Weights::from(weights.map(|(name, array)| (name.to_owned(), array)));
            let rows = Change::Rows { of: 3, rows: vec![Some(2), None], null_class: None };
            for change in [rows, Change::Fold { of: 3 }, Change::Fold { of: 0 }, Change::None] {
                let mut changed = weights.clone();
                change.apply(&mut changed);
                assert_eq!(changed, weights, "{change:?}");
            }
        }
    }
}

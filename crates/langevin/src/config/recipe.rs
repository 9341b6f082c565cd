//! The text of a recipe: TOML, every key known, changeable by `key=value`.

use super::{DataConfig, DiffusionConfig, EvaluateConfig, SampleConfig, TrainConfig};
use crate::models::ModelConfig;
use langevin_math::Objective;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that decides what a training run does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What it is for, in a line.
    #[serde(default)]
    pub description: String,
    /// The data.
    #[serde(default)]
    pub data: DataConfig,
    /// The diffusion process and what the network predicts.
    #[serde(default)]
    pub diffusion: DiffusionConfig,
    /// What training minimises.
    #[serde(default)]
    pub objective: Objective,
    /// The network.
    pub model: ModelConfig,
    /// The training.
    pub train: TrainConfig,
    /// The sample grids on the way.
    #[serde(default)]
    pub sample: SampleConfig,
    /// What is measured on the way.
    #[serde(default)]
    pub evaluate: EvaluateConfig,
}

/// Why a recipe cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RecipeError {
    #[error("the recipe {name} cannot be read as TOML: {message}")]
    Parse { name: String, message: String },
    #[error("--set {assignment} is not of the form key=value, for example --set train.learning_rate=2e-4")]
    Assignment { assignment: String },
    #[error("--set {assignment} does not fit the recipe: {message}")]
    Set { assignment: String, message: String },
    #[error("there is no recipe {name:?}: it is neither a file nor one of {known}")]
    Unknown { name: String, known: String },
    #[error("cannot read the recipe {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
}

impl Recipe {
    /// Parses TOML text; `name` is for the error message.
    ///
    /// # Errors
    /// If the text is not TOML, or a key is missing, unknown or of the wrong type.
    pub fn parse(name: &str, text: &str) -> Result<Self, RecipeError> {
        toml::from_str(text)
            .map_err(|error| RecipeError::Parse { name: name.to_owned(), message: one_line(&error) })
    }

    /// The recipe as TOML.
    ///
    /// # Panics
    /// If its seed is 2⁶³ or more, which no recipe that was parsed and no [`Settings`](super::Settings) has.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every recipe has a TOML form")
    }

    /// The recipe with one key changed, as in `train.learning_rate=2e-4`. The value is TOML; what is not
    /// TOML is taken as a string.
    ///
    /// # Errors
    /// If there is no `=`, no such key, or the value does not fit it.
    pub fn with_assignment(&self, assignment: &str) -> Result<Self, RecipeError> {
        let malformed = || RecipeError::Assignment { assignment: assignment.to_owned() };
        let (path, text) = assignment.split_once('=').ok_or_else(malformed)?;
        let path: Vec<&str> = path.trim().split('.').collect();
        if path.iter().any(|key| key.is_empty()) {
            return Err(malformed());
        }
        let value = parse_value(text.trim());
        let mut root = toml::Table::try_from(self).map_err(|error| RecipeError::Set {
            assignment: assignment.to_owned(),
            message: error.to_string(),
        })?;
        let (last, parents) = path.split_last().ok_or_else(malformed)?;
        let mut table = &mut root;
        for key in parents {
            let entry = table.entry(*key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            table = entry.as_table_mut().ok_or_else(|| RecipeError::Set {
                assignment: assignment.to_owned(),
                message: format!("{key} is a single value and has no keys of its own"),
            })?;
        }
        // Another kind of schedule or network has keys of its own: the old kind's would only be unknown.
        if *last == "kind" && table.get("kind") != Some(&value) {
            table.clear();
        }
        table.insert((*last).to_owned(), value);
        root.try_into().map_err(|error: toml::de::Error| RecipeError::Set {
            assignment: assignment.to_owned(),
            message: one_line(&error),
        })
    }
}

fn parse_value(text: &str) -> toml::Value {
    let document = format!("value = {text}");
    match document.parse::<toml::Table>().ok().and_then(|mut table| table.remove("value")) {
        Some(value) => value,
        None => toml::Value::String(text.to_owned()),
    }
}

fn one_line(error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', " ");
    message.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;
    use langevin_math::{Prediction, Schedule};

    #[test]
    fn a_recipe_survives_its_own_text() {
        let recipe = builtin_recipe("digits").unwrap();
        assert_eq!(Recipe::parse("again", &recipe.to_toml()).unwrap(), recipe);
    }

    #[test]
    fn assignments_change_one_key() {
        let recipe = builtin_recipe("digits").unwrap();
        let changed = recipe.with_assignment("train.learning_rate=2e-4").unwrap();
        assert_eq!(changed.train.learning_rate, 2e-4);
        let changed = changed.with_assignment("data.size=[28, 20]").unwrap();
        assert_eq!(changed.data.size, Some([28, 20]));
        let changed = changed.with_assignment("diffusion.prediction=v").unwrap();
        assert_eq!(changed.diffusion.prediction, Prediction::V);
        let changed = changed.with_assignment("diffusion.schedule.kind=cosine").unwrap();
        assert_eq!(changed.diffusion.schedule, Schedule::Cosine {});
    }

    #[test]
    fn a_seed_that_toml_cannot_hold_is_an_error() {
        let mut recipe = builtin_recipe("digits").unwrap();
        recipe.train.seed = u64::MAX;
        let message = recipe.with_assignment("train.steps=3").unwrap_err().to_string();
        assert!(message.contains("train.steps=3") && message.contains("too large"), "{message}");
        let points = crate::data::load("two-moons", &crate::data::DataOptions::default()).unwrap();
        let mut recipe = builtin_recipe("swiss-roll").unwrap();
        recipe.train.seed = 1 << 63;
        let message = crate::config::Settings::resolve(recipe, &points).unwrap_err().to_string();
        assert!(message.contains("--seed") && message.contains("less than 2^63"), "{message}");
    }

    #[test]
    fn wrong_assignments_name_what_was_written() {
        let recipe = builtin_recipe("digits").unwrap();
        for (assignment, part) in [
            ("train.steps", "key=value"),
            ("=3", "key=value"),
            ("train.stepz=3", "stepz"),
            ("train.steps=many", "expected u64"),
            ("train.steps.more=3", "single value"),
        ] {
            let message = recipe.with_assignment(assignment).unwrap_err().to_string();
            assert!(message.contains(assignment) && message.contains(part), "{message}");
        }
    }
}

//! What a run is made of: recipes as people write them, and settings that have been checked.
//!
//! A [`Recipe`] is parsed text. [`Settings`] are a recipe that has met its data: nothing in them is left
//! open, and everything in them works together. Only settings reach the trainer.

mod beginning;
mod builtin;
mod keep;
mod recipe;
mod sections;
mod settings;
mod trainable;

pub use beginning::Beginning;
pub use builtin::{builtin_recipe, builtin_recipes, classifier_recipe_for_data, recipe_for_data};
pub use keep::Keep;
pub use recipe::{Recipe, RecipeError};
pub use sections::{
    DataConfig, DiffusionConfig, EvaluateConfig, FeatureChoice, LARGEST_PIXELS, LearningRateDecay,
    OptimizerKind, SampleConfig, TimestepSampling, TrainConfig,
};
pub use settings::{DataFacts, Settings, SettingsError};

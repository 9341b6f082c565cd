//! The recipes that the binary carries.

use super::{Recipe, RecipeError};

/// Name and text of each recipe, in the order in which they are listed.
const RECIPES: [(&str, &str); 14] = [
    ("digits", include_str!("../../../../recipes/digits.toml")),
    ("swiss-roll", include_str!("../../../../recipes/swiss-roll.toml")),
    ("swiss-roll-seed", include_str!("../../../../recipes/swiss-roll-seed.toml")),
    ("fashion-mnist", include_str!("../../../../recipes/fashion-mnist.toml")),
    ("pictures", include_str!("../../../../recipes/pictures.toml")),
    ("cifar10", include_str!("../../../../recipes/cifar10.toml")),
    ("ddpm-256", include_str!("../../../../recipes/ddpm-256.toml")),
    ("iddpm-digits", include_str!("../../../../recipes/iddpm-digits.toml")),
    ("iddpm-cifar10", include_str!("../../../../recipes/iddpm-cifar10.toml")),
    ("adm-small", include_str!("../../../../recipes/adm-small.toml")),
    ("adm-64", include_str!("../../../../recipes/adm-64.toml")),
    ("digits-classifier", include_str!("../../../../recipes/digits-classifier.toml")),
    ("fashion-mnist-classifier", include_str!("../../../../recipes/fashion-mnist-classifier.toml")),
    ("classifier", include_str!("../../../../recipes/classifier.toml")),
];

/// Name and text of every built-in recipe.
pub fn builtin_recipes() -> &'static [(&'static str, &'static str)] {
    &RECIPES
}

/// The built-in recipe `name`.
///
/// # Errors
/// If there is none of that name; the message lists those that exist.
pub fn builtin_recipe(name: &str) -> Result<Recipe, RecipeError> {
    match RECIPES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Recipe::parse(name, text),
        None => {
            let known = RECIPES.map(|(name, _)| name).join(", ");
            Err(RecipeError::Unknown { name: name.to_owned(), known })
        }
    }
}

/// The recipe that data follows when none is named: its own, that of its kind, or `pictures`.
pub fn recipe_for_data(source: &str) -> &'static str {
    match source {
        "swiss-roll" | "eight-gaussians" | "two-moons" | "checkerboard" => "swiss-roll",
        "fashion-mnist" => "fashion-mnist",
        "digits" => "digits",
        _ => "pictures",
    }
}

/// The recipe of a classifier that data follows when none is named: its own, or `classifier`.
pub fn classifier_recipe_for_data(source: &str) -> &'static str {
    match source {
        "fashion-mnist" => "fashion-mnist-classifier",
        "digits" => "digits-classifier",
        _ => "classifier",
    }
}

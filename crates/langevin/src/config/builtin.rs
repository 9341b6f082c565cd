//! The recipes that the binary carries.

use super::{Recipe, RecipeError};

/// Name and text of each recipe, in the order in which they are listed.
const RECIPES: [(&str, &str); 9] = [
    ("digits", include_str!("../../../../recipes/digits.toml")),
    ("swiss-roll", include_str!("../../../../recipes/swiss-roll.toml")),
    ("swiss-roll-seed", include_str!("../../../../recipes/swiss-roll-seed.toml")),
    ("fashion-mnist", include_str!("../../../../recipes/fashion-mnist.toml")),
    ("pictures", include_str!("../../../../recipes/pictures.toml")),
    ("cifar10", include_str!("../../../../recipes/cifar10.toml")),
    ("ddpm-256", include_str!("../../../../recipes/ddpm-256.toml")),
    ("iddpm-digits", include_str!("../../../../recipes/iddpm-digits.toml")),
    ("iddpm-cifar10", include_str!("../../../../recipes/iddpm-cifar10.toml")),
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

//! Recipes: TOML text, a change to it, and what it means for data.

use super::Files;
use super::frame::parts;
use langevin::config::{Recipe, Settings};
use langevin::data::{DataOptions, Dataset, load};
use langevin::train::estimate_bytes;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// A recipe, and an assignment.
pub fn files(data: &[u8]) -> Files {
    let [recipe, assignment] = parts(data);
    vec![("recipe.toml", recipe.to_vec()), ("assignment", assignment.to_vec())]
}

pub fn read(folder: &Path) {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let Ok(recipe) = Recipe::parse("recipe.toml", &text("recipe.toml")) else { return };
    let changed = recipe.with_assignment(&text("assignment"));
    for recipe in [Some(recipe), changed.ok()].into_iter().flatten() {
        assert!(Recipe::parse("again", &recipe.to_toml()).is_ok(), "{}", recipe.to_toml());
        for data in sets() {
            if let Ok(settings) = Settings::resolve(recipe.clone(), data) {
                let model = &settings.recipe.model;
                let _ = (model.parameter_count(settings.shape), model.multiply_adds(settings.shape));
                let _ = (model.describe(), settings.sample_counts());
                estimate_bytes(&settings, data.bytes_in_memory(), true);
            }
        }
    }
}

/// Points, and pictures.
fn sets() -> &'static [Dataset; 2] {
    static SETS: OnceLock<[Dataset; 2]> = OnceLock::new();
    SETS.get_or_init(|| {
        let options = DataOptions { count: Some(16), ..DataOptions::default() };
        let points = load("two-moons", &options).expect("the set is built in");
        [points, load("digits", &DataOptions::default()).expect("the set is built in")]
    })
}

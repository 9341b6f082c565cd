//! Every recipe is one that the program carries.

use super::{Finding, files};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

const LIST: &str = "crates/langevin/src/config/builtin.rs";

/// Reports recipes that the list of built-in ones lacks.
///
/// # Errors
/// If the recipes or the list cannot be read.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let list = fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let recipes = files::read(&root.join("recipes"), "toml")?;
    Ok(recipes.iter().filter_map(|(file, _)| missing(file, &list)).collect())
}

fn missing(file: &str, list: &str) -> Option<Finding> {
    let name = file.strip_suffix(".toml").unwrap_or(file);
    let listed = list.contains(&format!("(\"{name}\",")) && list.contains(&format!("/recipes/{file}\""));
    let message = format!("not listed as '{name}' in {LIST}: a recipe that is not built in is not tested");
    (!listed).then(|| Finding { path: format!("recipes/{file}"), line: 1, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_listed_by_name_and_by_file() {
        let list = r#"("digits", include_str!("../../../../recipes/digits.toml")), ("moons", x), "/recipes/rolls.toml""#;
        assert_eq!(missing("digits.toml", list), None);
        assert!(missing("moons.toml", list).is_some());
        let finding = missing("rolls.toml", list).unwrap().to_string();
        assert!(finding.starts_with("recipes/rolls.toml:1: not listed as 'rolls'"), "{finding}");
    }
}

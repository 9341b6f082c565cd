//! Burn is compiled once: what it depends on has the same features in the program and in the tests.
//!
//! Cargo unites the features that all crates of one build ask for. `cargo test` builds more crates than `cargo run`,
//! and a dependency of Burn with one more feature is another dependency: Burn is compiled again on top of it.

use super::Finding;
use crate::commands::{cargo, output};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Where features are asked for, so that they are always the same.
const PLACE: &str = "crates/langevin-ops/Cargo.toml";

/// Features of each package, `name v1.2.3`; a package can be there with more than one choice.
type Features = BTreeMap<String, BTreeSet<String>>;

/// Reports the dependencies of Burn whose features depend on what is built.
///
/// # Errors
/// If cargo cannot tell them.
pub fn check() -> Result<Vec<Finding>> {
    let burn = tree(&["--package", "langevin-ops", "--edges", "normal"])?;
    let program = tree(&["--package", "langevin-cli", "--edges", "normal"])?;
    let library = tree(&["--package", "langevin", "--edges", "normal,dev"])?;
    let all = tree(&["--workspace", "--edges", "normal,dev"])?;
    let mut messages = differing(&burn, "`cargo run`", &program, &all);
    messages.extend(differing(&burn, "`cargo test -p langevin`", &library, &all));
    let finding = |message| Finding { path: PLACE.to_owned(), line: 1, message };
    Ok(messages.into_iter().map(finding).collect())
}

fn tree(options: &[&str]) -> Result<Features> {
    let mut command = cargo(&["tree", "--quiet", "--prefix", "none", "--format", "{p}|{f}"]);
    Ok(parse(&output(command.args(options))?))
}

/// Reads lines `name v1.2.3 (where)|feature,feature (*)`.
fn parse(tree: &str) -> Features {
    let mut found = Features::new();
    for (package, features) in tree.lines().filter_map(|line| line.split_once('|')) {
        let package = package.split(" (").next().unwrap_or(package);
        found.entry(package.to_owned()).or_default().insert(features.trim_end_matches(" (*)").to_owned());
    }
    found
}

/// Packages of `burn` whose choice of features in `build` does not occur in `all`.
fn differing(burn: &Features, name: &str, build: &Features, all: &Features) -> Vec<String> {
    let mut messages = Vec::new();
    for (package, choices) in build.iter().filter(|(package, _)| burn.contains_key(*package)) {
        let Some(others) = all.get(package).filter(|others| !choices.is_subset(others)) else { continue };
        let list = |choices: &BTreeSet<String>| {
            choices.iter().map(|choice| format!("[{choice}]")).collect::<Vec<_>>().join(" and ")
        };
        messages.push(format!(
            "'{package}' has the features {} in {name} and {} in `cargo test --workspace`, so that Burn is compiled \
             twice: ask for all of them here",
            list(choices),
            list(others),
        ));
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_tests_add_is_found() {
        let burn = parse("burn v0.22.1|std\nregex v1.13.1|\nserde v1.0.0|std");
        let program = parse("burn v0.22.1|std (*)\nregex v1.13.1|\nserde v1.0.0|std\nclap v4.0.0|std");
        let all =
            parse("burn v0.22.1|std\nregex v1.13.1|unicode\nserde v1.0.0|std\nserde v1.0.0|\nclap v4.0.0|");
        let messages = differing(&burn, "`cargo run`", &program, &all);
        assert_eq!(messages.len(), 1);
        assert!(
            messages[0].starts_with("'regex v1.13.1' has the features [] in `cargo run` and [unicode] in"),
            "{messages:?}"
        );
    }

    #[test]
    fn places_and_marks_are_no_part_of_a_package() {
        let found = parse("langevin v0.1.0 (/here)|\n\nserde_derive v1.0.0 (proc-macro)|default (*)\n");
        let packages: Vec<_> =
            found.iter().map(|(name, choices)| (name.as_str(), choices.first().unwrap())).collect();
        assert_eq!(
            packages,
            [("langevin v0.1.0", &String::new()), ("serde_derive v1.0.0", &"default".to_owned())]
        );
    }
}

//! Which module of `langevin` may name which other: downward only.

use super::Finding;
use super::source::Source;

const CRATE: &str = "crates/langevin/src/";

/// Each top-level module with what it may name, from the bottom up.
const ALLOWED: &[(&str, &[&str])] = &[
    ("compute", &[]),
    ("nn", &[]),
    ("files", &[]),
    ("tensor", &[]),
    // Pictures are made to fit a model, whose shape is a `SampleShape`.
    ("data", &["files", "tensor"]),
    ("render", &["files"]),
    ("models", &["nn", "tensor"]),
    ("diffusion", &["models", "tensor"]),
    ("config", &["data", "diffusion", "models", "tensor"]),
    ("sampler", &["compute", "diffusion", "tensor"]),
    ("interop", &["config", "data", "diffusion", "files", "models", "sampler", "tensor"]),
    ("features", &["compute", "interop", "models", "tensor"]),
    (
        "eval",
        &[
            "config",
            "data",
            "diffusion",
            "features",
            "interop",
            "models",
            "nn",
            "render",
            "sampler",
            "tensor",
        ],
    ),
    (
        "train",
        &[
            "compute",
            "config",
            "data",
            "diffusion",
            "eval",
            "features",
            "files",
            "interop",
            "models",
            "nn",
            "render",
            "sampler",
            "tensor",
        ],
    ),
    (
        "pipeline",
        &["config", "data", "diffusion", "eval", "interop", "models", "render", "sampler", "tensor", "train"],
    ),
];

/// `langevin_math` under its name at the library's face: below everything.
const BELOW_ALL: &str = "math";

/// Reports what a module of `langevin` names and may not. Test code may name everything.
pub fn check(source: &Source) -> Vec<Finding> {
    let Some(inside) = source.path.strip_prefix(CRATE).and_then(|path| path.strip_suffix(".rs")) else {
        return Vec::new();
    };
    let modules: Vec<_> = inside.split('/').filter(|part| *part != "mod").collect();
    let module = modules[0];
    if module == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
        let message =
            format!("the module '{module}' has no line in xtask/src/tidy/imports.rs: say what it may name");
        return vec![source.finding(0, message)];
    };
    let mut findings = Vec::new();
    for (at, path) in paths(&source.code, modules.len()) {
        let free = path[0] == module || path[0] == BELOW_ALL;
        if !source.is_test(at) && !free && !allowed.contains(&path[0]) {
            let path = path.join("::");
            let allowed = if allowed.is_empty() { "no other module".to_owned() } else { allowed.join(", ") };
            let message = format!("'{module}' names '{path}': imports point downward, it may name {allowed}");
            findings.push(source.finding(at, message));
        }
    }
    findings
}

/// Every path from the root of the crate that a module at `depth` names, by `crate::` or by climbing up to it,
/// with where it stands.
fn paths(code: &str, depth: usize) -> Vec<(usize, Vec<&str>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || "_$".contains(letter)) {
            let mut below = Vec::new();
            tree(&code[at + "crate::".len()..], &[], &mut below);
            found.extend(below.into_iter().map(|path| (at, path)));
        }
    }
    let climb = "super::".repeat(depth);
    for (at, _) in code.match_indices(&climb) {
        let rest = &code[at + climb.len()..];
        let starts = !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || "_:".contains(letter));
        if starts {
            let mut below = Vec::new();
            tree(rest, &[], &mut below);
            // In a module inside a file the climb ends below the root: what it names is then no top-level module.
            below.retain(|path| ALLOWED.iter().any(|(name, _)| *name == path[0]));
            found.extend(below.into_iter().map(|path| (at, path)));
        }
    }
    found
}

/// The paths of a use tree, `a::{b, c::d}`, or the one path of an expression; returns what follows.
fn tree<'a>(text: &'a str, before: &[&'a str], found: &mut Vec<Vec<&'a str>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
            if rest.is_empty() || rest.starts_with('}') {
                return rest.get(1..).unwrap_or(rest);
            }
            rest = tree(rest, before, found);
            // What remains of an entry is `as name`.
            rest = rest.find([',', '}']).map_or("", |end| &rest[end..]);
        }
    }
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    let (name, rest) = if text.starts_with('*') { text.split_at(1) } else { text.split_at(end) };
    let path = if name.is_empty() || name == "self" { before.to_vec() } else { [before, &[name]].concat() };
    match rest.strip_prefix("::") {
        Some(below) if !name.is_empty() => tree(below, &path, found),
        _ => {
            found.extend((!path.is_empty()).then_some(path));
            rest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(file: &str, text: &str) -> Vec<String> {
        let source = Source::parse(&format!("{CRATE}{file}"), text);
        check(&source).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn whole_modules_are_named_downward() {
        for (place, (module, allowed)) in ALLOWED.iter().enumerate() {
            for entry in allowed.iter().filter(|entry| !entry.contains("::")) {
                let below = ALLOWED[..place].iter().any(|(name, _)| name == entry);
                assert!(below, "{module} may name {entry}, which does not stand above it in the table");
            }
        }
    }

    #[test]
    fn use_trees_are_unfolded() {
        let mut found = Vec::new();
        let rest = tree("{a, b::{self, c as d, e::*}, f::G::<u8>::new} ;", &[], &mut found);
        assert_eq!(rest, " ;");
        let found: Vec<_> = found.iter().map(|path| path.join("::")).collect();
        assert_eq!(found, ["a", "b", "b::c", "b::e::*", "f::G"]);
    }

    #[test]
    fn an_upward_import_is_found() {
        let found = messages("nn/conv.rs", "use std::io;\nuse crate::{math::Prediction, models::UNet};\n");
        let expected = "'nn' names 'models::UNet': imports point downward, it may name no other module";
        assert_eq!(found, [format!("{CRATE}nn/conv.rs:2: {expected}")]);
        assert_eq!(messages("sampler/mod.rs", "fn f() { crate::train::run() }").len(), 1);
        assert_eq!(messages("data/mod.rs", "pub use super::super::x; use super::nn::Linear;").len(), 1);
        assert_eq!(messages("data/idx/deep.rs", "use super::super::{nn::Linear};").len(), 0);
        assert_eq!(messages("data/idx.rs", "use super::super::{nn::Linear};").len(), 1);
        assert_eq!(messages("plot.rs", "").len(), 1);
    }

    #[test]
    fn what_is_allowed_is_not_found() {
        assert!(
            messages("models/mlp.rs", "use crate::nn::{Linear, Init}; use crate::models::Network;")
                .is_empty()
        );
        assert!(messages("nn/conv.rs", "#[cfg(test)]\nmod tests { use crate::train::run; }").is_empty());
        assert!(messages("nn/conv.rs", "//! [`crate::train`]\nuse super::Init; // crate::train").is_empty());
        assert!(messages("lib.rs", "use crate::train::run;").is_empty());
    }
}

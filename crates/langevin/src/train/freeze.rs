//! Parts of a network that keep their weights while the others learn.

use crate::config::Settings;
use crate::models::weights::parameter_sizes;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use std::collections::BTreeSet;

/// Why parts of a network cannot be frozen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum FreezeError {
    #[error("train.freeze (--freeze) names {name:?}, which this network does not have: {place} has {parts}")]
    Unknown { name: String, place: String, parts: String },
    #[error(
        "train.freeze (--freeze) names all of the network, and nothing would learn: leave one of its parts out, which are {parts}"
    )]
    Everything { parts: String },
}

/// Which of the parameters `names` are in one of `parts`.
///
/// # Errors
/// If a part has no parameter, or together they have all.
pub(super) fn frozen(names: &[&str], parts: &[String]) -> Result<Vec<bool>, FreezeError> {
    if let Some(part) = parts.iter().find(|part| !names.iter().any(|name| is_in(name, part))) {
        return Err(unknown(names, part));
    }
    let frozen: Vec<bool> = names.iter().map(|name| parts.iter().any(|part| is_in(name, part))).collect();
    if !names.is_empty() && frozen.iter().all(|&frozen| frozen) {
        return Err(FreezeError::Everything { parts: below(names, "") });
    }
    Ok(frozen)
}

/// How many elements of the parameters learn, in a run of these settings. The network is built for it.
///
/// # Errors
/// If what they freeze is no part of the network, or is all of it.
pub fn learning_parameters(settings: &Settings) -> Result<u64, FreezeError> {
    let recipe = &settings.recipe;
    let network = recipe.model.init(settings.shape, recipe.train.seed, &crate::tensor::cpu());
    let sizes = parameter_sizes(&network);
    let names: Vec<&str> = sizes.iter().map(|(name, _)| name.as_str()).collect();
    let frozen = frozen(&names, &recipe.train.freeze)?;
    Ok(sizes.iter().zip(frozen).filter(|(_, frozen)| !frozen).map(|((_, size), _)| *size as u64).sum())
}

/// The network with those parameters, in its own order, out of reach of gradients.
pub(super) fn freeze<M: Module>(network: M, frozen: &[bool]) -> M {
    network.map(&mut Freezer { frozen, index: 0 })
}

struct Freezer<'a> {
    frozen: &'a [bool],
    index: usize,
}

impl ModuleMapper for Freezer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let frozen = self.frozen[self.index];
        self.index += 1;
        if frozen { param.set_require_grad(false) } else { param }
    }
}

/// Whether a parameter is in a part: it has that name, or one that goes on behind it with a dot.
fn is_in(name: &str, part: &str) -> bool {
    rest(name, part).is_some()
}

/// What follows on `part` in a name; nothing in it if the part is not where the name begins.
fn rest<'a>(name: &'a str, part: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(part)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

/// What there is in the longest beginning of `part` that the network has.
fn unknown(names: &[&str], part: &str) -> FreezeError {
    let mut dots = part.match_indices('.').map(|(at, _)| &part[..at]);
    let known = dots.rfind(|part| names.iter().any(|name| is_in(name, part)));
    let place = known.map_or_else(|| "it".to_owned(), |known| format!("{known:?}"));
    FreezeError::Unknown { name: part.to_owned(), place, parts: below(names, known.unwrap_or_default()) }
}

/// The components that follow on `part`.
fn below(names: &[&str], part: &str) -> String {
    let rests = names.iter().filter_map(|name| if part.is_empty() { Some(*name) } else { rest(name, part) });
    let parts: BTreeSet<&str> = rests.filter_map(|rest| rest.split('.').next()).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "no parts".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] =
        ["time.linear1.weight", "down.1.norm", "down.10.norm", "downs", "up.0.attention.0.query.weight"];

    fn parts(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|&part| part.to_owned()).collect()
    }

    #[test]
    fn parts_are_whole_components() {
        for (part, expected) in [
            ("down", [false, true, true, false, false]),
            ("down.1", [false, true, false, false, false]),
            ("downs", [false, false, false, true, false]),
            ("up.0.attention", [false, false, false, false, true]),
            ("time.linear1.weight", [true, false, false, false, false]),
        ] {
            assert_eq!(frozen(&NAMES, &parts(&[part])), Ok(expected.to_vec()), "{part}");
        }
        assert_eq!(frozen(&NAMES, &[]), Ok(vec![false; 5]));
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        for (part, said) in [
            ("dow", "\"dow\", which this network does not have: it has down, downs, time, up"),
            ("", "\"\", which this network does not have: it has down, downs, time, up"),
            ("down.2", "\"down\" has 1, 10"),
            ("up.0.attention.query", "\"up.0.attention\" has 0"),
            ("down.", "\"down\" has 1, 10"),
            ("downs.0", "\"downs\" has no parts"),
        ] {
            let message = frozen(&NAMES, &parts(&["time", part])).unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let message = frozen(&NAMES, &parts(&["time", "down", "downs", "up"])).unwrap_err().to_string();
        assert!(
            message.contains("nothing would learn") && message.contains("down, downs, time, up"),
            "{message}"
        );
    }
}

//! Finding the state dict in a file, and whose code wrote it.

use super::ForeignError;
use crate::interop::diffusers::read_weights;
use crate::interop::torch::TorchFile;
use crate::models::weights::Weights;
use std::collections::BTreeSet;
use std::path::Path;

/// Whose code a state dict belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nichol & Dhariwal 2021 and Dhariwal & Nichol 2021: improved-diffusion and guided-diffusion.
    OpenAi,
    /// The ports of Ho et al. 2020 to PyTorch.
    Ho,
}

impl Origin {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI's diffusion code",
            Self::Ho => "a PyTorch port of Ho et al.",
        }
    }

    /// A tensor that every such network has.
    fn marker(self) -> &'static str {
        match self {
            Self::OpenAi => "time_embed.0.weight",
            Self::Ho => "temb.dense.0.weight",
        }
    }
}

/// Reads the state dict of a file: the only one, that under `key`, or by its name the averaged one or the other.
pub(super) fn read(
    path: &Path,
    asked: Option<Origin>,
    key: Option<&str>,
    averaged: bool,
) -> Result<(Origin, Weights), ForeignError> {
    if path.extension().is_some_and(|end| end == "safetensors") {
        let weights = read_weights(path)?;
        let (origin, prefix) = find(path, weights.keys().map(String::as_str), asked, key, averaged)?;
        let stripped = weights.into_iter().filter_map(|(name, array)| {
            let name = name.strip_prefix(&prefix)?.to_owned();
            Some((name, array))
        });
        return Ok((origin, stripped.collect()));
    }
    let file = TorchFile::open(path)?;
    let (origin, prefix) = find(path, file.names(), asked, key, averaged)?;
    Ok((origin, file.weights(&prefix)?))
}

fn find<'a>(
    path: &Path,
    names: impl Iterator<Item = &'a str> + Clone,
    asked: Option<Origin>,
    key: Option<&str>,
    averaged: bool,
) -> Result<(Origin, String), ForeignError> {
    let path = || path.to_owned();
    let prefixes = |marker: &str| -> BTreeSet<String> {
        let prefix = |name: &str| {
            let prefix = name.strip_suffix(marker)?;
            (prefix.is_empty() || prefix.ends_with('.')).then(|| prefix.to_owned())
        };
        names.clone().filter_map(prefix).collect()
    };
    let origins = [Origin::OpenAi, Origin::Ho].into_iter().map(|origin| (origin, prefixes(origin.marker())));
    let Some((origin, mut found)) = origins.into_iter().find(|(_, prefixes)| !prefixes.is_empty()) else {
        if names.clone().any(|name| name.ends_with("time_mlp.1.weight")) {
            return Err(ForeignError::Lucidrains { path: path() });
        }
        let names: Vec<&str> = names.take(4).collect();
        return Err(ForeignError::Unknown { path: path(), names: names.join(", ") });
    };
    if let Some(asked) = asked.filter(|asked| *asked != origin) {
        let (asked, found) = (asked.name(), origin.name());
        return Err(ForeignError::OtherOrigin { path: path(), asked, found });
    }
    let list = |found: &BTreeSet<String>| {
        found
            .iter()
            .map(|prefix| format!("{:?}", prefix.trim_end_matches('.')))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if let Some(key) = key {
        let beginning = format!("{key}.");
        let all = list(&found);
        found.retain(|prefix| prefix.starts_with(&beginning));
        if found.is_empty() {
            let found = match all.as_str() {
                "\"\"" => "it holds a single one, so leave --key out".to_owned(),
                all => format!("expected one of {all}"),
            };
            return Err(ForeignError::NoKey { path: path(), key: key.to_owned(), found });
        }
    }
    if found.len() > 1 {
        let of_kind = |prefix: &String| prefix.to_lowercase().contains("ema") == averaged;
        let chosen: BTreeSet<String> = found.iter().filter(|prefix| of_kind(prefix)).cloned().collect();
        if chosen.len() != 1 {
            return Err(ForeignError::Several { path: path(), found: list(&found) });
        }
        found = chosen;
    }
    Ok((origin, found.pop_first().unwrap_or_default()))
}

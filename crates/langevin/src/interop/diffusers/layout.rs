//! Where in a folder the parts of a pipeline lie: nested as pipelines are saved, or flat as a single model is.

use super::PipelineError;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const INDEX: &str = "model_index.json";
const NETWORK: &str = "config.json";
const SCHEDULER: &str = "scheduler_config.json";

/// The class of network that is read, and its name in the first versions.
const CLASSES: [&str; 2] = ["UNet2DModel", "UNetUnconditionalModel"];

/// The parts of an unconditional pipeline, found and read but for the weights.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The folder of the network's configuration and weights.
    pub network_folder: PathBuf,
    /// The network's configuration.
    pub network: Value,
    /// The scheduler's configuration, and where it lies.
    pub scheduler: (PathBuf, Value),
}

/// Whether a folder looks like a pipeline or a model that diffusers saved.
pub fn is_pipeline(folder: &Path) -> bool {
    let model = || read_json(&folder.join(NETWORK)).is_ok_and(|config| config.get("_class_name").is_some());
    folder.join(INDEX).is_file() || model()
}

impl Layout {
    /// Finds the parts in a pipeline's folder, or in that of its network.
    ///
    /// # Errors
    /// If a part is missing or is no JSON, or if the folder holds something else than one unconditional U-Net; the
    /// message says what.
    pub fn find(folder: &Path) -> Result<Self, PipelineError> {
        let index = folder.join(INDEX);
        if index.is_file() {
            check_parts(&index, &read_json(&index)?)?;
        }
        let nested = folder.join("unet");
        let network_folder = if nested.join(NETWORK).is_file() || !folder.join(NETWORK).is_file() {
            nested
        } else {
            folder.to_owned()
        };
        let path = network_folder.join(NETWORK);
        let network = read_json(&path)?;
        let class = network["_class_name"].as_str().unwrap_or("a model without _class_name");
        if !CLASSES.contains(&class) {
            return Err(PipelineError::NotAUnet { path, what: class.to_owned() });
        }
        let path = find_scheduler(folder, &network_folder)?;
        let scheduler = read_json(&path)?;
        Ok(Self { network_folder, network, scheduler: (path, scheduler) })
    }
}

/// Refuses a pipeline that has other parts than a U-Net and a scheduler.
fn check_parts(path: &Path, index: &Value) -> Result<(), PipelineError> {
    let refuse = |what: String| Err(PipelineError::NotAUnet { path: path.to_owned(), what });
    let pipeline = index["_class_name"].as_str().unwrap_or("a pipeline without _class_name");
    let class = |part: &Value| Some(part.as_array()?.get(1)?.as_str()?.to_owned());
    let parts = index.as_object().into_iter().flatten();
    let others: Vec<&str> = parts
        .filter(|(name, part)| !matches!(name.as_str(), "unet" | "scheduler") && class(part).is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    if !others.is_empty() {
        return refuse(format!("{pipeline}, which also needs {}", others.join(", ")));
    }
    match class(&index["unet"]) {
        Some(class) if CLASSES.contains(&&*class) => Ok(()),
        Some(class) => refuse(format!("{pipeline} of a {class}")),
        None => refuse(format!("{pipeline} without a U-Net")),
    }
}

/// In its own folder, beside the network's, or among the network's files.
fn find_scheduler(folder: &Path, network_folder: &Path) -> Result<PathBuf, PipelineError> {
    let inner = Path::new("scheduler").join(SCHEDULER);
    let mut places = vec![folder.join(&inner), folder.join(SCHEDULER), network_folder.join(SCHEDULER)];
    // The folder of the network alone may still lie in its pipeline.
    places.extend(
        folder.parent().filter(|parent| parent.join(INDEX).is_file()).map(|parent| parent.join(&inner)),
    );
    match places.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(PipelineError::NoScheduler { path: places.swap_remove(0) }),
    }
}

pub(super) fn read_json(path: &Path) -> Result<Value, PipelineError> {
    let text =
        fs::read_to_string(path).map_err(|cause| PipelineError::Read { path: path.to_owned(), cause })?;
    parse_json(&text).map_err(|message| PipelineError::Json { path: path.to_owned(), message })
}

/// JSON as Python writes it: with numbers that JSON has not, which become null.
///
/// # Errors
/// If it is not JSON otherwise.
pub fn parse_json(text: &str) -> Result<Value, String> {
    // Between two quotes stands a string; a quote after a backslash is part of one.
    let mut plain = String::with_capacity(text.len());
    for (index, part) in split_strings(text).into_iter().enumerate() {
        let outside = index % 2 == 0;
        let cleared = || part.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
        plain += &if outside { cleared() } else { part.to_owned() };
    }
    serde_json::from_str(&plain).map_err(|error| error.to_string())
}

/// What stands outside of strings and the strings themselves with their quotes, in turn.
fn split_strings(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut inside, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        if letter == '"' && !escaped {
            // The opening quote begins the string, the closing one ends it.
            let end = if inside { at + 1 } else { at };
            parts.push(&text[start..end]);
            (start, inside) = (end, !inside);
        }
        escaped = inside && letter == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_that_json_has_not_are_null() {
        let text = r#"{"a": -Infinity, "b \" NaN": [NaN, 1.5], "c": "Infinity \\", "d": Infinity}"#;
        let expected = json!({"a": null, "b \" NaN": [null, 1.5], "c": "Infinity \\", "d": null});
        assert_eq!(parse_json(text).unwrap(), expected);
        assert!(parse_json("{\"a\": ").is_err());
    }
}

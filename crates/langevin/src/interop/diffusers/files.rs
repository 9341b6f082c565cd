//! The files of a model's weights: one or several, safetensors or pickled, plain or a variant.

use super::PipelineError;
use super::layout::read_json;
use crate::interop::safetensors;
use crate::interop::torch::TorchFile;
use crate::models::weights::Weights;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

const STEM: &str = "diffusion_pytorch_model";

/// The name of the first versions.
const OLDEST: &str = "diffusion_model.pt";

/// The weights of a model: where they are, not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightFiles {
    /// All in one file.
    One(PathBuf),
    /// In the parts that this index names.
    Parts(PathBuf),
}

impl WeightFiles {
    /// Finds the weights in a model's folder: safetensors before pickled files, plain ones before a variant such as
    /// `fp16`.
    ///
    /// # Errors
    /// If there are none, or several variants and no plain ones.
    pub fn find(folder: &Path) -> Result<Self, PipelineError> {
        let plain = [
            format!("{STEM}.safetensors"),
            format!("{STEM}.safetensors.index.json"),
            format!("{STEM}.bin"),
            format!("{STEM}.bin.index.json"),
            OLDEST.to_owned(),
        ];
        if let Some(path) = plain.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
            return Ok(Self::of(path));
        }
        let entries =
            fs::read_dir(folder).map_err(|cause| PipelineError::Read { path: folder.to_owned(), cause })?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut variants = BTreeMap::new();
        // In the order of the names, so that .safetensors replaces .bin.
        for name in names.collect::<BTreeSet<String>>() {
            if let Some(variant) = variant_of(&name) {
                variants.insert(variant.to_owned(), name);
            }
        }
        let mut found: Vec<String> = variants.into_values().collect();
        match found.len() {
            0 => Err(PipelineError::NoWeights { folder: folder.to_owned() }),
            1 => Ok(Self::of(folder.join(found.remove(0)))),
            _ => Err(PipelineError::Variants { folder: folder.to_owned(), found: found.join(", ") }),
        }
    }

    fn of(path: PathBuf) -> Self {
        if path.extension().is_some_and(|end| end == "json") { Self::Parts(path) } else { Self::One(path) }
    }

    /// Every file with weights in it.
    ///
    /// # Errors
    /// If the index of the parts is missing or unsound.
    pub fn paths(&self) -> Result<BTreeSet<PathBuf>, PipelineError> {
        match self {
            Self::One(path) => Ok(BTreeSet::from([path.clone()])),
            Self::Parts(index) => {
                Ok(read_index(index)?.into_values().map(|file| index.with_file_name(file)).collect())
            }
        }
    }

    /// Reads the weights, under the names that they have there.
    ///
    /// # Errors
    /// If a file is missing or malformed, or a part lacks what the index promises; the message names it.
    pub fn read(&self) -> Result<Weights, PipelineError> {
        let Self::Parts(index) = self else {
            return self.paths()?.iter().next().map_or_else(|| Ok(Weights::new()), |path| read_file(path));
        };
        let map = read_index(index)?;
        let mut parts = BTreeMap::new();
        for file in map.values() {
            if !parts.contains_key(file) {
                parts.insert(file.clone(), read_file(&index.with_file_name(file))?);
            }
        }
        for (name, file) in &map {
            if !parts[file].contains_key(name) {
                let (path, name, file) = (index.clone(), name.clone(), file.clone());
                return Err(PipelineError::NotInPart { path, name, file });
            }
        }
        // What no index names is in a part nevertheless: it is kept, and told as unexpected.
        Ok(parts.into_values().flatten().collect())
    }
}

/// The variant in the name of a file: `fp16` in `diffusion_pytorch_model.fp16.bin`.
fn variant_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(STEM)?.strip_prefix('.')?;
    let of_index = |kind: &str| {
        let rest = rest.strip_prefix(kind)?.strip_prefix(".index.")?;
        rest.strip_suffix(".json").filter(|variant| !variant.is_empty())
    };
    let whole = rest.strip_suffix(".safetensors").or_else(|| rest.strip_suffix(".bin"));
    // `fp16-00001-of-00002` is a part, which an index names.
    let whole = whole.filter(|variant| !variant.contains("-of-") && !variant.contains(".index"));
    whole.or_else(|| of_index("safetensors")).or_else(|| of_index("bin"))
}

/// The file of each array, by an index; files lie beside it.
fn read_index(path: &Path) -> Result<BTreeMap<String, String>, PipelineError> {
    let unsound = |message: String| PipelineError::Index { path: path.to_owned(), message };
    let json = read_json(path)?;
    let map = json["weight_map"].as_object().filter(|map| !map.is_empty());
    let map = map.ok_or_else(|| unsound("it has no weight_map".to_owned()))?;
    map.iter()
        .map(|(name, file)| {
            let file = file.as_str().ok_or_else(|| unsound(format!("{name} has no file: {file}")))?;
            let mut parts = Path::new(file).components();
            match (parts.next(), parts.next()) {
                (Some(Component::Normal(_)), None) => Ok((name.clone(), file.to_owned())),
                _ => Err(unsound(format!(
                    "{name} lies in {file:?}, which is not the name of a file beside it"
                ))),
            }
        })
        .collect()
}

/// The arrays of one file: safetensors by its extension, anything else by PyTorch.
pub(crate) fn read_file(path: &Path) -> Result<Weights, PipelineError> {
    if path.extension().is_some_and(|end| end == "safetensors") {
        return Ok(safetensors::read(path)?);
    }
    Ok(TorchFile::open(path)?.weights("")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_told_from_parts() {
        for (name, variant) in [
            ("diffusion_pytorch_model.fp16.safetensors", Some("fp16")),
            ("diffusion_pytorch_model.non_ema.bin", Some("non_ema")),
            ("diffusion_pytorch_model.safetensors.index.fp16.json", Some("fp16")),
            ("diffusion_pytorch_model.fp16-00001-of-00002.safetensors", None),
            ("diffusion_pytorch_model-00001-of-00002.safetensors", None),
            ("diffusion_pytorch_model.onnx", None),
            ("config.json", None),
        ] {
            assert_eq!(variant_of(name), variant, "{name}");
        }
    }
}

//! Weights, and what says what they are: safetensors, PyTorch's files, pipelines of diffusers, checkpoints.

use super::Files;
use super::frame::{parts, safetensors as framed, split, zeros, zipped};
use langevin::TrainedModel;
use langevin::features::{self, Kind};
use langevin::interop::foreign::{ForeignOptions, open_foreign};
use langevin::interop::torch::TorchFile;
use langevin::train::{Checkpoint, MetricsLog, WeightsKind, find_checkpoint};
use std::fs;
use std::path::Path;

/// A file as it is, or where it begins with a brace, its header and its data.
pub fn safetensors_files(data: &[u8]) -> Files {
    let file = if data.starts_with(b"{") {
        let [header, values] = parts(data);
        framed(header, values)
    } else {
        data.to_vec()
    };
    vec![("model.safetensors", file)]
}

pub fn safetensors(folder: &Path) {
    let path = folder.join("model.safetensors");
    let _ = langevin::interop::safetensors::read(&path);
    let _ = langevin::interop::safetensors::read_chosen(&path, |name| name.len().is_multiple_of(2));
}

/// Names and shapes, and settings for the network, one a line; the size of its pictures is one of them, such as `16x24`.
pub fn state_dict_files(data: &[u8]) -> Files {
    let [lines, settings] = parts(data);
    vec![("model.safetensors", zeros(lines)), ("settings", settings.to_vec())]
}

pub fn state_dict(folder: &Path) {
    let settings = fs::read(folder.join("settings")).unwrap_or_default();
    let settings = String::from_utf8_lossy(&settings);
    let (sizes, set): (Vec<_>, Vec<_>) = settings.lines().take(8).partition(|line| size(line).is_some());
    let options = ForeignOptions {
        size: sizes.first().and_then(|line| size(line)),
        set: set.into_iter().map(str::to_owned).collect(),
        ..ForeignOptions::default()
    };
    let _ = open_foreign(&folder.join("model.safetensors"), &options);
}

fn size(line: &str) -> Option<[usize; 2]> {
    let (height, width) = line.split_once('x')?;
    Some([height.parse().ok()?, width.parse().ok()?])
}

/// Names and shapes.
pub fn classifier_files(data: &[u8]) -> Files {
    vec![("model.safetensors", zeros(data))]
}

/// Loads them as one network or the other, by the length of the file.
pub fn classifier(folder: &Path) {
    let path = folder.join("model.safetensors");
    let length = path.metadata().map_or(0, |facts| facts.len() as usize);
    let _ = features::load(Kind::ALL[length / 4 % Kind::ALL.len()], &path);
}

/// A file as it is: an archive, or a stream of pickles.
pub fn torch_files(data: &[u8]) -> Files {
    vec![("model.pt", data.to_vec())]
}

/// A pickle and the storages that it speaks of, in an archive.
pub fn pickle_files(data: &[u8]) -> Files {
    let mut parts = split(data);
    let mut entries: Vec<&[u8]> = vec![b"archive/data.pkl", parts.next().unwrap_or_default()];
    for (name, storage) in
        [&b"archive/data/0"[..], b"archive/data/1", b"archive/data/2"].into_iter().zip(parts)
    {
        entries.extend([name, storage]);
    }
    entries.extend([&b"archive/version"[..], b"3\n"]);
    vec![("model.pt", zipped(false, entries.into_iter()))]
}

pub fn torch(folder: &Path) {
    let Ok(file) = TorchFile::open(&folder.join("model.pt")) else { return };
    let _ = file.weights("");
    let _ = file.chosen(|name| name.strip_prefix("model."));
}

/// The three descriptions of a pipeline, the index of its weights, and their names and shapes.
pub fn pipeline_files(data: &[u8]) -> Files {
    let [index, network, scheduler, parts, lines] = parts(data);
    let mut files = vec![
        ("model_index.json", index.to_vec()),
        ("unet/config.json", network.to_vec()),
        ("scheduler/scheduler_config.json", scheduler.to_vec()),
    ];
    if parts.is_empty() {
        files.push(("unet/diffusion_pytorch_model.safetensors", zeros(lines)));
    } else {
        files.push(("unet/diffusion_pytorch_model.safetensors.index.json", parts.to_vec()));
        files.push(("unet/part.safetensors", zeros(lines)));
    }
    files
}

/// The state of a checkpoint, its recipe, the names and shapes of its weights, and the metrics of the run.
pub fn checkpoint_files(data: &[u8]) -> Files {
    let [state, recipe, lines, metrics] = parts(data);
    let weights = zeros(lines);
    vec![
        ("langevin/state.json", state.to_vec()),
        ("langevin/recipe.toml", recipe.to_vec()),
        ("langevin/ema.safetensors", weights.clone()),
        ("langevin/optimizer.safetensors", weights.clone()),
        ("langevin/losses.safetensors", weights),
        ("metrics.jsonl", metrics.to_vec()),
    ]
}

/// Loads the model in a folder: a pipeline or a checkpoint.
pub fn model(folder: &Path) {
    let Ok(found) = find_checkpoint(folder) else { return };
    let Ok(checkpoint) = Checkpoint::open(&found) else { return };
    if let Some(pipeline) = &checkpoint.pipeline {
        let _ = pipeline.weight_bytes();
        let _ = pipeline.weights(&[]);
    } else {
        let _ = checkpoint.moments(&[("output.bias".to_owned(), vec![2])]);
        let _ = checkpoint.loss_history(checkpoint.settings.recipe.diffusion.timesteps);
        let _ = MetricsLog::open(&folder.join("metrics.jsonl"), 100);
    }
    let _ = TrainedModel::of(checkpoint, WeightsKind::Ema);
}

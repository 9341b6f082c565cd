//! The files of a checkpoint, one by one.

use super::{CheckpointError, EMA, HISTORY, OPTIMIZER, RAW, RECIPE, STATE, State, TrainingState};
use crate::config::Settings;
use crate::diffusion::Bound;
use crate::files::write_whole;
use crate::interop::diffusers::PipelineModel;
use crate::interop::safetensors::{self, SafetensorsError};
use crate::models::ModelConfig;
use crate::models::weights::{Array, Weights};
use crate::train::progress::Progress;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// The averaged weights of a U-Net: as a pipeline, or where diffusers has no such model, in a file of ours.
pub(super) fn write_unet(
    folder: &Path,
    model: PipelineModel,
    weights: Weights,
) -> Result<(), SafetensorsError> {
    if model.check().is_err() {
        return safetensors::write(&folder.join(EMA), &weights);
    }
    model.write(folder, weights)
}

pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |cause| CheckpointError::Write { path, cause }
}

/// The recipe and the state; `bound` where it is not what such samples usually have.
pub(super) fn write_settings(
    folder: &Path,
    settings: &Settings,
    progress: Progress,
    bound: Option<Bound>,
) -> Result<(), CheckpointError> {
    let text = settings.recipe.to_toml();
    write_text(&folder.join(RECIPE), &text).map_err(failed(&folder.join(RECIPE)))?;
    let Settings { shape, levels, data, ref class_names, .. } = *settings;
    let class_names = class_names.clone();
    let state = State { format: 1, progress, shape, levels, data, class_names, bound };
    let text = serde_json::to_string_pretty(&state).expect("a state has a JSON form");
    write_text(&folder.join(STATE), &text).map_err(failed(&folder.join(STATE)))
}

fn write_text(path: &Path, text: &str) -> std::io::Result<()> {
    write_whole(path, |file| file.write_all(text.as_bytes()))
}

pub(super) fn write_arrays(
    folder: &Path,
    settings: &Settings,
    state: TrainingState,
) -> Result<(), CheckpointError> {
    safetensors::write(&folder.join(RAW), &state.raw)?;
    // Gone before the average is copied: a checkpoint takes one copy of the parameters, not two.
    drop(state.raw);
    let (parameters, mut moments) = (state.parameters, BTreeMap::new());
    for (prefix, arrays) in [("first", state.first), ("second", state.second)] {
        for ((name, shape), values) in parameters.iter().zip(arrays) {
            moments.insert(format!("{prefix}.{name}"), (&shape[..], &values[..]));
        }
    }
    safetensors::write_borrowed(&folder.join(OPTIMIZER), &moments)?;
    if let Some(history) = state.history {
        let (counts, losses) = history.stored();
        let shapes = ([counts.len()], [counts.len(), losses.len() / counts.len()]);
        let arrays: BTreeMap<String, safetensors::Borrowed> = BTreeMap::from([
            ("counts".to_owned(), (&shapes.0[..], &counts[..])),
            ("losses".to_owned(), (&shapes.1[..], &losses[..])),
        ]);
        safetensors::write_borrowed(&folder.join(HISTORY), &arrays)?;
    }
    let averages = parameters.iter().zip(state.ema);
    match &settings.recipe.model {
        ModelConfig::Unet(config) => {
            let array =
                |shape: &[usize], values: &[f32]| Array { shape: shape.into(), values: values.into() };
            let ema = averages.map(|((name, shape), values)| (name.clone(), array(shape, values))).collect();
            let (diffusion, shape, bound) = (&settings.recipe.diffusion, settings.shape, settings.bound());
            write_unet(folder, PipelineModel { network: config, diffusion, shape, bound }, ema)?;
        }
        ModelConfig::Mlp(_) | ModelConfig::Classifier(_) => {
            let ema = averages.map(|((name, shape), values)| (name.clone(), (&shape[..], &values[..])));
            safetensors::write_borrowed(&folder.join(EMA), &ema.collect())?;
        }
    }
    Ok(())
}

//! A pipeline that diffusers saved, as settings of ours and weights to load.

use super::{
    Layout, PipelineError, SamplerHints, WeightFiles, from_diffusers, read_scheduler, unet_from_config,
};
use crate::config::{DataConfig, DataFacts, Recipe, SampleConfig, Settings, builtin_recipe};
use crate::models::ModelConfig;
use crate::models::weights::Weights;
use crate::tensor::SampleShape;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Levels of a picture's values: what a pipeline is for is pictures of eight bits.
const LEVELS: u32 = 256;

/// A pipeline of one unconditional U-Net: its settings, read; its weights, on demand.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The folder that it was asked for by.
    pub folder: PathBuf,
    /// The network and its process; training and data are what a recipe of ours has by default.
    pub settings: Settings,
    /// Whether x̂_0 is bounded to [−1, 1] in sampling.
    pub clip: bool,
    /// What the scheduler says of sampling.
    pub hints: SamplerHints,
    weights: WeightFiles,
}

impl Pipeline {
    /// Reads everything but the weights; `size`, height and width, is for networks that do not say their own.
    ///
    /// # Errors
    /// If a part is missing or unsound, or has a setting that is not supported; all such settings are listed.
    pub fn open(folder: &Path, size: Option<[usize; 2]>) -> Result<Self, PipelineError> {
        let layout = Layout::find(folder)?;
        let path = layout.network_folder.join("config.json");
        let config = |message: String| PipelineError::Config { path: path.clone(), message };
        let network = unet_from_config(&layout.network).map_err(config)?;
        let shape = sample_shape(&layout.network, size, &path)?;
        let (scheduler_path, scheduler) = &layout.scheduler;
        let scheduler = read_scheduler(scheduler)
            .map_err(|message| PipelineError::Config { path: scheduler_path.clone(), message })?;
        let mut recipe = recipe_around(ModelConfig::Unet(network));
        recipe.diffusion = scheduler.diffusion;
        let settings = settings_around(recipe, shape);
        settings.check().map_err(|cause| PipelineError::Settings { path, cause })?;
        Ok(Self {
            folder: folder.to_owned(),
            settings,
            clip: scheduler.clip,
            hints: scheduler.hints,
            weights: WeightFiles::find(&layout.network_folder)?,
        })
    }

    /// The weights under our names, for a network whose parameters are `names`; what no parameter corresponds to keeps
    /// its own.
    ///
    /// # Errors
    /// If a file is missing or malformed.
    pub fn weights(&self, names: &[String]) -> Result<Weights, PipelineError> {
        Ok(from_diffusers(self.weights.read()?, names))
    }

    /// Bytes of the files of weights, together.
    ///
    /// # Errors
    /// If one is missing; the message names it.
    pub fn weight_bytes(&self) -> Result<u64, PipelineError> {
        let sizes = self.weights.paths()?.into_iter().map(|path| match fs::metadata(&path) {
            Ok(facts) => Ok(facts.len()),
            Err(cause) => Err(PipelineError::Read { path, cause }),
        });
        sizes.sum()
    }
}

/// A recipe for a network that was trained elsewhere: its training settings are those of the built-in recipe for small
/// colour pictures, for who trains on.
pub(crate) fn recipe_around(model: ModelConfig) -> Recipe {
    let recipe = builtin_recipe("cifar10").expect("the recipe is built in");
    Recipe {
        description: "A network that was trained by another program".to_owned(),
        data: DataConfig::default(),
        sample: SampleConfig::default(),
        model,
        ..recipe
    }
}

/// Settings of a recipe that has not met data.
pub(crate) fn settings_around(recipe: Recipe, shape: SampleShape) -> Settings {
    Settings { recipe, shape, levels: Some(LEVELS), data: DataFacts { count: 0, checksum: 0 } }
}

fn sample_shape(config: &Value, size: Option<[usize; 2]>, path: &Path) -> Result<SampleShape, PipelineError> {
    let wrong = |field: &str, expected: &str| {
        let message = format!("{field} is {}, expected {expected}", config[field]);
        PipelineError::Config { path: path.to_owned(), message }
    };
    let count = |value: &Value| value.as_u64().filter(|count| *count > 0).map(|count| count as usize);
    let channels = count(&config["in_channels"]).ok_or_else(|| wrong("in_channels", "a count"))?;
    let said = match &config["sample_size"] {
        Value::Null => None,
        Value::Array(sides) => match sides.iter().map(count).collect::<Option<Vec<_>>>().as_deref() {
            Some(&[height, width]) => Some([height, width]),
            _ => return Err(wrong("sample_size", "[height, width]")),
        },
        side => Some([count(side).ok_or_else(|| wrong("sample_size", "a count"))?; 2]),
    };
    let [height, width] = size.or(said).ok_or_else(|| PipelineError::NoSize { path: path.to_owned() })?;
    Ok(SampleShape { height, width, channels })
}

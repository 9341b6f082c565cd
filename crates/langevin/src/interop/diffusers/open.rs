//! A pipeline that diffusers saved, as settings of ours and weights to load.

use super::{
    Layout, PipelineError, Scheduler, WeightFiles, from_diffusers, read_scheduler, read_unet_config,
};
use crate::config::{DataConfig, DataFacts, DiffusionConfig, Recipe, SampleConfig, Settings, builtin_recipe};
use crate::models::ModelConfig;
use crate::models::weights::Weights;
use crate::tensor::SampleShape;
use langevin_math::{DiffusionTable, Objective, Variance};
use std::fs;
use std::path::{Path, PathBuf};

/// Levels of a picture's values: what a pipeline is for is pictures of eight bits.
const LEVELS: u32 = 256;

/// The longest side of a picture.
const MAX_SIDE: usize = 32_768;

/// A pipeline of one unconditional U-Net: its settings, read; its weights, on demand.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The folder that it was asked for by.
    pub folder: PathBuf,
    /// The network and its process; training and data are what a recipe of ours has by default.
    pub settings: Settings,
    /// Its scheduler: how it is sampled from where nothing else is asked for.
    pub scheduler: Scheduler,
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
        let unet = read_unet_config(&layout.network).map_err(config)?;
        let said = unet.size.map(|(height, width)| [height, width]);
        let [height, width] = size.or(said).ok_or_else(|| PipelineError::NoSize { path: path.clone() })?;
        let shape = SampleShape { height, width, channels: unet.channels };
        let (scheduler_path, scheduler) = &layout.scheduler;
        let scheduler = read_scheduler(scheduler)
            .map_err(|message| PipelineError::Config { path: scheduler_path.clone(), message })?;
        let mut recipe = recipe_around(ModelConfig::Unet(unet.network));
        recipe.diffusion = scheduler.diffusion;
        let settings = settings_around(recipe, shape);
        check(&settings).map_err(config)?;
        Ok(Self {
            folder: folder.to_owned(),
            settings,
            scheduler: scheduler.scheduler,
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

/// Checks that a network from elsewhere can be built for its samples, and gives what its process needs.
pub(crate) fn check(settings: &Settings) -> Result<(), String> {
    let Settings { recipe, shape, .. } = settings;
    if !(1..=4).contains(&shape.channels) {
        let channels = shape.channels;
        return Err(format!("its samples have {channels} channels, expected pictures of 1 to 4"));
    }
    let SampleShape { height, width, .. } = *shape;
    if ![height, width].iter().all(|side| (1..=MAX_SIDE).contains(side)) {
        return Err(format!("its samples are {height}x{width}, expected sides of 1 to {MAX_SIDE}"));
    }
    recipe.model.validate_build(*shape).map_err(|error| error.to_string())?;
    let DiffusionConfig { timesteps, schedule, variance, .. } = &recipe.diffusion;
    let betas = schedule.betas(*timesteps).and_then(DiffusionTable::new);
    betas.map_err(|error| format!("its noise schedule does not work: {error}"))?;
    let ModelConfig::Unet(network) = &recipe.model else { return Ok(()) };
    let (learned, outputs) = (*variance == Variance::Learned, network.outputs(shape.channels));
    let expected = if learned { 2 * shape.channels } else { shape.channels };
    if outputs == expected {
        return Ok(());
    }
    let variance = if learned { "a learned" } else { "a fixed" };
    Err(format!("its network gives {outputs} channels, expected {expected} for {variance} variance"))
}

/// A recipe for a network that was trained elsewhere: its training settings are those of the built-in recipe for small
/// colour pictures, for who trains on.
pub(crate) fn recipe_around(model: ModelConfig) -> Recipe {
    let recipe = builtin_recipe("cifar10").expect("the recipe is built in");
    let objective = match &model {
        ModelConfig::Classifier(_) => Objective::CrossEntropy { clean: false },
        ModelConfig::Unet(_) | ModelConfig::Mlp(_) => recipe.objective,
    };
    Recipe {
        description: "A network that was trained by another program".to_owned(),
        data: DataConfig::default(),
        sample: SampleConfig::default(),
        model,
        objective,
        ..recipe
    }
}

/// Settings of a recipe that has not met data.
pub(crate) fn settings_around(recipe: Recipe, shape: SampleShape) -> Settings {
    Settings {
        recipe,
        shape,
        levels: Some(LEVELS),
        data: DataFacts { count: 0, checksum: 0 },
        class_names: Vec::new(),
    }
}

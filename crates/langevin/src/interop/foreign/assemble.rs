//! From a state dict to settings and weights of ours.

use super::published::{Published, openai_linear};
use super::{AttentionOrder, ForeignError, Origin, dict, ho, openai};
use crate::config::{DiffusionConfig, Recipe, Settings};
use crate::interop::diffusers::{check, from_diffusers, recipe_around, settings_around};
use crate::models::weights::{Weights, check_weights, parameter_names};
use crate::models::{ClassifierConfig, ModelConfig, UNetConfig};
use crate::tensor::{SampleShape, cpu};
use langevin_math::{Prediction, Schedule, Variance};
use std::path::Path;

/// Parameters that a file may lack and still be told which.
const MOST_MISSING: u64 = 1 << 20;

/// What is known of a state dict beside what it says.
#[derive(Clone, Debug, Default)]
pub struct ForeignOptions {
    /// Whose code wrote it; `None` looks at the names.
    pub origin: Option<Origin>,
    /// Height and width of the pictures.
    pub size: Option<[usize; 2]>,
    /// Settings as in `model.heads=4`, in place of what is assumed.
    pub set: Vec<String>,
    /// The order of the attentions' joint projections.
    pub order: Option<AttentionOrder>,
    /// Where in the file the state dict lies, if there are several.
    pub key: Option<String>,
    /// Of several, the averaged one.
    pub averaged: bool,
}

/// A network out of a state dict.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Whose code wrote it.
    pub origin: Origin,
    /// The network, its process and its samples.
    pub settings: Settings,
    /// The weights under our names, one for each parameter.
    pub weights: Weights,
    /// What the file does not say and nobody set, in words.
    pub assumed: Vec<String>,
}

/// What names and shapes tell, and what was published of such networks.
pub(super) struct Inferred {
    /// The network, or a classifier's encoder.
    pub network: UNetConfig,
    /// Of a classifier.
    pub pool: Option<Pool>,
    /// Channels of a sample.
    pub channels: usize,
    pub published: Published,
}

/// What makes a classifier of an encoder.
pub(super) struct Pool {
    pub classes: usize,
}

/// Reads a state dict of OpenAI's diffusion code or of a port of Ho et al., and makes of it a network of ours.
///
/// # Errors
/// If the file cannot be read or is of another origin, holds several state dicts, or does not go together with the
/// settings; all missing, unexpected and mis-shaped arrays are listed.
pub fn open_foreign(path: &Path, options: &ForeignOptions) -> Result<Foreign, ForeignError> {
    let (origin, weights) = dict::read(path, options.origin, options.key.as_deref(), options.averaged)?;
    let inferred = match origin {
        Origin::OpenAi if openai::classifier::is_one(&weights) => {
            openai::classifier::infer(path, &weights, options.size)?
        }
        Origin::OpenAi => openai::infer(path, &weights)?,
        Origin::Ho => ho::infer(path, &weights)?,
    };
    let (recipe, mut assumed) = recipe(origin, &inferred, options)?;
    let side = inferred.published.side.map(|side| [side, side]);
    let size = options.size.or(side).ok_or_else(|| ForeignError::NoSize { path: path.to_owned() })?;
    if options.size.is_none() {
        assumed.push(format!("pictures of {}x{} (--size)", size[0], size[1]));
    }
    let order = options.order.unwrap_or(inferred.published.order);
    if options.order.is_none() && origin == Origin::OpenAi {
        let name = match order {
            AttentionOrder::HeadsFirst => "heads-first",
            AttentionOrder::QueriesFirst => "queries-first",
        };
        assumed.push(format!("{name} projections (--attention-order)"));
    }
    let shape = SampleShape { height: size[0], width: size[1], channels: inferred.channels };
    let settings = settings_around(recipe, shape);
    check(&settings).map_err(|message| ForeignError::Settings { path: path.to_owned(), message })?;
    // Shapes are easily claimed: a network far larger than the file is not built to find that out.
    let held: usize = weights.values().map(|array| array.values.len()).sum();
    let parameters = settings.recipe.model.parameter_count(shape);
    if parameters > 4 * held as u64 + MOST_MISSING {
        let message = format!("they ask for {parameters} parameters, but the file holds {held} numbers");
        return Err(ForeignError::Settings { path: path.to_owned(), message });
    }
    let renamed = match (origin, &settings.recipe.model) {
        (Origin::OpenAi, ModelConfig::Unet(network)) => openai::rename(weights, network, order),
        (Origin::OpenAi, ModelConfig::Classifier(classifier)) => {
            openai::classifier::rename(weights, &classifier.encoder, order)
        }
        (Origin::Ho, ModelConfig::Unet(network)) => ho::rename(weights, network),
        _ => {
            let message = "model.kind is not that of the file's network: leave it as it is".to_owned();
            return Err(ForeignError::Settings { path: path.to_owned(), message });
        }
    };
    let model = settings.recipe.model.init(shape, 0, &cpu());
    let weights = from_diffusers(renamed, &parameter_names(&model));
    check_weights(&model, &weights).map_err(|cause| ForeignError::Misfit { path: path.to_owned(), cause })?;
    Ok(Foreign { origin, settings, weights, assumed })
}

/// The recipe, with what was set in place of what is assumed, and what remains assumed.
fn recipe(
    origin: Origin,
    inferred: &Inferred,
    options: &ForeignOptions,
) -> Result<(Recipe, Vec<String>), ForeignError> {
    let Inferred { network, pool, channels, published } = inferred;
    let mut network = network.clone();
    (network.heads, network.head_size) = (published.heads, published.head_size);
    let learned = network.outputs(*channels) == 2 * channels;
    let is_set = |key: &str| options.set.iter().any(|assignment| assignment.trim_start().starts_with(key));
    let table = table(pool.is_some());
    let is_model_set = |key: &str| is_set(&format!("{table}.{key}"));
    if is_model_set("heads") || is_model_set("head_size") {
        (network.heads, network.head_size) = (None, None);
    }
    let mut recipe = recipe_around(match pool {
        None => ModelConfig::Unet(network),
        Some(Pool { classes }) => ModelConfig::Classifier(ClassifierConfig {
            classes: *classes,
            pool_head_size: None,
            encoder: network,
        }),
    });
    recipe.diffusion = DiffusionConfig {
        timesteps: published.timesteps,
        schedule: published.schedule.clone(),
        prediction: Prediction::Epsilon,
        variance: if learned { Variance::Learned } else { published.variance },
    };
    for assignment in &options.set {
        recipe = recipe.with_assignment(assignment)?;
    }
    let timesteps = recipe.diffusion.timesteps;
    let betas_set = is_set("diffusion.schedule.beta") || is_set("diffusion.schedule=");
    if matches!(recipe.diffusion.schedule, Schedule::Linear { .. }) && !betas_set {
        recipe.diffusion.schedule = openai_linear(timesteps);
    }
    match &mut recipe.model {
        ModelConfig::Unet(network) if published.rescale && !is_model_set("timestep_scale") => {
            network.timestep_scale = 1000.0 / timesteps as f64;
        }
        // There, one number is the size of every head.
        ModelConfig::Classifier(classifier) if !is_set("model.pool_head_size") => {
            classifier.pool_head_size = classifier.encoder.head_size;
        }
        _ => {}
    }
    let assumed = assumed(origin, &recipe, &is_set);
    Ok((recipe, assumed))
}

/// The table of a recipe that has the U-Net's settings, or a classifier's encoder's.
fn table(classifier: bool) -> &'static str {
    if classifier { "model.encoder" } else { "model" }
}

fn assumed(origin: Origin, recipe: &Recipe, is_set: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut assumed = Vec::new();
    let mut note = |key: &str, what: String| {
        if !is_set(key) {
            assumed.push(format!("{what} (--set {key}=...)"));
        }
    };
    let (network, table) = match &recipe.model {
        ModelConfig::Unet(network) => (Some(network), table(false)),
        ModelConfig::Classifier(classifier) => (Some(&classifier.encoder), table(true)),
        ModelConfig::Mlp(_) => (None, table(false)),
    };
    if let Some(network) = network {
        let key = |name: &str| format!("{table}.{name}");
        match (network.heads, network.head_size) {
            (Some(heads), _) if origin == Origin::OpenAi => note(&key("heads"), format!("{heads} heads")),
            (None, Some(size)) if !is_set(&key("heads")) => {
                note(&key("head_size"), format!("heads of {size} channels"));
            }
            _ => {}
        }
        if origin == Origin::OpenAi && recipe.diffusion.timesteps != 1000 {
            let scale = network.timestep_scale;
            note(&key("timestep_scale"), format!("timesteps told times {scale}"));
        }
    }
    let kind = match recipe.diffusion.schedule {
        Schedule::Cosine {} => "a cosine schedule",
        Schedule::Linear { .. } => "a linear schedule",
        _ => "a schedule",
    };
    note("diffusion.schedule.kind", kind.to_owned());
    note("diffusion.timesteps", format!("T = {}", recipe.diffusion.timesteps));
    // A classifier tells nothing of the way back.
    let denoises = !matches!(recipe.model, ModelConfig::Classifier(_));
    if denoises && recipe.diffusion.variance != Variance::Learned {
        note("diffusion.variance", format!("{} variance", recipe.diffusion.variance.name()));
    }
    assumed
}

//! `langevin convert`: a model of one program as a model of another.

use crate::args::{ConvertArguments, Source, Target};
use crate::exit::{Done, Failure, usage};
use crate::folders::check_empty;
use crate::plan::thousands;
use crate::say::tell;
use langevin::config::Settings;
use langevin::diffusion::Bound;
use langevin::interop::diffusers::PipelineModel;
use langevin::interop::foreign::{ForeignOptions, Origin, open_foreign};
use langevin::models::ModelConfig;
use langevin::models::weights::{Weights, check_weights, parameter_names};
use langevin::train::{Checkpoint, WeightsKind, find_checkpoint, write_converted};

/// A model on its way.
struct Model {
    from: Source,
    settings: Settings,
    bound: Bound,
    weights: Weights,
    assumed: Vec<String>,
}

/// Runs the command.
pub fn run(arguments: &ConvertArguments) -> Done {
    check_empty(&arguments.target, "a converted model is a folder of its own; choose another DST")?;
    let model = if arguments.source.is_file() { state_dict(arguments)? } else { folder(arguments)? };
    let classifier = matches!(model.settings.recipe.model, ModelConfig::Classifier(_));
    let to = match (arguments.to, model.from) {
        (Some(to), _) => to,
        // Nothing else has a place for it.
        (None, Source::Openai | Source::Ho) if classifier => Target::Langevin,
        (None, Source::Diffusers) => Target::Langevin,
        (None, _) => Target::Diffusers,
    };
    if matches!(
        (model.from, to),
        (Source::Langevin, Target::Langevin) | (Source::Diffusers, Target::Diffusers)
    ) {
        let source = arguments.source.display();
        return Err(usage(format!("{source} is that already: choose another --to, or copy the folder")));
    }
    let Settings { recipe, shape, .. } = &model.settings;
    let parameters = recipe.model.parameter_count(*shape);
    match to {
        Target::Langevin => write_converted(&arguments.target, &model.settings, model.bound, model.weights)?,
        Target::Diffusers => {
            let network = match &recipe.model {
                ModelConfig::Unet(network) => network,
                ModelConfig::Mlp(_) => {
                    let message = "diffusers has no network for points: only U-Nets can be converted to it";
                    return Err(usage(message));
                }
                ModelConfig::Classifier(_) => {
                    let message = "diffusers has no classifier of noisy pictures: only a checkpoint of Langevin holds one";
                    return Err(usage(message));
                }
            };
            let pipeline =
                PipelineModel { network, diffusion: &recipe.diffusion, shape: *shape, bound: model.bound };
            if let Err(message) = pipeline.check() {
                return Err(usage(format!("{message}: use --to langevin")));
            }
            pipeline.save(&arguments.target, model.weights)?;
        }
    }
    tell!("{}", recipe.model.describe());
    tell!("{} parameters in {}", thousands(parameters), arguments.target.display());
    if !model.assumed.is_empty() {
        tell!("the file does not say, so this is assumed:");
        model.assumed.iter().for_each(|what| tell!("  {what}"));
    }
    Ok(())
}

/// A file, which holds weights and nothing of their settings.
fn state_dict(arguments: &ConvertArguments) -> Result<Model, Failure> {
    let origin = match arguments.from {
        None => None,
        Some(Source::Openai) => Some(Origin::OpenAi),
        Some(Source::Ho) => Some(Origin::Ho),
        Some(Source::Langevin | Source::Diffusers) => {
            let source = arguments.source.display();
            return Err(usage(format!("{source} is a file: --from langevin and diffusers take a folder")));
        }
    };
    let options = ForeignOptions {
        origin,
        size: arguments.size,
        set: arguments.set.clone(),
        order: arguments.attention_order.map(Into::into),
        key: arguments.key.clone(),
        averaged: WeightsKind::from(arguments.weights) == WeightsKind::Ema,
    };
    let foreign = open_foreign(&arguments.source, &options)?;
    let from = if foreign.origin == Origin::OpenAi { Source::Openai } else { Source::Ho };
    Ok(Model {
        from,
        bound: foreign.settings.bound(),
        settings: foreign.settings,
        weights: foreign.weights,
        assumed: foreign.assumed,
    })
}

/// A run, a checkpoint or a pipeline.
fn folder(arguments: &ConvertArguments) -> Result<Model, Failure> {
    let source = arguments.source.display();
    if !arguments.set.is_empty() || arguments.key.is_some() || arguments.attention_order.is_some() {
        return Err(usage(format!(
            "--set, --key and --attention-order are for state dicts, but {source} is no file: leave them out"
        )));
    }
    let checkpoint = Checkpoint::open_sized(&find_checkpoint(&arguments.source)?, arguments.size)?;
    let from = if checkpoint.pipeline.is_some() { Source::Diffusers } else { Source::Langevin };
    if let Some(asked) = arguments.from.filter(|asked| *asked != from) {
        let (asked, from) = (format!("{asked:?}").to_lowercase(), format!("{from:?}").to_lowercase());
        return Err(usage(format!("{source} is of {from}, not of {asked}: leave --from out")));
    }
    let (settings, kind) = (checkpoint.settings.clone(), WeightsKind::from(arguments.weights));
    checkpoint.check_size(kind)?;
    let network = settings.recipe.model.init(settings.shape, 0, &langevin::cpu());
    let weights = checkpoint.weights(kind, &parameter_names(&network))?;
    check_weights(&network, &weights).map_err(|cause| checkpoint.misfit(cause))?;
    Ok(Model { from, bound: checkpoint.bound(), settings, weights, assumed: Vec::new() })
}

//! Whether network, process, objective and data can be trained together.

use super::{FeatureChoice, LARGEST_PIXELS, Recipe, SettingsError};
use crate::data::Dataset;
use crate::models::{ClassEmbedding, ModelConfig};
use crate::tensor::SampleShape;
use langevin_math::{Objective, Variance};

/// Whether the objective trains all that the network says, and can be computed for such data.
pub(super) fn check_objective(recipe: &Recipe, data: &Dataset) -> Result<(), SettingsError> {
    let (objective, variance) = (recipe.objective, recipe.diffusion.variance);
    let learned = variance == Variance::Learned;
    match objective {
        Objective::CrossEntropy { .. } => return Ok(()),
        Objective::Simple { .. } if learned => return Err(SettingsError::UntrainedVariance),
        Objective::Hybrid { .. } if !learned => {
            return Err(SettingsError::NothingToTrain { variance: variance.name() });
        }
        _ => {}
    }
    let features = recipe.evaluate.features;
    if recipe.evaluate.every.is_some() && features != FeatureChoice::Pixels && data.levels().is_none() {
        let expected = "\"pixels\": a network of pictures says nothing of points";
        return Err(SettingsError::Value {
            setting: "evaluate.features",
            value: format!("{features:?}"),
            expected,
        });
    }
    if recipe.evaluate.every.is_some()
        && features == FeatureChoice::Pixels
        && data.sample_len() > LARGEST_PIXELS
    {
        let value = format!("\"pixels\" of samples of {} numbers", data.sample_len());
        let expected =
            "\"lite0\" or \"inception\" (--set evaluate.features=lite0): pixels are for up to 3,072 numbers";
        return Err(SettingsError::Value { setting: "evaluate.features", value, expected });
    }
    if objective.bound_weight().is_some() && data.levels().is_none() {
        let (objective, name) = (objective.name(), data.name().to_owned());
        return Err(SettingsError::BoundOfPoints { objective, name });
    }
    Ok(())
}

/// As many outputs as training compares, of a network that wants to know what training can tell it.
pub(super) fn settle_outputs(recipe: &mut Recipe, shape: SampleShape) -> Result<(), SettingsError> {
    let learned = recipe.diffusion.variance == Variance::Learned;
    let ModelConfig::Unet(network) = &mut recipe.model else { return Ok(()) };
    let refused = |setting, value: String, expected| Err(SettingsError::Value { setting, value, expected });
    let (expected, words) = match learned {
        true => (2 * shape.channels, "twice as many as the samples have, for the variance is learned"),
        false => (shape.channels, "as many as the samples have"),
    };
    match network.output_channels {
        Some(outputs) if outputs != expected => refused("model.output_channels", outputs.to_string(), words),
        _ => {
            network.output_channels = learned.then_some(expected).or(network.output_channels);
            Ok(())
        }
    }
}

/// Part of the samples whose class is kept from the network, if nothing else is asked for.
const DEFAULT_LABEL_DROPOUT: f64 = 0.1;

/// A table of the data's classes for a network that is told them, and none for one that is not.
pub(super) fn settle_classes(recipe: &mut Recipe, data: &Dataset) -> Result<(), SettingsError> {
    let refused = |setting, value: String, expected| Err(SettingsError::Value { setting, value, expected });
    if let Objective::CrossEntropy { .. } = recipe.objective {
        return settle_classifier(recipe, data);
    }
    if let ModelConfig::Classifier(_) = recipe.model {
        let expected = "\"cross-entropy\", by which a classifier learns (langevin train-classifier)";
        return refused("objective.kind", format!("{:?}", recipe.objective.name()), expected);
    }
    let ModelConfig::Unet(network) = &mut recipe.model else {
        let expected = "false: only a U-Net learns classes";
        return if recipe.data.labels { refused("data.labels", "true".to_owned(), expected) } else { Ok(()) };
    };
    if !recipe.data.labels {
        let Some(classes) = &network.class_embedding else { return Ok(()) };
        let expected =
            "none, or data.labels = true (--labels), by which the network is told the data's classes";
        return refused("model.class_embedding", format!("{classes:?}"), expected);
    }
    let classes = classes_of(data)?;
    let dropout = *recipe.train.label_dropout.get_or_insert(DEFAULT_LABEL_DROPOUT);
    let settled = ClassEmbedding::Table { classes, null_class: dropout > 0.0 };
    match network.class_embedding {
        Some(given) if given != settled => refused(
            "model.class_embedding",
            format!("{given:?}"),
            "nothing: it follows from the data's classes and train.label_dropout",
        ),
        _ => {
            network.class_embedding = Some(settled);
            Ok(())
        }
    }
}

/// How many classes the data have.
fn classes_of(data: &Dataset) -> Result<usize, SettingsError> {
    let classes = data.class_names().len();
    if data.labels().is_none() || classes < 2 {
        return Err(SettingsError::NoLabels { name: data.name().to_owned(), classes });
    }
    Ok(classes)
}

/// A classifier of the data's classes, which draws no samples.
fn settle_classifier(recipe: &mut Recipe, data: &Dataset) -> Result<(), SettingsError> {
    let refused = |setting, value: String, expected| Err(SettingsError::Value { setting, value, expected });
    let ModelConfig::Classifier(network) = &mut recipe.model else {
        let expected = "one that a network draws samples by, or model.kind = \"classifier\"";
        return refused("objective.kind", "\"cross-entropy\"".to_owned(), expected);
    };
    let classes = classes_of(data)?;
    if ![0, classes].contains(&network.classes) {
        return refused("model.classes", network.classes.to_string(), "nothing: as many as the data have");
    }
    if let Some(dropout) = recipe.train.label_dropout {
        return refused(
            "train.label_dropout",
            dropout.to_string(),
            "nothing: a classifier is told no classes",
        );
    }
    if recipe.evaluate.every.is_some() {
        return refused(
            "evaluate.every",
            "given".to_owned(),
            "nothing: a classifier draws no samples to measure",
        );
    }
    network.classes = classes;
    (recipe.data.labels, recipe.sample.grid) = (true, false);
    Ok(())
}

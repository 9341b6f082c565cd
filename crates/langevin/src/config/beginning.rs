//! Runs that begin from another model.

use super::Recipe;
use crate::models::ModelConfig;
use langevin_math::{Objective, Variance};
use serde::{Deserialize, Serialize};

/// The model that a run began from: a record, which a resumed run does not look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    /// Its checkpoint, or the pipeline of another program.
    pub model: String,
    /// Its step, where it is a checkpoint of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// The SHA-256 of its manifest, which names the sums of all its files, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

impl Recipe {
    /// The recipe for training on from a model that was trained by `model`: with its network and its process, and an objective
    /// that trains all that the network says. What a network has for its data, its classes and its output's channels, is
    /// left to the new data.
    #[must_use]
    pub fn beginning_from(mut self, model: &Self) -> Self {
        self.model = model.model.clone();
        if let ModelConfig::Unet(network) = &mut self.model {
            network.class_embedding = None;
            network.output_channels = None;
        }
        self.diffusion = model.diffusion.clone();
        let trains_variance = |objective| !matches!(objective, Objective::Simple { .. });
        if self.diffusion.variance == Variance::Learned && !trains_variance(self.objective) {
            self.objective = match model.objective {
                // A pipeline of another program does not say how it was trained.
                Objective::Simple { weighting } => Objective::Hybrid { lambda: DEFAULT_LAMBDA, weighting },
                objective => objective,
            };
        }
        self
    }
}

/// λ of Nichol & Dhariwal 2021.
const DEFAULT_LAMBDA: f64 = 1e-3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;
    use crate::models::ClassEmbedding;

    fn named(name: &str) -> Recipe {
        builtin_recipe(name).unwrap()
    }

    #[test]
    fn network_and_process_are_the_models_and_training_is_not() {
        let mut digits = named("digits").with_assignment("diffusion.schedule.kind=cosine").unwrap();
        let ModelConfig::Unet(network) = &mut digits.model else { unreachable!() };
        network.class_embedding = Some(ClassEmbedding::table(10));
        let recipe = named("pictures").beginning_from(&digits);
        assert_eq!(recipe.diffusion, digits.diffusion);
        assert_eq!(recipe.model, named("digits").model);
        assert_eq!((recipe.train, recipe.objective), (named("pictures").train, named("pictures").objective));
    }

    #[test]
    fn a_learned_variance_is_trained_on() {
        let model = named("iddpm-digits");
        assert_eq!(model.diffusion.variance, Variance::Learned);
        assert_eq!(named("digits").beginning_from(&model).objective, model.objective);
        let unknown = Recipe { objective: Objective::default(), ..model };
        let recipe = named("digits").beginning_from(&unknown);
        assert_eq!(recipe.objective.bound_weight(), Some(DEFAULT_LAMBDA));
        // What trains it already stays.
        let vlb = Recipe { objective: Objective::Vlb {}, ..named("digits") };
        assert_eq!(vlb.beginning_from(&unknown).objective, Objective::Vlb {});
    }

    #[test]
    fn a_beginning_survives_the_recipes_text() {
        let mut recipe = named("digits");
        recipe.train.init =
            Some(Beginning { model: "/a/b".to_owned(), step: Some(3), manifest: Some("00ff".to_owned()) });
        recipe.train.freeze = vec!["time".to_owned(), "up.0.attention".to_owned()];
        assert_eq!(Recipe::parse("again", &recipe.to_toml()).unwrap(), recipe);
    }
}

//! From a request's fields to how samples are drawn, every wrong one in a sentence.

use crate::error::ApiError;
use crate::limits::Limits;
use crate::models::Facts;
use langevin::diffusion::Guidance;
use langevin::math::{GridOptions, Sigmas, Spacing};
use langevin::sampler::{Knob, Knobs, Noise, Plan, Sampler};
use langevin::train::WeightsKind;
use langevin::{SampleOptions, SamplerChoice};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which weights of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// The moving average.
    #[default]
    Ema,
    /// As trained.
    Raw,
}

impl From<Weights> for WeightsKind {
    fn from(weights: Weights) -> Self {
        match weights {
            Weights::Ema => Self::Ema,
            Weights::Raw => Self::Raw,
        }
    }
}

/// How samples are drawn, as requests say it.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The sampler's name.
    pub sampler: String,
    /// Steps; its own number if not given.
    pub steps: Option<usize>,
    /// η, for a sampler that has it.
    pub eta: Option<f64>,
    /// The order, for a sampler that has several.
    pub order: Option<usize>,
    /// Which timesteps are visited.
    pub spacing: Option<String>,
    /// How noise levels are chosen.
    pub sigmas: Option<String>,
    /// The class of all samples.
    pub class: Option<usize>,
    /// How strongly they are pulled there.
    pub guidance: Option<f64>,
    /// The seed.
    pub seed: u64,
}

impl Wish {
    /// What it comes to for `count` samples of a model, computed so many at a time as there is room for.
    ///
    /// # Errors
    /// Says what is wrong, in one sentence.
    pub fn options(&self, facts: &Facts, count: usize, limits: &Limits) -> Result<SampleOptions, ApiError> {
        let (most, what) = match facts.levels() {
            Some(_) => (limits.count, "pictures"),
            None => (limits.points, "points"),
        };
        if !(1..=most).contains(&count) {
            return Err(ApiError::wrong(format!("count is {count}: ask for 1 to {most} {what}")));
        }
        let choice = self.choice(facts)?;
        facts.check_class(self.class)?;
        facts.check_guidance(self.class, self.guidance)?;
        let options = SampleOptions {
            count,
            sampler: choice,
            steps: self.steps,
            bound: None,
            classes: self.class.into(),
            guidance: self.guidance.map_or_else(Guidance::default, Guidance::of),
            noise: Noise::Seed(self.seed),
            batch: count.min((super::room(facts) / self.passes()).max(1)),
        };
        let steps = plan(facts, &options)?.grid.len();
        if steps > limits.steps {
            return Err(ApiError::wrong(format!(
                "these are {steps} steps: ask for {} at most",
                limits.steps
            )));
        }
        Ok(options)
    }

    /// Evaluations of the network that a sample has in a pass: guidance asks with the class and without.
    pub fn passes(&self) -> usize {
        if self.guidance.is_some_and(|weight| weight != 1.0 && weight != 0.0) { 2 } else { 1 }
    }

    fn choice(&self, facts: &Facts) -> Result<SamplerChoice, ApiError> {
        let name = &self.sampler;
        let unknown =
            || ApiError::wrong(format!("there is no sampler {name:?}: GET /api/v1/samplers lists them"));
        let sampler = Sampler::named(name).filter(|sampler| !sampler.inverts()).ok_or_else(unknown)?;
        let has = |wanted: fn(&Knob) -> bool| sampler.knobs.iter().any(wanted);
        match self.eta {
            Some(_) if !has(|knob| matches!(knob, Knob::Eta(_))) => {
                return Err(ApiError::wrong(format!("{name} has no eta: leave it out")));
            }
            Some(eta) if !(0.0..=1.0).contains(&eta) => {
                return Err(ApiError::wrong(format!("eta is {eta}: give 0 to 1")));
            }
            _ => {}
        }
        let orders = sampler.knobs.iter().find_map(|knob| match knob {
            Knob::Order(_, most) => Some(*most),
            _ => None,
        });
        match (self.order, orders) {
            (Some(_), None) => return Err(ApiError::wrong(format!("{name} has no order: leave it out"))),
            (Some(order), Some(most)) if !(1..=most).contains(&order) => {
                return Err(ApiError::wrong(format!("order is {order}: {name} has orders 1 to {most}")));
            }
            _ => {}
        }
        let knobs = Knobs { eta: self.eta, order: self.order, ..Knobs::new(facts.process.variance) };
        let spacing = self.spacing.as_deref().map(str::parse::<Spacing>).transpose();
        let sigmas = self.sigmas.as_deref().map(str::parse::<Sigmas>).transpose();
        let levels = GridOptions {
            spacing: spacing.map_err(ApiError::wrong)?.unwrap_or(Spacing::Trailing),
            sigmas: sigmas.map_err(ApiError::wrong)?.unwrap_or_default(),
            ..GridOptions::default()
        };
        Ok(SamplerChoice::Own { sampler, knobs: Some(knobs), levels })
    }

    /// The arguments of a command line that say the same.
    pub fn arguments(&self) -> String {
        let mut text = format!(" --sampler {}", self.sampler);
        let mut add = |flag: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(" --{flag} {value}"));
            }
        };
        add("steps", self.steps.map(|steps| steps.to_string()));
        add("eta", self.eta.map(|eta| eta.to_string()));
        add("order", self.order.map(|order| order.to_string()));
        add("spacing", self.spacing.clone());
        add("sigmas", self.sigmas.clone());
        add("class", self.class.map(|class| class.to_string()));
        add("guidance", self.guidance.map(|guidance| guidance.to_string()));
        text
    }
}

/// What samples of a model are drawn by.
///
/// # Errors
/// If the process cannot be visited so.
pub fn plan(facts: &Facts, options: &SampleOptions) -> Result<Plan, ApiError> {
    // A plan has no use for the network.
    facts.sampling(&NoNetwork).plan(options).map_err(ApiError::wrong)
}

/// A network for plans, which have no use for one.
struct NoNetwork;

impl langevin::models::Network for NoNetwork {
    fn forward(
        &self,
        x: burn::tensor::Tensor<4>,
        _: langevin::models::Conditioning,
        _: Option<langevin::nn::DropoutKey>,
    ) -> burn::tensor::Tensor<4> {
        x
    }
}

/// A model's folder and weights as a command line says them.
pub fn model_arguments(facts: &Facts) -> (String, &'static str) {
    let weights = if facts.weights == WeightsKind::Raw { " --weights raw" } else { "" };
    (quoted(&facts.checkpoint.folder.display().to_string()), weights)
}

/// A word of a command line: in quotes if a shell would take it apart.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("runs/digits-001"), "runs/digits-001");
        assert_eq!(quoted("my runs/it's"), r"'my runs/it'\''s'");
    }

    #[test]
    fn a_wish_reads_as_a_command_line() {
        let wish = Wish { sampler: "ddim".into(), steps: Some(20), eta: Some(0.5), ..Wish::default() };
        assert_eq!(wish.arguments(), " --sampler ddim --steps 20 --eta 0.5");
    }
}

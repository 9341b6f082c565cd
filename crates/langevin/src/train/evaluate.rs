//! How good a run's samples are, measured as it goes.

use super::checkpoint::WeightsKind;
use super::trainer::Trainer;
use crate::config::EvaluateConfig;
use crate::data::spread;
use crate::diffusion::{Denoiser, GuidanceError};
use crate::eval::quality::{DataSource, Describer, Drawn, Kept, frechet_of, gather};
use crate::eval::{BoundTerms, NllOptions, evaluate_nll};
use crate::features::FeatureNetwork;
use crate::sampler::{Generation, Knobs, Noise, Plan, Sampler};
use crate::tensor::cpu;
use langevin_math::{GridOptions, MathError};
use langevin_metrics::{FewSamples, MetricsError, Statistics};
use std::ops::ControlFlow;

/// Samples of the data that a run's own are compared with, at most.
const MOST_REFERENCE: usize = 10_000;

/// Pictures whose likelihood is estimated, at most, and terms of the bound for each.
const LIKELIHOOD: (usize, usize) = (256, 20);

/// Why a run cannot be measured.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum EvaluateError {
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Process(#[from] MathError),
    #[error(transparent)]
    Guidance(#[from] GuidanceError),
}

/// What a measurement came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// The Fréchet distance of samples from the averaged weights and the data.
    pub frechet: f64,
    /// The bound on the negative log-likelihood in bits/dim: of held-out pictures, or where there are none, of those trained on.
    pub nll: Option<f64>,
}

/// What a run is measured against: the features of its data.
pub struct Evaluator {
    describer: Describer,
    reference: Statistics,
    config: EvaluateConfig,
}

impl Evaluator {
    /// Describes the data that `trainer` trains on, by `network` or else by their pixels. `proceed` may stop: the result is then
    /// `None`.
    ///
    /// # Errors
    /// If the data are too few.
    pub fn new(
        trainer: &Trainer,
        network: Option<Box<dyn FeatureNetwork>>,
        proceed: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Self>, EvaluateError> {
        let (set, indices, _) = trainer.data();
        let indices = &spread(indices, MOST_REFERENCE);
        let mut source = DataSource { set, indices };
        let describer = match network {
            Some(network) => Describer::Network(network),
            None => match Describer::pixels(&mut source)? {
                Some(describer) => describer,
                None => return Ok(None),
            },
        };
        let batch = trainer.settings().micro_batch();
        let gathered = gather(&mut source, &describer, Kept::default(), batch, &mut |_| proceed())?;
        let config = trainer.settings().recipe.evaluate.clone();
        Ok(gathered.map(|gathered| Self { describer, reference: gathered.statistics, config }))
    }

    /// What to know before its distances are believed: there are fewer samples than features.
    pub fn caution(&self) -> Option<FewSamples> {
        let dimensions = self.describer.dimensions();
        let count = self.reference.count().unwrap_or(u64::MAX).min(self.config.samples as u64);
        (count <= dimensions as u64).then_some(FewSamples { count, dimensions })
    }

    /// Draws samples by DDIM from the averaged weights and measures them; `None` if `proceed`, which is told the samples drawn,
    /// stopped it.
    ///
    /// # Errors
    /// If a sample is not finite, or the process cannot be visited in so many steps.
    pub fn measure(
        &self,
        trainer: &Trainer,
        proceed: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Option<Measurement>, EvaluateError> {
        let (settings, process) = (trainer.settings(), trainer.process());
        let network = &trainer.network(WeightsKind::Ema);
        let denoiser = Denoiser::new(network, process, settings.bound());
        let denoiser = &denoiser.of_classes(settings.classes_in_turn())?;
        let sampler = Sampler::named("ddim").expect("the registry has it");
        let steps = self.config.steps.min(process.len());
        let knobs = Knobs::new(process.variance);
        let plan = &Plan::of(sampler, knobs, &process.table, GridOptions::default(), steps)?;
        let (shape, batch, count) = (settings.shape, settings.micro_batch(), self.config.samples);
        let noise = &Noise::Seed(self.config.seed);
        let generation = Generation { denoiser, plan, shape, noise, first: 0, count, batch };
        let mut observe = |first: usize, _: crate::sampler::Moment| proceed(first);
        let mut source = Drawn { generation, levels: settings.levels, observe: &mut observe };
        let go_on = &mut |_: usize| ControlFlow::Continue(());
        let Some(drawn) = gather(&mut source, &self.describer, Kept::default(), batch, go_on)? else {
            return Ok(None);
        };
        let (frechet, _) = frechet_of(&drawn.statistics, &self.reference)?;
        let Some(levels) = settings.levels else { return Ok(Some(Measurement { frechet, nll: None })) };
        let terms = BoundTerms { network, process, bound: settings.bound(), shape, levels };
        let (set, train, held_out) = trainer.data();
        let indices = spread(if held_out.is_empty() { train } else { held_out }, LIKELIHOOD.0);
        let read = |index: usize, out: &mut [f32]| set.read(indices[index], out);
        let classes = trainer.classes_of(&indices);
        let options = NllOptions { terms: Some(LIKELIHOOD.1), seed: self.config.seed, batch, classes };
        let nll = evaluate_nll(&terms, indices.len(), &read, options, &cpu(), &mut |_, _| proceed(count));
        Ok(nll.map(|nll| Measurement { frechet, nll: Some(nll.total.mean) }))
    }
}

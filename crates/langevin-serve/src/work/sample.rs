//! Samples from noise.

use super::frames::Frames;
use super::outcome::{drawn, sentence};
use super::wish::plan;
use super::{Work, room};
use crate::error::ApiError;
use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use langevin::SampleOptions;
use langevin::models::Network;

/// Draws samples.
pub struct Sample {
    /// How.
    pub options: SampleOptions,
    /// What its model has room for.
    pub room: usize,
}

impl Sample {
    /// Of a model.
    pub fn new(options: SampleOptions, facts: &Facts) -> Self {
        Self { options, room: room(facts) }
    }

    /// The steps of its plan.
    ///
    /// # Errors
    /// If the process cannot be visited so.
    pub fn steps(&self, facts: &Facts) -> Result<usize, ApiError> {
        Ok(plan(facts, &self.options)?.grid.len())
    }

    /// Whether its steps draw noise.
    ///
    /// # Errors
    /// As for [`Sample::steps`].
    pub fn draws_noise(&self, facts: &Facts) -> Result<bool, ApiError> {
        Ok(plan(facts, &self.options)?.draws_noise)
    }
}

impl Work for Sample {
    fn kind(&self) -> &'static str {
        "sample"
    }

    fn count(&self) -> usize {
        self.options.count
    }

    fn width(&self) -> usize {
        let alone = [0.0, 1.0].contains(&self.options.guidance.weight);
        // Guidance asks with the class and without.
        if alone { self.options.batch } else { 2 * self.options.batch }
    }

    fn room(&self) -> usize {
        self.room
    }

    fn run(&self, facts: &Facts, network: &dyn Network, job: &Job) -> Result<Option<Outcome>, String> {
        let (sampling, options) = (facts.sampling(network), &self.options);
        let steps = sampling.plan(options).map_err(sentence)?.grid.len();
        let frames = Frames::new(job, facts, steps * options.count.div_ceil(options.batch));
        let samples = sampling.sample(options, &mut |first, moment| {
            frames.show(first / options.batch * steps + steps - moment.left, &moment)
        });
        samples.map_err(sentence)?.map(|samples| drawn(facts, job, &samples, None)).transpose()
    }
}

//! From one seed's sample to another's.

use super::Work;
use super::frames::Frames;
use super::outcome::{drawn, sentence};
use super::sample::Sample;
use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use langevin::models::Network;

/// Draws the samples between those of two seeds.
pub struct Interpolate {
    /// The samples, frame by frame.
    pub sample: Sample,
    /// The seeds at the ends.
    pub seeds: [u64; 2],
}

impl Work for Interpolate {
    fn kind(&self) -> &'static str {
        "interpolate"
    }

    fn count(&self) -> usize {
        self.sample.count()
    }

    fn width(&self) -> usize {
        self.sample.width()
    }

    fn room(&self) -> usize {
        self.sample.room
    }

    fn run(&self, facts: &Facts, network: &dyn Network, job: &Job) -> Result<Option<Outcome>, String> {
        let (sampling, options) = (facts.sampling(network), &self.sample.options);
        let steps = sampling.plan(options).map_err(sentence)?.grid.len();
        let frames = Frames::new(job, facts, steps * options.count.div_ceil(options.batch));
        let samples = sampling.interpolate(options, self.seeds, &mut |first, moment| {
            frames.show(first / options.batch * steps + steps - moment.left, &moment)
        });
        samples.map_err(sentence)?.map(|samples| drawn(facts, job, &samples, None)).transpose()
    }
}

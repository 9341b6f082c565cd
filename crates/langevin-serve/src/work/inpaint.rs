//! A picture with a part of it drawn anew.

use super::Work;
use super::frames::Frames;
use super::outcome::{drawn, sentence};
use super::sample::Sample;
use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use langevin::Inpainting;
use langevin::models::Network;

/// Fills in what a mask covers.
pub struct Inpaint {
    /// The fillings.
    pub sample: Sample,
    /// The picture and the mask.
    pub inpainting: Inpainting,
}

impl Work for Inpaint {
    fn kind(&self) -> &'static str {
        "inpaint"
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
        let steps = self.inpainting.steps(sampling.plan(options).map_err(sentence)?.grid.len());
        let frames = Frames::new(job, facts, steps * options.count.div_ceil(options.batch));
        let samples = sampling.inpaint(options, &self.inpainting, &mut |first, moment| {
            frames.show(first / options.batch * steps + steps - moment.left, &moment)
        });
        let known = &self.inpainting.known;
        samples.map_err(sentence)?.map(|samples| drawn(facts, job, &samples, Some(known))).transpose()
    }
}

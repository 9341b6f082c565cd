//! A picture made noisy, and denoised.

use super::Work;
use super::frames::Frames;
use super::outcome::{drawn, sentence};
use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use langevin::Renoising;
use langevin::models::Network;

/// Takes a picture to a timestep, and back.
pub struct Denoise {
    /// The picture, `[height, width, channels]` in [-1, 1].
    pub picture: Vec<f32>,
    /// Where to, and how back.
    pub wanted: Renoising,
    /// What its model has room for.
    pub room: usize,
}

impl Work for Denoise {
    fn kind(&self) -> &'static str {
        "denoise"
    }

    fn count(&self) -> usize {
        3
    }

    fn width(&self) -> usize {
        1
    }

    fn room(&self) -> usize {
        self.room
    }

    fn run(&self, facts: &Facts, network: &dyn Network, job: &Job) -> Result<Option<Outcome>, String> {
        let all = self.wanted.timestep + 1;
        let steps = self.wanted.steps.unwrap_or(all).min(all);
        let frames = Frames::new(job, facts, steps);
        let back = facts
            .sampling(network)
            .renoise(&self.picture, &self.wanted, &mut |moment| frames.show(steps - moment.left, &moment));
        let Some((x_t, result)) = back.map_err(sentence)? else { return Ok(None) };
        let samples = [&self.picture[..], &x_t, &result].concat();
        drawn(facts, job, &samples, Some(&self.picture)).map(Some)
    }
}

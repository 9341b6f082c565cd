//! Points on their way from noise.

use super::Work;
use super::outcome::{ResultView, sentence};
use super::sample::Sample;
use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use langevin::models::Network;
use langevin::sampler::NoiseSource;
use langevin::tensor::{to_points, to_vec};

/// Moments that are kept, and points in all of them.
const MOMENTS: usize = 200;
const POINTS: usize = 200_000;

/// Draws points and keeps where they were.
pub struct Trajectories {
    /// The points; all in one batch.
    pub sample: Sample,
}

impl Work for Trajectories {
    fn kind(&self) -> &'static str {
        "trajectories"
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
        let (sampling, options, shape) = (facts.sampling(network), &self.sample.options, facts.shape());
        let plan = sampling.plan(options).map_err(sentence)?;
        let steps = plan.grid.len();
        let noise = NoiseSource { noise: &options.noise, first: 0, samples: options.count, shape };
        let start = to_vec(noise.start(&langevin::cpu()));
        let moments = (POINTS / options.count).clamp(2, MOMENTS);
        let (mut t, mut points) = (vec![plan.grid.step(0).from.t + 1.0], vec![to_points(&start)]);
        let samples = sampling.sample(options, &mut |_, moment| {
            let step = steps - moment.left;
            if step.is_multiple_of(steps.div_ceil(moments)) || moment.left == 0 {
                t.push(moment.t);
                points.push(to_points(&to_vec(moment.x.clone())));
            }
            job.step(step, steps)
        });
        if samples.map_err(sentence)?.is_none() {
            return Ok(None);
        }
        if points.iter().flatten().flatten().any(|value| !value.is_finite()) {
            return Err("a point is infinite or no number: take more steps, or another sampler".to_owned());
        }
        Ok(Some(Outcome { view: ResultView::Trajectories { t, points }, files: Vec::new() }))
    }
}

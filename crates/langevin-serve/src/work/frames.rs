//! What is seen of samples on their way.

use crate::jobs::Job;
use crate::models::Facts;
use crate::pictures::{columns, data_uri, sheet};
use langevin::sampler::Moment;
use langevin::tensor::{to_points, to_vec};
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// Frames of one job, spread over its steps.
const FRAMES: usize = 60;

/// Points of a frame.
const POINTS: usize = 2000;

/// Shows the moments of a job's samples.
pub struct Frames<'a> {
    job: &'a Job,
    facts: &'a Facts,
    steps: usize,
}

impl<'a> Frames<'a> {
    /// For a job of so many steps in all.
    pub fn new(job: &'a Job, facts: &'a Facts, steps: usize) -> Self {
        Self { job, facts, steps }
    }

    /// Counts the step, and keeps a frame of it if its turn has come.
    pub fn show(&self, step: usize, moment: &Moment) -> ControlFlow<()> {
        let due = step.is_multiple_of(self.steps.div_ceil(FRAMES)) || step == 1 || moment.left == 0;
        if due && self.job.wants_frame() {
            let (x, count, columns) = self.seen(to_vec(moment.x.clone()));
            let (x0, ..) = self.seen(to_vec(moment.x0.clone()));
            let frame = json!({
                "step": step, "steps": self.steps, "t": moment.t, "x": x, "x0": x0, "columns": columns, "count": count,
                "height": self.facts.shape().height, "width": self.facts.shape().width,
            });
            self.job.push(frame.to_string());
        }
        self.job.step(step, self.steps)
    }

    /// Samples as a sheet in a data URI, or as points.
    fn seen(&self, mut samples: Vec<f32>) -> (Value, usize, usize) {
        let shape = self.facts.shape();
        let count = samples.len() / shape.elements();
        // Levels do not fit into JSON where they are no numbers.
        samples.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
        match self.facts.levels() {
            Some(_) => {
                let columns = columns(count);
                let uri = sheet(&samples, shape, columns).map(|png| data_uri(&png)).unwrap_or_default();
                (json!(uri), count, columns)
            }
            None => {
                let mut points = to_points(&samples);
                points.truncate(POINTS);
                (json!(points), count, 1)
            }
        }
    }
}

//! The bound on the likelihood, timestep by timestep.

use super::Work;
use super::outcome::{ResultView, TermView, sentence};
use crate::jobs::{Job, Outcome};
use crate::models::{DataCache, Facts};
use langevin::data::Dataset;
use langevin::eval::{BoundTerms, NllOptions, TimestepRow, evaluate_nll};
use langevin::models::Network;
use std::sync::Arc;

/// Terms a picture: one from each of so many groups of timesteps.
const GROUPS: usize = 50;

/// Evaluates the terms of the bound on pictures of the model's own data.
pub struct Terms {
    /// Where its data are.
    pub data: Arc<DataCache>,
    /// Pictures, spread evenly over the data.
    pub count: usize,
    /// Seed of timesteps and noise.
    pub seed: u64,
    /// The class of all of them.
    pub class: Option<usize>,
    /// What its model has room for.
    pub room: usize,
}

impl Work for Terms {
    fn kind(&self) -> &'static str {
        "terms"
    }

    fn count(&self) -> usize {
        self.count
    }

    fn width(&self) -> usize {
        self.room.min(self.count * GROUPS)
    }

    fn room(&self) -> usize {
        self.room
    }

    fn run(&self, facts: &Facts, network: &dyn Network, job: &Job) -> Result<Option<Outcome>, String> {
        let levels = facts.levels().ok_or("points have no levels, so there is no bound of them")?;
        let data: Arc<Dataset> = self.data.of(facts)?;
        let count = self.count.min(data.len());
        let read = |index: usize, out: &mut [f32]| data.read(index * data.len() / count, out);
        let (process, bound, shape) = (&facts.process, facts.bound(), facts.shape());
        let terms = BoundTerms { network, process, bound, shape, levels };
        let options = NllOptions {
            terms: Some(GROUPS),
            seed: self.seed,
            batch: self.width(),
            classes: self.class.into(),
        };
        let found = evaluate_nll(&terms, count, &read, options, &langevin::cpu(), &mut |done, all| {
            job.step(done, all)
        });
        let Some(nll) = found else { return Ok(None) };
        let view = ResultView::Terms {
            total: nll.total.mean,
            standard_error: nll.total.error,
            decoder: nll.decoder.mean,
            sum: nll.middle.mean,
            prior: nll.prior.mean,
            count: nll.samples,
            terms: nll.rows.iter().map(term).collect(),
        };
        if !nll.total.mean.is_finite() {
            return Err(sentence("the bound is infinite or no number: the model is not one of this data"));
        }
        Ok(Some(Outcome { view, files: Vec::new() }))
    }
}

fn term(row: &TimestepRow) -> TermView {
    TermView {
        t: row.timesteps.start + 1,
        to: row.timesteps.end,
        bits: row.bits.mean,
        error: row.bits.error,
        mse_eps: row.mse_eps.mean,
        mse_x0: row.mse_x0.mean,
    }
}

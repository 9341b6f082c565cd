//! What a job may be. One kind is one file, and one line in the [routes](routes::router).

mod denoise;
mod frames;
mod inpaint;
mod interpolate;
mod outcome;
mod requests;
mod routes;
mod sample;
mod terms;
mod trajectories;
mod wish;

pub use outcome::ResultView;
pub use routes::router;
pub use wish::Weights;

use crate::jobs::{Job, Outcome};
use crate::models::Facts;
use langevin::models::Network;

/// Elements of all samples of one pass: what a pass takes of memory grows with them.
const PASS_ELEMENTS: usize = 1 << 19;

/// Pictures of one pass, however small.
const PASS_PICTURES: usize = 64;

/// Points of one pass.
const PASS_POINTS: usize = 16_000;

/// Something to do with a model.
pub trait Work: Send + Sync {
    /// What clients call its kind.
    fn kind(&self) -> &'static str;

    /// Samples that it gives.
    fn count(&self) -> usize;

    /// Samples of it that are in a pass at a time.
    fn width(&self) -> usize;

    /// Samples that a pass of its model has room for.
    fn room(&self) -> usize;

    /// Does it, by `network`, telling `job` how far it is. `None` if it was given up on the way.
    ///
    /// # Errors
    /// If it cannot be done, in one sentence.
    fn run(&self, facts: &Facts, network: &dyn Network, job: &Job) -> Result<Option<Outcome>, String>;
}

/// Samples that a pass of a model has room for.
fn room(facts: &Facts) -> usize {
    match facts.levels() {
        Some(_) => (PASS_ELEMENTS / facts.shape().elements()).clamp(1, PASS_PICTURES),
        None => PASS_POINTS,
    }
}

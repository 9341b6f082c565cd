//! What computes: a queue of jobs, in order, and those that watch them.

mod events;
mod job;
mod queue;
mod routes;

pub use job::{Job, Outcome, Ticket};
pub use queue::Queue;
pub use routes::{Taken, Wait, router, submit};

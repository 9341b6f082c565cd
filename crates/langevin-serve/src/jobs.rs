//! What computes: a queue of jobs, in order, and those that watch them.

mod events;
mod job;
mod queue;
mod routes;
mod view;

pub use job::Job;
pub use queue::Queue;
pub use routes::{Taken, Wait, router, submit};
pub use view::{Outcome, Ticket};

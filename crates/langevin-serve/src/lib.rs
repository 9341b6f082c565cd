//! The web server of Langevin: runs as they train, a studio for trained models, and the theory in their own numbers.
//!
//! [`Server::bind`] takes a port, [`Server::run`] answers until it is told to stop. The pages and everything that they need
//! are in the program; the API that they use is under `/api/v1`, described at `/api/v1/openapi.json`.
//!
//! - `guard` stands before everything: hosts, origins, tokens.
//! - `runs` reads the folders of runs; nothing that a client sends is ever a path.
//! - `jobs` is the queue: what computes, in which order, and who watches.
//! - `engine` puts the passes of several jobs through one network at once.
//! - `work` is what a job may be: samples, interpolations, inpainting, …
//! - [`report`](report()) makes one file of a run, for who has no server.
//! - `theory` answers at once: schedules, noisy pictures, fields.

#![forbid(unsafe_code)]

mod api;
mod assets;
mod body;
mod engine;
mod error;
mod guard;
mod jobs;
mod limits;
mod models;
mod pictures;
mod report;
mod runs;
mod server;
mod state;
mod theory;
mod work;

pub use limits::Limits;
pub use models::ModelError;
pub use report::{ReportError, report};
pub use server::{Options, ServeError, Server};

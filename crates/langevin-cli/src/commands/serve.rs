//! `langevin serve`: the runs, a studio and the theory, in a browser.

use super::use_other_threads;
use crate::args::ServeArguments;
use crate::exit::{Done, Failure, usage};
use crate::say::tell;
use crate::signals::Signals;
use langevin::compute::set_exact;
use langevin_serve::{Limits, Options, ServeError, Server};
use std::net::SocketAddr;

/// The variable that may hold the token, which then stands in no list of processes.
const TOKEN: &str = "LANGEVIN_TOKEN";

/// Runs the command.
pub fn run(arguments: &ServeArguments) -> Done {
    let signals = Signals::listen()?;
    use_other_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let token = arguments.token.clone().or_else(|| std::env::var(TOKEN).ok());
    let own = Limits::default();
    let queue = arguments.queue.unwrap_or(own.queue);
    if queue == 0 {
        return Err(usage("--queue is 0: at least one request must be able to wait"));
    }
    let server = Server::bind(Options {
        runs: arguments.runs.clone(),
        model: arguments.model.clone(),
        address: SocketAddr::new(arguments.address, arguments.port),
        names: arguments.allow_host.clone(),
        token,
        limits: Limits { queue, ..own },
    })
    .map_err(|error| match error {
        ServeError::Listen { .. } | ServeError::Token { .. } => usage(error.to_string()),
        other => Failure::Failed(other.into()),
    })?;
    // At once: who reads the address may read no further.
    tell!("serving {} at {}\nCtrl-C ends it", arguments.runs.display(), server.url());
    let asked = signals.clone();
    server.run(move || asked.received().is_some()).map_err(anyhow::Error::from)?;
    Ok(())
}

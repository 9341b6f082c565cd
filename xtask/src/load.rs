//! A server under load: many clients on loopback that ask for samples for a while.
//!
//! Nothing but 200 and 429 may come back, jobs must begin in the order in which they were taken, and memory may not grow.

mod client;
mod server;

use crate::commands::{cargo, run as run_command};
use anyhow::{Context, Result, bail};
use client::{Client, Seen};
use server::Server;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How much more memory the last quarter of the time may take than the second: what an allocator keeps in reserve.
const GROWTH: f64 = 1.1;

/// Asks a server for samples, prints what came of it, and checks it.
///
/// # Errors
/// If anything but 200 and 429 came back, a job overtook another, or memory grew.
pub fn run(options: &[String]) -> Result<()> {
    let (seconds, clients) = parse(options)?;
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let program =
        std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin");
    let place = std::env::temp_dir().join(format!("langevin-load-{}", std::process::id()));
    let measured = measure(&program, &place, Duration::from_secs(seconds), clients);
    let _ = std::fs::remove_dir_all(&place);
    measured
}

fn parse(options: &[String]) -> Result<(u64, usize)> {
    let (mut seconds, mut clients) = (60, 64);
    for pair in options.chunks(2) {
        match pair {
            [name, value] if name == "--seconds" => {
                seconds = value.parse().context("--seconds takes a number")?
            }
            [name, value] if name == "--clients" => {
                clients = value.parse().context("--clients takes a number")?
            }
            _ => bail!("'load' takes --seconds N and --clients N, got '{}'", pair.join(" ")),
        }
    }
    Ok((seconds, clients))
}

fn measure(program: &Path, place: &Path, time: Duration, clients: usize) -> Result<()> {
    let run = place.join("digits-001");
    let mut train = Command::new(program);
    train.args(["train", "digits", "--steps", "50", "--no-grid", "--quiet", "--out"]).arg(&run);
    run_command(&mut train)?;
    let server = Server::start(program, place)?;
    let model = "digits-001/step-0000050";
    // The first request reads the model.
    Client::new(&server, model, 0).ask(0)?;
    let (over, seen) = (AtomicBool::new(false), Mutex::new(Seen::default()));
    let mut memory = Vec::new();
    let begun = Instant::now();
    thread::scope(|scope| -> Result<()> {
        for number in 0..clients {
            let client = Client::new(&server, model, number);
            let (over, seen) = (&over, &seen);
            scope.spawn(move || client.go_on(over, seen));
        }
        while begun.elapsed() < time {
            thread::sleep(Duration::from_millis(250));
            memory.push(server.memory()?);
        }
        over.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    let seen = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report(&seen, &memory, begun.elapsed(), clients)
}

fn report(seen: &Seen, memory: &[u64], time: Duration, clients: usize) -> Result<()> {
    let mut times = seen.times.clone();
    times.sort_by(f64::total_cmp);
    let quantile =
        |q: f64| times.get(((times.len() as f64 * q) as usize).min(times.len().max(1) - 1)).copied();
    let (Some(p50), Some(p99)) = (quantile(0.5), quantile(0.99)) else { bail!("no request was answered") };
    let (done, seconds) = (times.len(), time.as_secs_f64());
    println!(
        "{clients} clients, {seconds:.0} s: {done} requests done, {:.1} a second",
        done as f64 / seconds
    );
    println!("  p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms", 1e3 * p50, 1e3 * p99, 1e3 * times[done - 1]);
    println!("  refused with 429: {}; other answers: {}", seen.refused, seen.errors.len());
    for error in seen.errors.iter().take(5) {
        println!("    {error}");
    }
    let peak = |part: &[u64]| part.iter().copied().max().unwrap_or(0) as f64 / 1e6;
    let quarter = memory.len() / 4;
    let (early, late) = (peak(&memory[quarter..2 * quarter]), peak(&memory[3 * quarter..]));
    println!("  memory: {early:.0} MB in the second quarter of the time, {late:.0} MB in the last");
    let mut order = seen.order.clone();
    order.sort_unstable();
    let overtaken = order.windows(2).filter(|pair| pair[0].1 > pair[1].1).count();
    println!("  jobs that began out of their order: {overtaken} of {}", order.len());
    if !seen.errors.is_empty() {
        bail!("{} requests were answered by something else than 200 and 429", seen.errors.len());
    }
    if overtaken > 0 {
        bail!("{overtaken} jobs were overtaken");
    }
    if late > GROWTH * early {
        bail!("memory grew from {early:.0} to {late:.0} MB");
    }
    Ok(())
}

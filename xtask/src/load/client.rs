//! One client: a request after the other.

use super::server::Server;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a client waits that was refused.
const PAUSE: Duration = Duration::from_millis(200);

/// Samplers with other numbers of steps and evaluations: their passes are shared all the same.
const SAMPLERS: [(&str, usize); 4] = [("ddim", 20), ("dpmpp-2m", 10), ("heun", 8), ("ddim", 10)];

/// What all clients have seen.
#[derive(Default)]
pub struct Seen {
    /// Seconds of each request that was done.
    pub times: Vec<f64>,
    /// Requests that were refused with 429.
    pub refused: usize,
    /// Any other answer.
    pub errors: Vec<String>,
    /// The number of each job, and its turn.
    pub order: Vec<(u64, u64)>,
}

/// A client.
pub struct Client {
    host: String,
    model: String,
    number: usize,
}

impl Client {
    /// Of a server.
    pub fn new(server: &Server, model: &str, number: usize) -> Self {
        Self { host: server.host.clone(), model: model.to_owned(), number }
    }

    /// Asks until it is over.
    pub fn go_on(&self, over: &AtomicBool, seen: &Mutex<Seen>) {
        let mut asked = 0;
        while !over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let answer = self.ask(asked);
            let seconds = begun.elapsed().as_secs_f64();
            asked += 1;
            let mut all = seen.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(Some(job)) => {
                    all.times.push(seconds);
                    let number = job["id"]
                        .as_str()
                        .and_then(|id| id.strip_prefix('j')?.split('-').next()?.parse().ok());
                    all.order.extend(number.zip(job["turn"].as_u64()));
                }
                Ok(None) => {
                    all.refused += 1;
                    drop(all);
                    sleep(PAUSE);
                }
                Err(error) => all.errors.push(format!("client {}: {error:#}", self.number)),
            }
        }
    }

    /// One request: the job that was done, or nothing if it was refused with 429.
    ///
    /// # Errors
    /// If anything else came back.
    pub fn ask(&self, number: usize) -> Result<Option<Value>> {
        let (sampler, steps) = SAMPLERS[(self.number + number) % SAMPLERS.len()];
        let seed = (1000 * self.number + number) as u64;
        let body = json!({"model": self.model, "sampler": sampler, "steps": steps, "seed": seed, "count": 1 + seed % 4});
        let (status, reply) = self.post("/api/v1/samples?wait=true", &body.to_string())?;
        match status {
            200 => {
                let job: Value = serde_json::from_slice(&reply)?;
                if job["state"] != "done" {
                    bail!("the job is {}", job["state"]);
                }
                Ok(Some(job))
            }
            429 => Ok(None),
            other => bail!("status {other}: {}", String::from_utf8_lossy(&reply)),
        }
    }

    fn post(&self, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.host).context("no connection")?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        let end = reply.windows(4).position(|window| window == b"\r\n\r\n").context("no answer")?;
        let status = std::str::from_utf8(&reply[..end])?.split(' ').nth(1).context("no status")?.parse()?;
        Ok((status, reply.split_off(end + 4)))
    }
}

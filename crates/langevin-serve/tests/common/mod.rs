//! A server within the test, a small run for it, and a client that sends exactly what it is told to.
#![allow(dead_code, reason = "each test has its own use for it")]

use langevin::config::{Recipe, Settings, builtin_recipe};
use langevin::data;
use langevin::train::{Extras, LockedRun, RunFolder, Trainer, train};
use langevin_serve::{Limits, Options, Server};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The model of [`Served::digits`].
pub const MODEL: &str = "digits-001/step-0000004";

/// Trains a small network for a few steps into `folder`.
pub fn trained(name: &str, folder: &Path, set: &[&str]) {
    let small = match name {
        "digits" => &["model.channels=[8, 16]", "model.groups=4", "diffusion.timesteps=50"][..],
        _ => &["model.hidden=16", "diffusion.timesteps=50"][..],
    };
    let always = ["train.steps=4", "train.batch=8", "sample.grid_every=2"];
    let assign = |recipe: Recipe, text: &&str| recipe.with_assignment(text).unwrap();
    let recipe = small.iter().chain(&always).chain(set).fold(builtin_recipe(name).unwrap(), assign);
    let data = data::load(name, &recipe.data.options(0)).unwrap();
    let settings = Settings::resolve(recipe, &data).unwrap();
    let mut trainer = Trainer::new(settings, data, &langevin::cpu()).unwrap();
    let run = LockedRun::lock(RunFolder::new(folder)).unwrap();
    let extras = Extras { grids: true, ..Extras::default() };
    train(&mut trainer, &run, extras, &mut |_| {}, &|| false).unwrap();
}

/// A server on a free port, as long as this lives.
pub struct Served {
    pub address: SocketAddr,
    pub url: String,
    pub runs: tempfile::TempDir,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// A run of digits, served under `limits`.
    pub fn digits(limits: Limits) -> Self {
        let runs = tempfile::tempdir().unwrap();
        trained("digits", &runs.path().join("digits-001"), &[]);
        Self::start(runs, limits, |_| {})
    }

    /// Serves what is in `runs`.
    pub fn start(runs: tempfile::TempDir, limits: Limits, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            runs: runs.path().to_owned(),
            model: None,
            address: "127.0.0.1:0".parse().unwrap(),
            names: Vec::new(),
            token: None,
            limits,
        };
        change(&mut options);
        let server = Server::bind(options).unwrap();
        let (mut address, url) = (server.address(), server.url());
        address.set_ip("127.0.0.1".parse().unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || server.run(move || asked.load(Ordering::Relaxed)).unwrap());
        Self { address, url, runs, stop, thread: Some(thread) }
    }

    /// Sends bytes, and reads until the server closes the connection.
    pub fn send(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // A server that refuses a body need not read it to the end.
        let _ = stream.write_all(bytes);
        Reply::read(stream)
    }

    /// A connection whose reads do not wait for ever.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// The head of a request.
    pub fn head(&self, method: &str, path: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send(format!("{}\r\n", self.head("GET", path)).as_bytes())
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send(format!("{}\r\n", self.head("DELETE", path)).as_bytes())
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_text(path, &body.to_string())
    }

    pub fn post_text(&self, path: &str, body: &str) -> Reply {
        let head = self.head("POST", path);
        let length = body.len();
        self.send(
            format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
                .as_bytes(),
        )
    }

    /// Queues a job; gives its id.
    pub fn queue(&self, path: &str, body: &Value) -> String {
        let reply = self.post(path, body);
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Does a job, and gives it with its result.
    pub fn done(&self, path: &str, body: &Value) -> Value {
        let reply = self.post(&format!("{path}?wait=true"), body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let job = reply.json();
        assert_eq!(job["state"], "done", "{job}");
        job
    }

    /// A job, once `is` holds of it.
    pub fn wait(&self, id: &str, is: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.get(&format!("/api/v1/jobs/{id}")).json();
            if is(&job) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{job}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Server-sent events of an address, until `enough` of them.
    pub fn events(&self, path: &str, mut enough: impl FnMut(&str, &Value) -> bool) -> Vec<(String, Value)> {
        let mut stream = self.connect();
        stream.write_all(format!("{}\r\n", self.head("GET", path)).as_bytes()).unwrap();
        let mut name = String::new();
        let mut seen = Vec::new();
        let begun = Instant::now();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            assert!(begun.elapsed() < Duration::from_secs(120), "{path}: {seen:?}");
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                let data: Value = serde_json::from_str(data).unwrap();
                let last = enough(&name, &data);
                seen.push((name.clone(), data));
                if last {
                    break;
                }
            }
        }
        seen
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

/// What came back.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // What a server sends before it cuts a connection is there all the same.
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = bytes.get(end + 4..).unwrap_or_default();
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        Self { status, body: if chunked { unchunked(body) } else { body.to_vec() }, head }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.head, self.text()))
    }

    /// The sentence of a refusal.
    pub fn sentence(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size =
            std::str::from_utf8(&body[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|&size| size > 0 && body.len() >= end + 2 + size) else { break };
        out.extend(&body[end + 2..end + 2 + size]);
        body = body.get(end + 2 + size + 2..).unwrap_or_default();
    }
    out
}

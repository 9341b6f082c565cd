//! The server under load, as a process of its own.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `langevin serve`, until this is dropped.
pub struct Server {
    process: Child,
    /// Host and port.
    pub host: String,
}

impl Server {
    /// Serves the runs in `runs` on a free port.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(program: &Path, runs: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("serve").arg(runs).args(["--port", "0"]).stdout(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut line = String::new();
        let output = process.stdout.take().context("the server has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let Some(host) = line.trim().strip_suffix('/').and_then(|line| line.rsplit('/').next()) else {
            bail!("the server said: {line}")
        };
        Ok(Self { process, host: host.to_owned() })
    }

    /// Bytes of memory that it holds.
    ///
    /// # Errors
    /// If it has ended.
    pub fn memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        Ok(1024 * kilobytes.context("the server has ended")?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! The program itself: training, and serving what it trained.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The variable that names the program.
const VARIABLE: &str = "LANGEVIN_PROGRAM";

/// Where the program is.
///
/// # Errors
/// If the environment does not say.
pub fn program() -> Result<PathBuf> {
    let path = std::env::var_os(VARIABLE).map(PathBuf::from);
    path.with_context(|| format!("{VARIABLE} names no program: run `cargo xtask browser`"))
}

/// Trains, as its own process: `langevin train …`.
///
/// # Errors
/// If it cannot be started.
pub fn train(folder: &Path, arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new(program()?);
    command.arg("train").args(arguments).arg("--quiet").arg("--out").arg(folder);
    Ok(command.stdout(Stdio::null()).spawn()?)
}

/// Trains to the end.
///
/// # Errors
/// If it fails.
pub fn trained(folder: &Path, arguments: &[&str]) -> Result<()> {
    let status = train(folder, arguments)?.wait()?;
    if status.success() { Ok(()) } else { bail!("training {arguments:?} failed ({status})") }
}

/// `langevin serve`, until this is dropped.
pub struct Served {
    process: Child,
    /// The address of its first page, with a slash at the end.
    pub url: String,
}

impl Served {
    /// Serves the runs in `runs` on a free port, started from the folder that they lie in.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(runs: &Path) -> Result<Self> {
        let mut command = Command::new(program()?);
        let name = runs.file_name().context("the runs have no folder")?;
        command.arg("serve").arg(name).args(["--port", "0"]).stdout(Stdio::piped());
        command.current_dir(runs.parent().context("the runs have no folder")?);
        let mut process = command.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the server has no output")?).read_line(&mut line)?;
        let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        if !url.starts_with("http://") {
            bail!("the server said: {line}");
        }
        Ok(Self { process, url })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! What every test of the program needs: an empty folder to run it in, and ways to look at what it leaves there.

#![allow(dead_code)] // Each file of tests uses its own part.

pub mod edits;
pub mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A network of two levels, a short process, a small batch: a step takes milliseconds.
pub const TINY: &str = "--batch 4 --set model.channels=[8,16] --set model.blocks_per_level=1 \
    --set model.attention_levels=[2] --set model.groups=4 --set diffusion.timesteps=40 \
    --set sample.grid_samples=4 --set sample.grid_steps=2";

/// The same for points.
pub const TINY_POINTS: &str = "--batch 4 --set model.hidden=16 --set diffusion.timesteps=40 \
    --set sample.grid_samples=50 --set sample.grid_steps=2 --set data.count=500 --set train.log_every=1";

/// A folder of its own, in which the program runs.
pub struct Place {
    folder: TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` if a signal killed it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Trains a tiny network on the digits for four steps, in `model`.
    pub fn with_digits_model() -> Self {
        let place = Self::new();
        place.done(&format!("train digits {TINY} --steps 4 --no-grid --quiet --out model"));
        place
    }

    /// Trains a tiny network on points for four steps, in `model`.
    pub fn with_points_model() -> Self {
        let place = Self::new();
        place.done(&format!("train swiss-roll {TINY_POINTS} --steps 4 --no-grid --quiet --out model"));
        place
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program with arguments, which blanks separate.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_langevin"));
        command.current_dir(self.folder.path()).args(arguments.split_whitespace());
        command
    }

    pub fn run(&self, arguments: &str) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    fn run_for(&self, arguments: &str, code: i32) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "langevin {arguments}\n{}{}", ran.out, ran.err);
        ran
    }

    /// Runs what has to succeed.
    pub fn done(&self, arguments: &str) -> Ran {
        self.run_for(arguments, 0)
    }

    /// Runs what is wrong usage; gives the message.
    pub fn refused(&self, arguments: &str) -> String {
        message(self.run_for(arguments, 2))
    }

    /// Runs what is right and does not work; gives the message.
    pub fn failed(&self, arguments: &str) -> String {
        message(self.run_for(arguments, 1))
    }

    /// Every file below the folder, sorted, with `/` between the parts.
    pub fn files(&self, below: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.path(below), "", &mut found);
        found.sort();
        found
    }

    /// The lines of a run's metrics.
    pub fn metrics(&self, run: &str) -> Vec<serde_json::Value> {
        let text = self.text(&format!("{run}/metrics.jsonl"));
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }

    /// The steps of a run's metrics, in the order of its lines.
    pub fn steps(&self, run: &str) -> Vec<u64> {
        self.metrics(run).iter().map(|line| line["step"].as_u64().unwrap()).collect()
    }

    /// A run's metrics without what the clock decides.
    pub fn timeless_metrics(&self, run: &str) -> Vec<serde_json::Value> {
        let mut lines = self.metrics(run);
        for line in &mut lines {
            line.as_object_mut().unwrap().remove("images_per_second");
        }
        lines
    }

    /// The weights, their average and both moments of two checkpoints are the same, bit by bit.
    pub fn assert_same_weights(&self, one: &str, other: &str) {
        for file in [
            "unet/diffusion_pytorch_model.safetensors",
            "langevin/raw.safetensors",
            "langevin/optimizer.safetensors",
        ] {
            let (one, other) = (format!("{one}/{file}"), format!("{other}/{file}"));
            assert!(self.bytes(&one) == self.bytes(&other), "{one} and {other} differ");
        }
    }
}

/// What was said last, from `error:` on: one sentence, and for bad files a line for each.
fn message(ran: Ran) -> String {
    let at = ran
        .err
        .match_indices("error: ")
        .map(|(at, _)| at)
        .filter(|&at| ran.err[..at].is_empty() || ran.err[..at].ends_with('\n'));
    let last = at.last().unwrap_or_else(|| panic!("no message in {}", ran.err));
    let message = ran.err[last..].trim_end().to_owned();
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    message
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

/// Asserts that a message says each of some things.
#[track_caller]
pub fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

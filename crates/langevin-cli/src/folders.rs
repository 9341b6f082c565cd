//! Where runs live.

use crate::exit::{Done, Failure, usage};
use anyhow::Context;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of runs that were given no other.
const RUNS: &str = "runs";

/// `runs/NAME-001`, or the first number that is free; the folder is made.
pub fn new_run(name: &str) -> Result<PathBuf, Failure> {
    fs::create_dir_all(RUNS).with_context(|| format!("cannot make the folder {RUNS}"))?;
    for number in 1.. {
        let path = numbered(name, number);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => Err(error).with_context(|| format!("cannot make the folder {}", path.display()))?,
        }
    }
    unreachable!("some number is free")
}

/// What `new_run` would make, without making it.
pub fn next_run(name: &str) -> PathBuf {
    (1..).map(|number| numbered(name, number)).find(|path| !path.exists()).unwrap_or_default()
}

fn numbered(name: &str, number: u32) -> PathBuf {
    Path::new(RUNS).join(format!("{name}-{number:03}"))
}

/// Refuses a folder that something is in already.
pub fn check_empty(path: &Path, advice: &str) -> Done {
    let occupied = match fs::read_dir(path) {
        // Of a run that never began, the lock may be left.
        Ok(entries) => entries.flatten().any(|entry| entry.file_name() != "run.lock"),
        Err(_) => path.exists(),
    };
    if !occupied {
        return Ok(());
    }
    let path = path.display();
    Err(usage(format!("{path} is not empty: {advice}")))
}

/// The run whose settings or metrics changed last.
pub fn newest_run() -> Result<PathBuf, Failure> {
    let changed = |path: &Path| {
        let times = ["metrics.jsonl", "config.toml"].map(|file| path.join(file).metadata()?.modified());
        times.into_iter().filter_map(io::Result::ok).max()
    };
    let resumable = |path: &PathBuf| langevin::train::find_checkpoint(path).is_ok();
    let entries = fs::read_dir(RUNS).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let newest = entries.filter(resumable).filter_map(|path| Some((changed(&path)?, path))).max();
    newest.map(|(_, path)| path).ok_or_else(|| {
        usage(format!(
            "there is no run to resume in {RUNS}/: name its folder with --out, or train without --resume"
        ))
    })
}

/// A data set's name as the name of a run: its last component, without what a folder cannot have.
pub fn run_name(data: &str) -> String {
    let path = Path::new(data);
    let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let name = stem.map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String =
        name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    if name.trim_matches('.').is_empty() { "run".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_for_their_data() {
        for (data, name) in
            [("digits", "digits"), ("a/cifar10.zip", "cifar10"), ("My Cats!", "my-cats-"), ("..", "run")]
        {
            assert_eq!(run_name(data), name);
        }
    }
}

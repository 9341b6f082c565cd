//! `cargo xtask fuzz`: builds the targets of `fuzz/` with coverage, lets libFuzzer loose on each, and says what came of it.

mod options;
mod report;

use crate::commands::{self, cargo, line};
use anyhow::{Context, Result, bail};
use options::Options;
use report::Report;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// How the targets are built: by the toolchain as it is, for no sanitizer is asked for.
const BUILD: [&str; 7] = ["fuzz", "build", "--release", "--sanitizer", "none", "--codegen-units", "16"];

/// Seconds that one input may take: more is a hang.
const TIMEOUT: &str = "-timeout=60";

/// Builds the targets that are asked for and runs each; prints a table.
///
/// # Errors
/// If cargo-fuzz is missing, the build fails, there is no such target, or one crashed.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let known = targets(root)?;
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no fuzz target '{unknown}': choose among {}", known.join(", "));
    }
    let targets = if options.targets.is_empty() { &known } else { &options.targets };
    // Standard output is not shown: what is asked for is whether it runs.
    let there = cargo(&["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        bail!("cargo-fuzz is missing: install it with `cargo install cargo-fuzz --locked`");
    }
    let folder = options.target_dir.clone().unwrap_or_else(|| root.join("fuzz/target"));
    let triple = host()?;
    let mut build = cargo(&BUILD);
    build.args(["--target", &triple, "--target-dir"]).arg(&folder);
    if let [only] = &targets[..] {
        build.arg(only);
    }
    commands::run(&mut build)?;
    let mut reports = Vec::new();
    for name in targets {
        let report = one(root, &folder, &folder.join(&triple).join("release").join(name), name, &options)?;
        println!("{report}");
        reports.push(report);
    }
    println!("\n{}", report::table(&reports));
    let crashed: Vec<_> = reports.iter().filter_map(|report| report.crash.as_deref()).collect();
    if !crashed.is_empty() {
        bail!("inputs that must not be are in {}", crashed.join(", "));
    }
    Ok(())
}

/// Runs one target. What it finds goes to the folder of the build, never into the corpus of the repository.
fn one(root: &Path, folder: &Path, program: &Path, name: &str, options: &Options) -> Result<Report> {
    let (found, crashes) = (folder.join("corpus").join(name), folder.join("artifacts").join(name));
    for folder in [&found, &crashes] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut command = Command::new(program);
    command.args([&found, &root.join("fuzz/corpus").join(name)]);
    command.args(["-print_final_stats=1", TIMEOUT, &format!("-artifact_prefix={}/", crashes.display())]);
    command.args(options.limits());
    let path = folder.join(format!("{name}.log"));
    let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let child = command.stdout(Stdio::null()).stderr(log).spawn();
    let mut child = child.with_context(|| format!("cannot start `{}`", line(&command)))?;
    let status = child.wait()?;
    clear(child.id());
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut report = Report::parse(name, &String::from_utf8_lossy(&text));
    if status.success() {
        // A libFuzzer that says nothing has fuzzed nothing.
        if report.executions == 0 {
            bail!("{name} executed nothing: see {}", path.display());
        }
    } else {
        report.crash.get_or_insert_with(|| path.display().to_string());
    }
    Ok(report)
}

/// Removes the folder that a program had for its inputs; libFuzzer ends without a word to it.
fn clear(process: u32) {
    for parent in [Path::new("/dev/shm"), &std::env::temp_dir()] {
        // It is in one of the two.
        let _ = fs::remove_dir_all(parent.join(format!("langevin-fuzz-{process}")));
    }
}

/// The names of the targets: the folders of the corpus.
pub fn targets(root: &Path) -> Result<Vec<String>> {
    let corpus = root.join("fuzz/corpus");
    let entries = fs::read_dir(&corpus).with_context(|| format!("cannot list {}", corpus.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The platform that this toolchain builds for, as cargo-fuzz wants it named.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC");
    let text = commands::output(Command::new(rustc.as_deref().unwrap_or(OsStr::new("rustc"))).arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of targets, their programs, and their corpora name the same.
    #[test]
    fn every_target_has_a_program_and_a_corpus() {
        let root = crate::root();
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        let (manifest, table) = (read("fuzz/Cargo.toml"), read("fuzz/src/targets/mod.rs"));
        let names = targets(root).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), names.len());
        assert_eq!(table.matches("name: \"").count(), names.len());
        for name in names {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(table.contains(&format!("name: \"{name}\"")), "{name}");
            assert!(read(&format!("fuzz/fuzz_targets/{name}.rs")).contains(&format!("target!(\"{name}\")")));
        }
    }
}

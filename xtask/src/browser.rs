//! The pages of `langevin serve` in a real browser: their tests, and the pictures of them in the README.

use crate::commands::{cargo, run as run_command};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// What to do where there is no browser.
pub const ADVICE: &str = "there is no chromedriver: install Chromium and ChromeDriver (Debian: apt-get install chromium chromium-driver)";

/// If this is set, as where everything is to be tested, a missing browser is an error.
const REQUIRED: &str = "LANGEVIN_BROWSER_REQUIRED";

/// Whether there is a browser to drive.
///
/// # Errors
/// If there is none, and the environment says that there must be.
pub fn is_there() -> Result<bool> {
    let version =
        Command::new("chromedriver").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = version.is_ok_and(|status| status.success());
    if !there && std::env::var_os(REQUIRED).is_some() {
        bail!("{REQUIRED} is set, and {ADVICE}");
    }
    Ok(there)
}

/// Drives the pages through their tests.
///
/// # Errors
/// If one fails.
pub fn test(root: &Path) -> Result<()> {
    let manifest = ["--manifest-path", "browser/Cargo.toml"];
    run_command(cargo(&["fmt", "--check"]).args(manifest))?;
    run_command(
        cargo(&["clippy", "--release", "--locked", "--all-targets"])
            .args(manifest)
            .args(["--", "-D", "warnings"]),
    )?;
    // One browser at a time: what they wait for would be slow together.
    run_command(
        drive(root, &["test", "--release", "--locked", "--manifest-path", "browser/Cargo.toml"])?
            .args(["--", "--test-threads=1"]),
    )
}

/// Makes the README's pictures of the pages again.
///
/// # Errors
/// If there is no browser, or a page is not as expected.
pub fn screenshots(root: &Path) -> Result<()> {
    let run = [
        "run",
        "--release",
        "--locked",
        "--manifest-path",
        "browser/Cargo.toml",
        "--bin",
        "screenshots",
        "--",
    ];
    run_command(drive(root, &run)?.arg(root.join("docs/gallery")))
}

/// Builds the program, and gives the command that drives it.
fn drive(root: &Path, arguments: &[&str]) -> Result<Command> {
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let program =
        std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin");
    let mut command = cargo(arguments);
    command.current_dir(root).env("LANGEVIN_PROGRAM", program);
    Ok(command)
}

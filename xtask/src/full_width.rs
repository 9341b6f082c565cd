//! Compares the paper's CIFAR-10 network at full width with PyTorch: too large for vectors in the repository.

use crate::commands::{cargo, run as run_command};
use crate::python;
use anyhow::{Context, Result};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Makes the network with diffusers in a temporary folder, compares, and removes the folder.
///
/// # Errors
/// If Python fails, or the two differ by more than is allowed.
pub fn run(root: &Path) -> Result<()> {
    let python = python::interpreter(root)?;
    let folder = env::temp_dir().join(format!("langevin-full-width-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let result = compare(root, &python, &folder);
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    result
}

fn compare(root: &Path, python: &Path, folder: &Path) -> Result<()> {
    run_command(Command::new(python).arg(root.join("tools/parity/full_width.py")).arg(folder))?;
    let mut example = cargo(&["run", "--release", "--package", "langevin", "--example", "parity_full", "--"]);
    run_command(example.arg(folder))
}

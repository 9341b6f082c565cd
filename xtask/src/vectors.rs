//! Makes the reference vectors again, and says whether they are still the same.

use crate::commands::run as run_command;
use crate::python;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where each folder is a component with its `generate.py`.
const PARITY: [&str; 2] = ["crates/langevin/tests/parity", "crates/langevin-metrics/tests/parity"];

/// Runs each `generate.py` below a tests/parity, and compares what it wrote with what was there.
///
/// # Errors
/// If there is no generator, or one fails or writes nothing.
pub fn run(root: &Path) -> Result<()> {
    let found: Result<Vec<_>> = PARITY.iter().map(|folder| generators(&root.join(folder))).collect();
    let scripts = found?.concat();
    let python = python::interpreter(root)?;
    for script in scripts {
        let path = script.with_file_name("vectors.safetensors");
        let before = fs::read(&path).ok();
        run_command(Command::new(&python).arg(&script).current_dir(root))?;
        let after =
            fs::read(&path).with_context(|| format!("{} did not write its vectors", script.display()))?;
        println!(
            "{}: {}",
            path.strip_prefix(root).unwrap_or(&path).display(),
            verdict(before.as_deref(), &after)
        );
    }
    Ok(())
}

/// The generators, in the order of their names.
fn generators(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let script = entry?.path().join("generate.py");
        if script.is_file() {
            found.push(script);
        }
    }
    if found.is_empty() {
        bail!("no generate.py lies in a folder of {}", directory.display());
    }
    found.sort();
    Ok(found)
}

fn verdict(before: Option<&[u8]>, after: &[u8]) -> String {
    match before {
        None => format!("new, {} bytes", after.len()),
        Some(before) if before == after => format!("unchanged, {} bytes", after.len()),
        Some(before) if before.len() != after.len() => {
            format!("CHANGED, {} bytes instead of {}", after.len(), before.len())
        }
        Some(before) => {
            let differing = before.iter().zip(after).filter(|(a, b)| a != b).count();
            format!("CHANGED, {differing} of {} bytes", after.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_counts_what_changed() {
        assert_eq!(verdict(None, b"abc"), "new, 3 bytes");
        assert_eq!(verdict(Some(b"abc"), b"abc"), "unchanged, 3 bytes");
        assert_eq!(verdict(Some(b"abc"), b"xby"), "CHANGED, 2 of 3 bytes");
        assert_eq!(verdict(Some(b"ab"), b"abc"), "CHANGED, 3 bytes instead of 2");
    }

    #[test]
    fn every_component_has_a_generator() {
        for folder in PARITY {
            let found = generators(&crate::root().join(folder)).unwrap();
            assert!(!found.is_empty() && found.is_sorted(), "{found:?}");
        }
        let error = generators(&crate::root().join("recipes")).unwrap_err().to_string();
        assert!(error.contains("no generate.py"), "{error}");
    }
}

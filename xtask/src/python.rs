//! The Python that makes reference vectors and runs the peers, kept outside the repository.

use crate::commands::run;
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The interpreter that makes reference vectors.
///
/// # Errors
/// If its environment cannot be made.
pub fn interpreter(root: &Path) -> Result<PathBuf> {
    with_requirements(root, "parity")
}

/// The interpreter that runs the peers.
///
/// # Errors
/// If its environment cannot be made.
pub fn for_peers(root: &Path) -> Result<PathBuf> {
    with_requirements(root, "peers")
}

/// `LANGEVIN_PYTHON` if it is set, else the interpreter of an environment in the cache directory, made when it is
/// missing or when `tools/NAME/requirements.txt` has changed.
fn with_requirements(root: &Path, name: &str) -> Result<PathBuf> {
    if let Some(python) = env::var_os("LANGEVIN_PYTHON") {
        return Ok(PathBuf::from(python));
    }
    let requirements = root.join(format!("tools/{name}/requirements.txt"));
    // Packages of which a part is used that needs none of what they name.
    let alone = root.join(format!("tools/{name}/requirements-alone.txt"));
    let mut wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    wanted += &fs::read_to_string(&alone).unwrap_or_default();
    let environment = cache()?.join(format!("{name}-venv"));
    let python = environment.join("bin/python");
    let installed = environment.join("installed-requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    println!("making a Python environment in {} (PyTorch needs some 5 GB there)", environment.display());
    run(Command::new(system_python()?).args(["-m", "venv", "--clear"]).arg(&environment))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--requirement"]).arg(&requirements))?;
    if alone.is_file() {
        let install = ["-m", "pip", "install", "--no-deps", "--requirement"];
        run(Command::new(&python).args(install).arg(&alone))?;
    }
    // Written last: an installation that was interrupted is begun again.
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

/// `$XDG_CACHE_HOME/langevin`, or `~/.cache/langevin`.
fn cache() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .context(
            "no home directory is known: set LANGEVIN_PYTHON to a Python that has what the requirements.txt names",
        )?;
    Ok(base.join("langevin"))
}

/// The Python to make the environment with: 3.11, for which the requirements were chosen, before any other.
fn system_python() -> Result<&'static str> {
    let starts = |name: &&str| {
        let quiet = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        quiet.is_ok_and(|status| status.success())
    };
    match ["python3.11", "python3"].into_iter().find(starts) {
        Some(name) => Ok(name),
        None => bail!("no Python 3 was found: install Python 3.11, or set LANGEVIN_PYTHON to an interpreter"),
    }
}

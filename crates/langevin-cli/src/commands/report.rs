//! `langevin report`: a run as one HTML file.

use crate::args::ReportArguments;
use crate::exit::{Done, Failure, usage};
use crate::say::tell;
use anyhow::Context;
use langevin_serve::ReportError;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(arguments: &ReportArguments) -> Done {
    let out = arguments.out.clone().unwrap_or_else(|| named_after(&arguments.run));
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html")) {
        return Err(usage(format!("{} does not end in .html, which it would be", out.display())));
    }
    let page = langevin_serve::report(&arguments.run).map_err(|error| match error {
        ReportError::NotARun { .. } => usage(error),
        ReportError::Read { .. } => Failure::Failed(error.into()),
    })?;
    fs::write(&out, &page).with_context(|| format!("cannot write {}", out.display()))?;
    tell!("{}, in {} KB: it needs no other file", out.display(), page.len().div_ceil(1000));
    Ok(())
}

/// The file for a run, in the present folder.
fn named_after(run: &Path) -> PathBuf {
    // The name of `.` stands in its whole path alone.
    let whole = fs::canonicalize(run).unwrap_or_else(|_| run.to_owned());
    let mut name = whole.file_name().unwrap_or("run".as_ref()).to_owned();
    name.push(".html");
    name.into()
}

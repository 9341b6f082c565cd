//! The files of a data set that were left out, told and kept.

use crate::exit::Done;
use anyhow::Context;
use langevin::data::{BadFile, Dataset};
use std::fs;
use std::path::Path;

/// Most files that a plan names; a run's folder and `langevin inspect` have them all.
const NAMED: usize = 20;

/// The file of a run's folder that lists them.
const FILE: &str = "skipped.json";

/// Lines of a plan: how many were left out, and which.
pub fn lines(data: &Dataset) -> Vec<String> {
    let Some(count) = data.describe_skipped() else { return Vec::new() };
    let skipped = data.skipped();
    let mut lines = vec![format!("{count}:")];
    lines.extend(skipped.iter().take(NAMED).map(|file| format!("  {file}")));
    if skipped.len() > NAMED {
        lines.push(format!("  and {} more, which {FILE} in the run's folder names", skipped.len() - NAMED));
    }
    lines
}

/// Writes what was left out to the run's folder; nothing if nothing was, or ever had been.
pub fn write_skipped(folder: &Path, skipped: &[BadFile]) -> Done {
    let path = folder.join(FILE);
    if skipped.is_empty() && !path.exists() {
        return Ok(());
    }
    let text = format!("{:#}\n", serde_json::to_value(skipped)?);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

//! The files of the repository.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Folders that are no part of the repository.
const IGNORED: [&str; 3] = ["target", "runs", "fuzz/target"];

/// Path (relative to the root, with `/`) and text of every file with the extension, sorted by path.
///
/// Hidden folders and those that .gitignore names (`target`, `runs`, `fuzz/target`) are left out.
///
/// # Errors
/// If a folder or a file cannot be read, or is not UTF-8.
pub fn read(root: &Path, extension: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    walk(root, "", extension, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(root: &Path, below: &str, extension: &str, found: &mut Vec<(String, String)>) -> Result<()> {
    let directory = root.join(below);
    let entries = fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !name.starts_with('.') && !IGNORED.contains(&&path[..]) {
                walk(root, &path, extension, found)?;
            }
        } else if kind.is_file() && Path::new(&name).extension().is_some_and(|end| end == extension) {
            let text = fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
            found.push((path, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_found() {
        let files = read(crate::root(), "rs").unwrap();
        let this = files.iter().find(|(path, _)| path == "xtask/src/tidy/files.rs");
        assert!(this.is_some_and(|(_, text)| text.contains("this_file_is_found")));
        assert!(files.iter().all(|(path, _)| path.ends_with(".rs") && !path.starts_with("target/")));
    }
}

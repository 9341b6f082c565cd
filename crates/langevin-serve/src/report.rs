//! A run as one HTML file.

use std::path::Path;

/// The run in `root` as one file.
///
/// # Errors
/// If there is no run.
pub fn report(root: &Path) -> Result<String, String> {
    Err(format!("not yet: {}", root.display()))
}

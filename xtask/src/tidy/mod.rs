//! The invariants of the design that can be seen without building.
//!
//! Each rule is a file: it looks at one source, or at the tree, and reports lines.

mod features;
mod files;
mod imports;
mod links;
mod mask;
mod recipes;
mod sizes;
mod source;
mod unsafety;
mod words;

use anyhow::{Result, bail};
use std::fmt;
use std::path::Path;

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, relative to the root, with `/` between its parts.
    path: String,
    /// Counted from 1.
    line: usize,
    /// What is wrong, and why.
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Prints every finding.
///
/// # Errors
/// If there is any, or the tree cannot be read.
pub fn run(root: &Path) -> Result<()> {
    let sources = source::parse_all(files::read(root, "rs")?);
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(imports::check(source));
        findings.extend(words::check(source));
        findings.extend(sizes::check(source));
        findings.extend(unsafety::check(source));
    }
    findings.extend(recipes::check(root)?);
    findings.extend(features::check()?);
    findings.extend(links::check(root, &files::read(root, "md")?));
    findings.sort();
    for long in sources.iter().filter_map(sizes::warn) {
        println!("warning: {long}");
    }
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: rules broken in {} places (the rules are in xtask/src/tidy)", findings.len());
    }
    let unsafe_lines: usize = sources.iter().map(unsafety::count).sum();
    println!(
        "tidy: {} Rust files keep the rules; each 'unsafe', on {unsafe_lines} lines, has its reason",
        sources.len()
    );
    Ok(())
}

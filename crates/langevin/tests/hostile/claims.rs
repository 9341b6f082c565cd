//! Small files that promise much, or numbers that nothing can be done with: each is refused in a sentence.

use super::{corpus, target};
use langevin::data::{DataOptions, load};
use langevin::interop::diffusers::read_scheduler;
use langevin::interop::torch::TorchFile;
use langevin::train::Checkpoint;
use std::fs;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn zipped(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn torch_message(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    fs::write(&path, bytes).unwrap();
    let message = TorchFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("model.pt"), "{message}");
    message
}

fn data_message(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.zip");
    fs::write(&path, bytes).unwrap();
    let message = load(&path.to_string_lossy(), &DataOptions::default()).unwrap_err().to_string();
    assert!(message.contains("set.zip"), "{message}");
    message
}

/// Each byte of the pickle would be an object of a hundred.
#[test]
fn a_pickle_that_was_squeezed_is_not_unpacked() {
    let pickle = [&b"\x80\x02("[..], &vec![b'N'; 4 << 20], b"t."].concat();
    let bytes = zipped(CompressionMethod::Deflated, &[("archive/data.pkl", &pickle)]);
    let message = torch_message(&bytes);
    assert!(message.contains(&bytes.len().to_string()) && message.contains("would fill 4194"), "{message}");
}

/// A file in a TAR archive may have a hole of any size, which its reader would fill with zeros.
#[test]
fn tar_archives_are_refused() {
    let mut header = vec![0; 1024];
    header[..8].copy_from_slice(b"storages");
    header[257..262].copy_from_slice(b"ustar");
    assert!(torch_message(&header).contains("is a TAR archive"));
}

/// One stretch of the file under two names; with thousands it would unpack to thousands of times its size.
#[test]
fn files_of_an_archive_do_not_overlap() {
    let content = [7; 5000];
    let mut bytes = zipped(CompressionMethod::Stored, &[("a/1.png", &content)]);
    assert!(!data_message(&bytes).contains("bytes of its"));
    let end = bytes.len() - 22;
    let table = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut again = bytes[table..end].to_vec();
    let name = again.windows(7).position(|window| window == b"a/1.png").unwrap();
    again[name] = b'b';
    let length = 2 * again.len() as u32;
    bytes.splice(end..end, again);
    let end = bytes.len() - 22;
    // The entries on this disk and of all, and the bytes of their table.
    bytes[end + 8] = 2;
    bytes[end + 10] = 2;
    bytes[end + 12..end + 16].copy_from_slice(&length.to_le_bytes());
    let message = data_message(&bytes);
    assert!(message.contains("its files take 10000 bytes of its"), "{message}");
}

/// Each picture may be as large as it says, all together may not.
#[test]
fn many_small_promises_are_one_large_one() {
    let side = 2000u32.to_le_bytes();
    let start = [&b"BM"[..], &[54, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0]].concat();
    let bitmap = [&start[..], &side, &side, &[1, 0, 24, 0], &[0; 24]].concat();
    let names: Vec<String> = (0..20).map(|index| format!("{index}.bmp")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], &bitmap[..])).collect();
    let message = data_message(&zipped(CompressionMethod::Stored, &entries));
    assert!(message.contains("it would take 228 MiB"), "{message}");
}

/// A range below zero would have a largest value that is less than the smallest.
#[test]
fn bounds_that_cannot_be_applied_are_refused() {
    let inputs = corpus("checkpoint");
    let (_, input) = inputs.iter().find(|(name, _)| name == "pictures").unwrap();
    let input = String::from_utf8(input.clone()).unwrap();
    let open = |from: &str, to: &str| {
        let folder = tempfile::tempdir().unwrap();
        assert!(input.contains(from), "{from}");
        for (name, bytes) in (target("checkpoint").files)(input.replace(from, to).as_bytes()) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Checkpoint::open(folder.path()).map(|checkpoint| checkpoint.step).map_err(|error| error.to_string())
    };
    assert_eq!(open("\"range\":1.0", "\"range\":1.0"), Ok(7));
    let message = open("\"range\":1.0", "\"range\":-1.0").unwrap_err();
    assert!(message.contains("state.json") && message.contains("range: -1.0"), "{message}");
    let message = open("\"clip\",\"range\":1.0", "\"dynamic\",\"quantile\":0.5,\"max\":-3").unwrap_err();
    assert!(message.contains("max: -3.0"), "{message}");
    let scheduler = |range: f64| {
        let config = serde_json::json!({
            "_class_name": "DDPMScheduler", "clip_sample": true, "clip_sample_range": range
        });
        read_scheduler(&config).map(drop)
    };
    assert_eq!(scheduler(1.5), Ok(()));
    assert!(scheduler(-1.5).unwrap_err().contains("range: -1.5"), "{:?}", scheduler(-1.5));
}

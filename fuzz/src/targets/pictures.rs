//! Data: pictures alone and in archives, arrays of NumPy, IDX.

use super::Files;
use super::frame::{parts, split, zipped};
use flate2::{Compression, write::GzEncoder};
use langevin::data::{Channels, DataOptions, load, read_npy, read_picture, read_statistics};
use std::io::Write;
use std::path::Path;

/// Loads a source as it is, or scaled and converted: by its length, so that an input always does the same.
fn load_somehow(path: &Path) {
    let length = path.metadata().map_or(0, |facts| facts.len());
    let options = match length % 3 {
        0 => DataOptions::default(),
        1 => DataOptions { size: Some((3, 2)), channels: Some(Channels::Rgb), ..DataOptions::default() },
        _ => DataOptions {
            channels: Some(Channels::Grey),
            split: Some("all".to_owned()),
            ..DataOptions::default()
        },
    };
    if let Ok(set) = load(&path.to_string_lossy(), &options) {
        let mut sample = vec![0.0; set.sample_len()];
        set.read(set.len() - 1, &mut sample);
        assert!(set.checksum() == set.checksum() && !set.describe().is_empty());
    }
}

/// A file as it is.
pub fn npy_files(data: &[u8]) -> Files {
    vec![("array.npy", data.to_vec())]
}

pub fn npy(folder: &Path) {
    let path = folder.join("array.npy");
    let _ = read_npy(&path);
    load_somehow(&path);
}

/// An archive as it is, or one of the names and contents given in turn, deflated after a `~`.
fn archived(data: &[u8]) -> Vec<u8> {
    if data.starts_with(b"PK") {
        return data.to_vec();
    }
    let deflated = data.strip_prefix(b"~");
    zipped(deflated.is_some(), split(deflated.unwrap_or(data)))
}

/// An archive of arrays.
pub fn npz_files(data: &[u8]) -> Files {
    vec![("arrays.npz", archived(data))]
}

pub fn npz(folder: &Path) {
    let path = folder.join("arrays.npz");
    let _ = read_statistics(&path);
    load_somehow(&path);
}

/// Images, and labels beside them; compressed after a `Z`.
pub fn idx_files(data: &[u8]) -> Files {
    let [images, labels] = parts(data);
    let images = match images.strip_prefix(b"Z") {
        None => images.to_vec(),
        Some(plain) => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default()
        }
    };
    let mut files = vec![("train-images-idx3-ubyte", images)];
    if !labels.is_empty() {
        files.push(("train-labels-idx1-ubyte", labels.to_vec()));
    }
    files
}

pub fn idx(folder: &Path) {
    load_somehow(&folder.join("train-images-idx3-ubyte"));
}

/// An archive of pictures.
pub fn archive_files(data: &[u8]) -> Files {
    vec![("pictures.zip", archived(data))]
}

pub fn archive(folder: &Path) {
    load_somehow(&folder.join("pictures.zip"));
}

/// A picture as it is.
pub fn picture_files(data: &[u8]) -> Files {
    vec![("pictures/picture.png", data.to_vec())]
}

pub fn picture(folder: &Path) {
    let path = folder.join("pictures/picture.png");
    if path.metadata().map_or(0, |facts| facts.len()).is_multiple_of(2) {
        let options = DataOptions { size: Some((3, 2)), ..DataOptions::default() };
        let _ = load(&folder.join("pictures").to_string_lossy(), &options);
    } else if let Ok(picture) = read_picture(&path, None) {
        assert_eq!(picture.samples.len(), picture.height * picture.width * picture.channels);
        assert!(picture.samples.iter().all(|&sample| u32::from(sample) < picture.levels));
        let _ = picture.with_channels(Channels::Rgba).fit(5, 7);
    }
}

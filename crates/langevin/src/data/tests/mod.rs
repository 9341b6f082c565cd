//! Tests of whole sources: files in temporary folders, read through [`load`](super::load).

mod archives;
mod arrays;
mod bad;
mod builtins;
mod cut;
mod folders;
mod malformed;
mod odd_places;
mod writers;

use std::io::{Cursor, Write};
use std::path::Path;

use image::{DynamicImage, ImageFormat};

use super::{DataOptions, Dataset, PictureSet, load};

/// The bytes of a picture in a format.
fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A grey PNG of one value.
fn grey_png(height: u32, width: u32, value: u8) -> Vec<u8> {
    encoded(image::GrayImage::from_pixel(width, height, image::Luma([value])), ImageFormat::Png)
}

/// A folder that holds these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    root
}

/// The bytes of an archive that holds these files.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn set_at(path: &Path, options: &DataOptions) -> PictureSet {
    match load(path.to_str().unwrap(), options).unwrap() {
        Dataset::Pictures(set) => set,
        Dataset::Points(_) => panic!("pictures were expected"),
    }
}

fn error_at(path: &Path, options: &DataOptions) -> String {
    load(path.to_str().unwrap(), options).unwrap_err().to_string()
}

fn with_split(split: &str) -> DataOptions {
    DataOptions { split: Some(split.to_owned()), ..DataOptions::default() }
}

//! Whatever a file holds, reading it ends in a set or in an error.

use proptest::collection::vec;
use proptest::prelude::*;

use super::arrays::idx;
use super::*;
use crate::data::decode;
use crate::data::idx::parse;
use crate::data::npy::Npy;

/// Some bytes of `file` replaced and its end perhaps cut off.
fn damaged(file: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = file.len();
    (vec((0..length, any::<u8>()), 1..8), 0..=length).prop_map(move |(changes, cut)| {
        let mut bytes = file.clone();
        changes.iter().for_each(|&(at, byte)| bytes[at] = byte);
        bytes.truncate(if cut % 2 == 0 { length } else { cut });
        bytes
    })
}

/// Loading the file either works or fails in words.
fn survives(name: &str, bytes: &[u8]) {
    let root = folder(&[(name, bytes)]);
    if let Err(error) = load(root.path().join(name).to_str().unwrap(), &DataOptions::default()) {
        assert!(!error.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_array(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse(bytes.as_slice());
        let _ = Npy::parse(bytes.as_slice());
        let npy = [b"\x93NUMPY\x01\x00\x80\x00", bytes.as_slice()].concat();
        let _ = Npy::parse(npy.as_slice());
        let _ = decode::decode(&bytes);
    }

    #[test]
    fn odd_npy_headers_are_errors(text in "\\{('(descr|shape|fortran_order)': ?('[<>|][a-z][0-9]{0,3}'|\\([0-9, ]{0,40}\\)|True|False|\\[), ?){0,4}\\}") {
        let length = (text.len() as u16).to_le_bytes();
        let npy = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), &[0; 16]].concat();
        let _ = Npy::parse(npy.as_slice());
        survives("a.npy", &npy);
    }

    #[test]
    fn damaged_idx_never_panics(bytes in damaged(idx(&[2, 3, 4], &[5; 24]))) {
        survives("a-images-idx3-ubyte", &bytes);
        survives("a.gz", &gzipped(&bytes));
    }

    #[test]
    fn damaged_gzip_never_panics(bytes in damaged(gzipped(&idx(&[2, 3, 4], &[5; 24])))) {
        survives("a.gz", &bytes);
    }

    #[test]
    fn damaged_npy_never_panics(bytes in damaged(include_bytes!("../../../tests/data/u2_big_endian_nhwc.npy").to_vec())) {
        survives("a.npy", &bytes);
    }

    #[test]
    fn damaged_npz_never_panics(bytes in damaged(include_bytes!("../../../tests/data/arr_0_and_labels.npz").to_vec())) {
        survives("a.npz", &bytes);
        survives("a.zip", &bytes);
    }

    #[test]
    fn damaged_zip_never_panics(bytes in damaged(zipped(&[("train/a.png", &grey_png(3, 3, 1)), ("test/b.png", &grey_png(3, 3, 2))]))) {
        survives("a.zip", &bytes);
    }

    #[test]
    fn damaged_pictures_never_panic(kind in 0usize..6, seed in damaged((0..=255).collect())) {
        use image::ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
        let format = [Png, Jpeg, WebP, Bmp, Gif, Tiff][kind];
        let mut bytes = encoded(image::RgbImage::from_pixel(9, 7, image::Rgb([200, 10, 60])), format);
        // The damage of the seed, spread over the file.
        for (at, &byte) in seed.iter().enumerate().filter(|&(at, &byte)| usize::from(byte) != at) {
            let place = at * bytes.len() / 256;
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len() * seed.len() / 256);
        let _ = decode::probe(&bytes);
        let _ = decode::decode(&bytes);
    }
}

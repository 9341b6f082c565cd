//! A picture file that was cut off is never another picture.

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage};

use super::*;
use crate::data::decode;

/// Values without a pattern, so that no two rows are alike.
fn noise(x: u32, y: u32) -> u32 {
    (x * 7919 + y * 104_729 + x * y * 31).wrapping_mul(2_654_435_761) >> 7
}

fn written() -> Vec<(String, Vec<u8>)> {
    let rgb = RgbImage::from_fn(23, 17, |x, y| {
        let value = noise(x, y);
        Rgb([value as u8, (value >> 8) as u8, (value >> 5) as u8])
    });
    let deep = ImageBuffer::from_fn(13, 11, |x, y| Luma([noise(x, y) as u16]));
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    let mut all: Vec<_> = [Bmp, Gif, Jpeg, Png, Tiff, WebP]
        .map(|format| (format!("{format:?}"), encoded(DynamicImage::from(rgb.clone()), format)))
        .into();
    all.push(("16-bit PNG".to_owned(), encoded(deep.clone(), Png)));
    all.push(("16-bit TIFF".to_owned(), encoded(deep, Tiff)));
    let kept: [(&str, &[u8]); 4] = [
        ("lossy WebP", include_bytes!("../../../tests/data/lossy.webp")),
        ("TIFF with LZW", include_bytes!("../../../tests/data/lzw.tiff")),
        ("progressive JPEG", include_bytes!("../../../tests/data/progressive.jpg")),
        ("BMP with RLE", include_bytes!("../../../tests/data/rle.bmp")),
    ];
    all.extend(kept.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())));
    all
}

#[test]
fn no_cut_gives_another_picture() {
    for (name, bytes) in written() {
        let whole = decode::decode(&bytes).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        for length in 0..bytes.len() {
            match decode::decode(&bytes[..length]) {
                Err(reason) => assert!(!reason.is_empty()),
                Ok(cut) => assert!(cut == whole, "{name} of {} bytes, cut to {length}", bytes.len()),
            }
        }
    }
}

/// What a download that broke off and a disk that was not synced leave: zeros to the end. WebP, BMP and TIFF have neither
/// a checksum nor an end that would tell.
#[test]
fn no_end_of_zeros_gives_another_png_jpeg_or_gif() {
    for (name, bytes) in written() {
        if ["WebP", "BMP", "Bmp", "TIFF", "Tiff"].iter().any(|other| name.contains(other)) {
            continue;
        }
        let whole = decode::decode(&bytes).unwrap();
        for length in 0..bytes.len() {
            let mut zeros = bytes.clone();
            zeros[length..].fill(0);
            if let Ok(other) = decode::decode(&zeros) {
                assert!(other == whole, "{name} of {} bytes, zeros from {length} on", bytes.len());
            }
        }
    }
}

#[test]
fn animations_and_pages_are_counted() {
    let cases: [(&[u8], &str); 5] = [
        (include_bytes!("../../../tests/data/animated.gif"), "an animation of 3 frames"),
        (include_bytes!("../../../tests/data/animated.png"), "an animation of 3 frames"),
        (include_bytes!("../../../tests/data/animated.webp"), "an animation of 3 frames"),
        (include_bytes!("../../../tests/data/pages.tiff"), "3 pages"),
        (include_bytes!("../../../tests/data/pages_big.tiff"), "2 pages"),
    ];
    for (bytes, what) in cases {
        let reason = decode::probe(bytes).unwrap_err();
        assert!(reason.contains(what), "{reason}");
        assert_eq!(decode::decode(bytes).unwrap_err(), reason);
        for length in 0..bytes.len() {
            assert!(decode::decode(&bytes[..length]).is_err(), "{what}, cut to {length}");
        }
    }
}

#[test]
fn a_thumbnail_is_no_page() {
    let (plain, big): (&[u8], &[u8]) = (
        include_bytes!("../../../tests/data/thumbnail.tiff"),
        include_bytes!("../../../tests/data/thumbnail_big.tiff"),
    );
    let picture = decode::decode(plain).unwrap();
    assert_eq!((picture.height, picture.width, picture.channels), (6, 5, 3));
    assert_eq!(decode::decode(big).unwrap(), picture);
}

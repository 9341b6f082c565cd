use image::{DynamicImage, GrayAlphaImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, RgbaImage};

use super::*;
use crate::data::{Channels, OnBadFile, read_picture};

const PLAIN: DataOptions = DataOptions {
    on_bad_file: OnBadFile::Fail,
    split: None,
    size: None,
    channels: None,
    data_dir: None,
    seed: 0,
    count: None,
};

/// A picture of 5×3 whose samples are all different, with the given channels.
fn ramp<P: image::Pixel<Subpixel = u8>>() -> ImageBuffer<P, Vec<u8>> {
    let samples = (0..15 * P::CHANNEL_COUNT).map(|v| v * 4).collect();
    ImageBuffer::from_raw(3, 5, samples).unwrap()
}

#[test]
fn every_lossless_format_keeps_its_channels_and_values() {
    let rgb: RgbImage = ramp();
    let rgba: RgbaImage = ramp();
    let grey: image::GrayImage = ramp();
    let grey_alpha: GrayAlphaImage = ramp();
    let cases: Vec<(DynamicImage, ImageFormat)> = vec![
        (grey.clone().into(), ImageFormat::Png),
        (grey_alpha.into(), ImageFormat::Png),
        (rgb.clone().into(), ImageFormat::Png),
        (rgba.clone().into(), ImageFormat::Png),
        (rgb.clone().into(), ImageFormat::WebP),
        (rgba.clone().into(), ImageFormat::WebP),
        (rgb.clone().into(), ImageFormat::Bmp),
        (grey.into(), ImageFormat::Tiff),
        (rgb.into(), ImageFormat::Tiff),
        (rgba.into(), ImageFormat::Tiff),
    ];
    for (picture, format) in cases {
        // The name says nothing: the content decides.
        let root = folder(&[("picture.bin", &encoded(picture.clone(), format))]);
        let set = set_at(root.path(), &PLAIN);
        assert_eq!((set.height(), set.width(), set.levels()), (5, 3, 256), "{format:?}");
        assert_eq!(set.channels(), picture.color().channel_count() as usize, "{format:?}");
        let expected: Vec<u16> = picture.as_bytes().iter().map(|&v| v.into()).collect();
        assert_eq!(set.picture(0).samples, expected, "{format:?} {:?}", picture.color());
    }
}

#[test]
fn sixteen_bits_stay_sixteen_bits() {
    let values: Vec<u16> = vec![0, 1, 255, 256, 257, 32_767, 32_768, 65_534, 65_535, 40_000];
    let grey = ImageBuffer::<Luma<u16>, _>::from_raw(5, 2, values.clone()).unwrap();
    let rgb = ImageBuffer::<Rgb<u16>, _>::from_fn(4, 4, |x, y| Rgb([x as u16 * 9999, 65_535 - y as u16, 3]));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let root = folder(&[("a", &encoded(grey.clone(), format))]);
        let set = set_at(root.path(), &PLAIN);
        assert_eq!((set.channels(), set.levels(), set.bytes_in_memory()), (1, 65_536, 20));
        assert_eq!(set.picture(0).samples, values);
        let mut scaled = [0.0; 10];
        set.read(0, &mut scaled);
        assert_eq!((scaled[0], scaled[8]), (-1.0, 1.0));
        assert!((scaled[5] - -1.0 / 65_535.0).abs() < 1e-9, "{}", scaled[5]);
        let root = folder(&[("a", &encoded(rgb.clone(), format))]);
        assert_eq!(set_at(root.path(), &PLAIN).picture(0).samples, *rgb.as_raw());
    }
}

#[test]
fn jpeg_grey_and_colour_are_read_as_they_are() {
    let grey = encoded(image::GrayImage::from_pixel(16, 8, Luma([90])), ImageFormat::Jpeg);
    let colour = encoded(RgbImage::from_pixel(16, 8, Rgb([200, 100, 50])), ImageFormat::Jpeg);
    let root = folder(&[("grey", &grey), ("colour", &colour)]);
    let picture = read_picture(root.path().join("grey"), None).unwrap();
    assert_eq!((picture.height, picture.width, picture.channels), (8, 16, 1));
    assert!(picture.samples.iter().all(|&v| v.abs_diff(90) <= 1));
    let picture = read_picture(root.path().join("colour"), None).unwrap();
    assert!(picture.samples.chunks(3).all(|p| p[0].abs_diff(200) <= 3 && p[1].abs_diff(100) <= 3));
    assert_eq!(read_picture(root.path().join("colour"), Some(Channels::Grey)).unwrap().channels, 1);
}

#[test]
fn a_gif_is_rgb_unless_something_is_transparent() {
    let opaque = RgbaImage::from_pixel(4, 3, image::Rgba([255, 0, 0, 255]));
    let mut holed = opaque.clone();
    holed.put_pixel(1, 1, image::Rgba([0, 0, 0, 0]));
    for (picture, channels) in [(opaque, 3), (holed, 4)] {
        let root = folder(&[("a.gif", &encoded(picture, ImageFormat::Gif))]);
        let set = set_at(root.path(), &PLAIN);
        assert_eq!((set.height(), set.width(), set.channels()), (3, 4, channels));
        assert_eq!(set.picture(0).samples[..2], [255, 0]);
    }
}

#[test]
fn classes_are_sub_folders_and_the_order_is_that_of_the_paths() {
    let png = |value| grey_png(2, 2, value);
    let files =
        [("dog/a.png", png(3)), ("cat/b/z.png", png(2)), ("cat/a.png", png(1)), ("cat/.hidden.png", vec![])];
    let root = folder(&files.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())));
    std::fs::write(root.path().join("readme.txt"), "BM is no bitmap").unwrap();
    let set = set_at(root.path(), &PLAIN);
    assert_eq!((0..3).map(|i| set.picture(i).samples[0]).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(set.labels(), Some(&[0, 0, 1][..]));
    assert_eq!(set.class_names(), ["cat", "dog"]);
    let name = root.path().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(set.describe(), format!("{name}: 3 pictures, 2x2, 1 channel, 8 bit, 2 classes"));
    std::fs::write(root.path().join("loose.png"), png(4)).unwrap();
    assert_eq!(set_at(root.path(), &PLAIN).labels(), None);
}

#[test]
fn mixed_kinds_are_refused_by_name_and_converted_on_request() {
    let rgb = encoded(RgbImage::from_pixel(2, 2, Rgb([7, 7, 7])), ImageFormat::Png);
    let wide = encoded(ImageBuffer::from_pixel(2, 2, Luma([514u16])), ImageFormat::Png);
    let root = folder(&[("a.png", &grey_png(2, 2, 7)), ("b.png", &rgb), ("c.png", &wide)]);
    let message = error_at(root.path(), &PLAIN);
    assert!(message.contains("'a.png' is 8-bit grey, 'b.png' is 8-bit RGB"), "{message}");
    assert!(message.contains("--channels grey"), "{message}");
    let set = set_at(root.path(), &DataOptions { channels: Some(Channels::Rgb), ..PLAIN });
    // 8 bits are widened, by 257, to the 16 bits of one file: nothing is lost.
    assert_eq!((set.channels(), set.levels()), (3, 65_536));
    assert_eq!([0, 1, 2].map(|i| set.picture(i).samples[2]), [7 * 257, 7 * 257, 514]);
    std::fs::remove_file(root.path().join("b.png")).unwrap();
    let message = error_at(root.path(), &PLAIN);
    assert!(message.contains("'a.png' is 8-bit grey, 'c.png' is 16-bit grey"), "{message}");
}

#[test]
fn mixed_sizes_are_refused_by_name_and_fitted_on_request() {
    let root = folder(&[("a.png", &grey_png(4, 6, 9)), ("b.png", &grey_png(5, 6, 9))]);
    let message = error_at(root.path(), &PLAIN);
    assert!(message.contains("'a.png' is 4x6, 'b.png' is 5x6; give `--size HxW`"), "{message}");
    let set = set_at(root.path(), &DataOptions { size: Some((3, 7)), ..PLAIN });
    assert_eq!((set.len(), set.height(), set.width()), (2, 3, 7));
    assert_eq!(set.picture(1).samples, [9; 21]);
    let message = error_at(root.path(), &DataOptions { size: Some((0, 7)), ..PLAIN });
    assert!(message.starts_with("`--size 0x7` cannot be used"), "{message}");
}

#[test]
fn every_unreadable_file_is_named() {
    let good = grey_png(2, 2, 1);
    let whole = encoded(RgbImage::new(64, 64), ImageFormat::Jpeg);
    let cut = &whole[..whole.len() - 10];
    let root = folder(&[
        ("a.png", &good),
        ("b.png", b"text"),
        ("c.jpg", cut),
        ("d.gif", b""),
        ("e.heic", b"abc"),
        ("f.png", &good[..30]),
    ]);
    let message = error_at(root.path(), &PLAIN);
    assert!(message.starts_with("5 of the 6 picture(s) of "), "{message}");
    for line in [
        "'b.png': it is not a PNG",
        "'c.jpg': the file is cut off",
        "'d.gif': the file is empty",
        "'e.heic': it is not a PNG",
        "'f.png': the file is cut off",
    ] {
        assert!(message.contains(&format!("\n  {line}")), "{message}");
    }
    let message = read_picture(root.path().join("e.heic"), None).unwrap_err().to_string();
    assert!(message.contains("e.heic' cannot be read as a picture: it is not a PNG"), "{message}");
}

#[test]
fn samples_that_are_cut_off_after_the_header_are_unreadable_too() {
    let noise =
        RgbImage::from_fn(40, 40, |x, y| Rgb([((x * 7) ^ (y * 13)) as u8, (x * y) as u8, (x + 3 * y) as u8]));
    let png = encoded(noise, ImageFormat::Png);
    let root = folder(&[("a.png", &png), ("b.png", &png[..png.len() / 2])]);
    let message = error_at(root.path(), &PLAIN);
    assert!(message.starts_with("1 of the 2 picture(s)") && message.contains("'b.png': "), "{message}");
}

#[test]
fn sources_without_pictures_say_which_kind_of_nothing_they_are() {
    let root = folder(&[("notes.txt", b"hello")]);
    let missing = root.path().join("missing");
    assert!(error_at(&missing, &PLAIN).contains("missing' does not exist: expected a folder"));
    assert!(error_at(root.path(), &PLAIN).starts_with("none of the 1 file(s) of"));
    assert!(error_at(&root.path().join("notes.txt"), &PLAIN).contains("notes.txt' is no data set"));
    let empty = folder(&[]);
    assert!(error_at(empty.path(), &PLAIN).contains("is empty: expected pictures"));
}

#[test]
fn absurd_sizes_are_refused_before_they_are_allocated() {
    // A PNG header that promises 2³¹−1 columns of 16 rows: signature, IHDR, its checksum, and no data.
    let mut png = grey_png(16, 16, 0);
    png[16..20].copy_from_slice(&0x7FFF_FFFFu32.to_be_bytes());
    let checksum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let root = folder(&[("huge.png", &png)]);
    let message = error_at(root.path(), &PLAIN);
    assert!(message.contains("'huge.png': "), "{message}");
    assert!(message.to_lowercase().contains("limit") || message.contains("each side"), "{message}");
}

/// The CRC-32 of PNG, Annex D of its specification.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn colour_that_is_neither_grey_nor_rgb_is_refused_by_name() {
    let root = folder(&[
        ("a.jpg", include_bytes!("../../../tests/data/cmyk.jpg")),
        ("b.tiff", include_bytes!("../../../tests/data/cmyk.tiff")),
        ("c.tiff", include_bytes!("../../../tests/data/float.tiff")),
    ]);
    let message = error_at(root.path(), &PLAIN);
    assert!(
        message.contains("'a.jpg': it stores CMYK colour; convert it to RGB\n  'b.tiff': it stores CMYK"),
        "{message}"
    );
    assert!(message.contains("'c.tiff': "), "{message}");
}

#[test]
fn palettes_and_single_bits_become_the_colours_they_stand_for() {
    let cases: [(&[u8], usize, &[u16]); 3] = [
        (include_bytes!("../../../tests/data/palette.png"), 3, &[70, 80, 90, 10, 20, 30, 40, 50, 60]),
        (
            include_bytes!("../../../tests/data/palette_alpha.png"),
            4,
            &[70, 80, 90, 128, 10, 20, 30, 255, 40, 50, 60, 0],
        ),
        (include_bytes!("../../../tests/data/one_bit.png"), 1, &[255, 0, 255]),
    ];
    for (bytes, channels, samples) in cases {
        let root = folder(&[("a.png", bytes)]);
        let set = set_at(root.path(), &PLAIN);
        assert_eq!((set.channels(), set.levels()), (channels, 256));
        assert_eq!(set.picture(0).samples, samples);
    }
}

#[test]
fn a_picture_is_upright_as_the_camera_was_held() {
    // Stored with 8 rows and 16 columns, the left half white; turned clockwise, the upper half is.
    let root = folder(&[("a.jpg", include_bytes!("../../../tests/data/turned.jpg"))]);
    let set = set_at(root.path(), &PLAIN);
    assert_eq!((set.height(), set.width()), (16, 8));
    let samples = set.picture(0).samples;
    assert!(samples[..64].iter().all(|&v| v > 250) && samples[64..].iter().all(|&v| v < 5));
}

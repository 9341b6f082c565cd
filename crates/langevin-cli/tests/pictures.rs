//! Pictures of any depth and kind go in, and pictures of the same depth and kind come out.

mod common;

use common::files::{frames, grey16_folder, npy, npz, picture, rgba_folder};
use common::{Place, TINY};
use image::ColorType;
use std::path::PathBuf;

const HEIGHT: usize = 20;
const WIDTH: usize = 28;

/// Trained for three steps on sixteen pictures of 20x28, 16-bit grey or RGBA, in `model`.
fn place_with(folder: fn(&std::path::Path, u32, u32, u32)) -> Place {
    let place = Place::new();
    folder(&place.path("pictures"), 16, HEIGHT as u32, WIDTH as u32);
    place.done(&format!("train pictures {TINY} --steps 3 --no-grid --quiet --out model"));
    place
}

fn single_pictures(place: &Place, folder: &str) -> Vec<PathBuf> {
    place.files(folder).iter().map(|name| place.path(folder).join(name)).collect()
}

/// A float of a sample as an integer of so many levels.
fn stored(value: f32, levels: u32) -> i64 {
    (f64::from((value.clamp(-1.0, 1.0) + 1.0) / 2.0) * f64::from(levels - 1)).round() as i64
}

#[test]
fn sixteen_bit_grey_stays_sixteen_bit_grey() {
    let place = place_with(grey16_folder);
    place.done("sample model -n 3 --seed 4 --out single");
    place.done("sample model -n 3 --seed 4 --out all.npy");
    let (shape, values) = npy(&place.path("all.npy"));
    assert_eq!(shape, [3, 1, HEIGHT as u64, WIDTH as u64]);
    let files = single_pictures(&place, "single");
    assert_eq!(files.len(), 3);
    let mut contents = Vec::new();
    for (path, sample) in files.iter().zip(values.chunks(HEIGHT * WIDTH)) {
        let picture = picture(path);
        assert_eq!((picture.color(), picture.height(), picture.width()), (ColorType::L16, 20, 28));
        let pixels = picture.into_luma16().into_raw();
        for (&pixel, &value) in pixels.iter().zip(sample) {
            assert!((i64::from(pixel) - stored(value, 65_536)).abs() <= 1, "{pixel} {value}");
        }
        // Eight bits blown up to sixteen would be multiples of 257.
        assert!(pixels.iter().any(|pixel| pixel % 257 != 0));
        contents.push(pixels);
    }
    assert!(contents[0] != contents[1] && contents[1] != contents[2]);
}

#[test]
fn rgba_stays_rgba_in_every_form() {
    let place = place_with(rgba_folder);
    for out in ["single", "all.npy", "all.npz"] {
        place.done(&format!("sample model -n 2 --out {out}"));
    }
    let (shape, floats) = npy(&place.path("all.npy"));
    assert_eq!(shape, [2, 4, HEIGHT as u64, WIDTH as u64]);
    let (names, shape, bytes) = npz(&place.path("all.npz"));
    assert_eq!((names, shape), (vec!["arr_0".to_owned()], vec![2, HEIGHT as u64, WIDTH as u64, 4]));
    for (index, &byte) in bytes.iter().enumerate() {
        let (pixel, channel) = (index / 4 % (HEIGHT * WIDTH), index % 4);
        let sample = index / (4 * HEIGHT * WIDTH);
        let value = floats[(sample * 4 + channel) * HEIGHT * WIDTH + pixel];
        assert!(
            (i64::from(byte) - stored(value, 256)).abs() <= 1,
            "{sample} {pixel} {channel}: {byte} {value}"
        );
    }
    let files = single_pictures(&place, "single");
    assert_eq!(files.len(), 2);
    for (path, sample) in files.iter().zip(bytes.chunks(4 * HEIGHT * WIDTH)) {
        let picture = picture(path);
        assert_eq!((picture.color(), picture.height(), picture.width()), (ColorType::Rgba8, 20, 28));
        assert_eq!(picture.into_rgba8().into_raw(), sample);
    }
    assert_ne!(bytes[..4 * HEIGHT * WIDTH], bytes[4 * HEIGHT * WIDTH..]);
}

#[test]
fn grids_strips_and_animations_can_be_looked_at() {
    let place = place_with(rgba_folder);
    place.done("sample model -n 6 --out grid.png --trajectory strip.png");
    place.done("sample model -n 6 --out grid.png --trajectory movie.gif");
    let (grid, strip) = (picture(&place.path("grid.png")), picture(&place.path("strip.png")));
    // Six pictures of 20x28 take three columns and two rows, or two and three; nine moments take nine columns.
    assert!(grid.width() >= 2 * 28 && grid.height() >= 2 * 20, "{}x{}", grid.height(), grid.width());
    assert!(strip.width() >= 9 * 28 && strip.height() >= 6 * 20, "{}x{}", strip.height(), strip.width());
    let frames = frames(&place.path("movie.gif"));
    assert!((20..=61).contains(&frames.len()), "{}", frames.len());
    assert_ne!(frames.first(), frames.last());
    place.refused("sample model -n 2 --trajectory movie.mp4");
}

#[test]
fn data_is_diffused_into_a_strip() {
    let place = Place::new();
    rgba_folder(&place.path("pictures"), 5, 20, 28);
    let said = place.done("diffuse pictures -n 3").out;
    assert!(said.contains("diffuse.png"), "{said}");
    let strip = picture(&place.path("diffuse.png"));
    assert!(strip.width() >= 9 * 28 && strip.height() >= 3 * 20, "{}x{}", strip.height(), strip.width());
    place.done("diffuse pictures/colour-01.png --out one.png --schedule cosine --timesteps 100");
    let one = picture(&place.path("one.png"));
    assert!(one.width() == strip.width() && one.height() < strip.height());
    place.refused("diffuse pictures --out strip.jpg");
    place.refused("diffuse pictures --schedule steep");
    place.refused("diffuse pictures -n 0");
}

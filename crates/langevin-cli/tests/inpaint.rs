//! `langevin inpaint`: what is known stays, what is not is filled in, and wrong wishes are told.

mod common;

use common::files::{npy, npz, picture};
use common::{Place, assert_says};
use image::{GrayImage, Luma, LumaA};

/// A tiny model of 40 timesteps, a grey picture of its size, and a mask for its lower half.
fn place() -> (Place, GrayImage) {
    let place = Place::with_digits_model();
    let grey = GrayImage::from_fn(8, 8, |x, y| Luma([(30 + 20 * x + 7 * y) as u8]));
    grey.save(place.path("grey.png")).unwrap();
    GrayImage::from_fn(8, 8, |_, y| Luma([if y < 4 { 0 } else { 255 }]))
        .save(place.path("mask.png"))
        .unwrap();
    (place, grey)
}

const QUICK: &str = "--model model --jump 3 --resamples 2 --quiet";

fn scaled(grey: &GrayImage) -> Vec<f32> {
    grey.iter().map(|&value| 2.0 * f32::from(value) / 255.0 - 1.0).collect()
}

#[test]
fn known_pixels_are_the_pictures_and_the_others_are_not() {
    let (place, grey) = place();
    let ran = place.done(&format!("inpaint grey.png --mask mask.png {QUICK} -n 3 --out filled.npy"));
    assert_says(&ran.out, &["3 fillings in filled.npy"]);
    assert_eq!(ran.err, "");
    let (shape, filled) = npy(&place.path("filled.npy"));
    assert_eq!(shape, [3, 1, 8, 8]);
    let known = scaled(&grey);
    for filling in filled.chunks(64) {
        assert_eq!(filling[..32], known[..32]);
        assert!(filling[32..].iter().zip(&known[32..]).any(|(a, b)| (a - b).abs() > 0.1));
    }
    assert_ne!(filled[..64], filled[64..128]);
    for options in ["--batch 1", "--batch 2 --seed 0"] {
        place.done(&format!("inpaint grey.png --mask mask.png {QUICK} -n 2 --out again.npy {options}"));
        let again = npy(&place.path("again.npy")).1;
        assert!(again.iter().zip(&filled).all(|(a, b)| (a - b).abs() < 1e-4), "{options}");
    }
    for options in [
        "--jump 3 --resamples 2 --seed 1",
        "--jump 3 --resamples 1",
        "--jump 2 --resamples 2",
        "--jump 3 --resamples 2 --sampler ddim --steps 9",
    ] {
        place.done(&format!("inpaint grey.png --mask mask.png --model model {options} -n 2 --out again.npy"));
        assert_ne!(npy(&place.path("again.npy")).1, filled[..128], "{options}");
    }
}

#[test]
fn every_form_of_output_is_written() {
    let (place, grey) = place();
    let ran = place.done(&format!("inpaint grey.png --mask mask.png {QUICK}"));
    assert_says(&ran.out, &["the picture, what is known of it, and 4 fillings in inpaint.png"]);
    // Six columns of one row, and a line of text below.
    let strip = picture(&place.path("inpaint.png"));
    assert!((6 * 64..7 * 68).contains(&strip.width()) && strip.height() < 110, "{strip:?}");
    // Past a strip's room, a grid.
    place.done(&format!("inpaint grey.png --mask mask.png {QUICK} -n 14 --out many.png"));
    let grid = picture(&place.path("many.png"));
    assert_eq!(grid.width(), grid.height());
    place.done(&format!("inpaint grey.png --mask mask.png {QUICK} -n 2 --out filled.npz"));
    let (names, shape, bytes) = npz(&place.path("filled.npz"));
    assert_eq!((names, shape), (vec!["arr_0".to_owned()], vec![2, 8, 8, 1]));
    assert_eq!(bytes[..32], grey.as_raw()[..32]);
    place.done(&format!("inpaint grey.png --mask mask.png {QUICK} -n 2 --out folder"));
    assert_eq!(place.files("folder"), ["00000.png", "00001.png"]);
    assert_eq!(picture(&place.path("folder/00001.png")).into_luma8().as_raw()[..32], grey.as_raw()[..32]);
    assert_says(
        &place.refused(&format!("inpaint grey.png --mask mask.png {QUICK} --out folder")),
        &["folder"],
    );
}

#[test]
fn holes_of_the_picture_are_a_mask() {
    let (place, grey) = place();
    let hole = image::ImageBuffer::from_fn(8, 8, |x, y| {
        LumaA([grey.get_pixel(x, y).0[0], if y < 4 { 255 } else { 100 }])
    });
    hole.save(place.path("hole.png")).unwrap();
    let ran = place.done(&format!("inpaint hole.png {QUICK} -n 1 --out hole.npy"));
    assert_says(&ran.err, &["note: hole.png: the picture is converted from 8-bit grey+alpha to grey"]);
    place.done(&format!("inpaint grey.png --mask mask.png {QUICK} -n 1 --out mask.npy"));
    assert_eq!(npy(&place.path("hole.npy")), npy(&place.path("mask.npy")));
    assert_says(
        &place.refused(&format!("inpaint grey.png {QUICK}")),
        &["grey.png is opaque everywhere", "--mask"],
    );
}

/// A picture of another size, with a mask of its size or of the model's.
#[test]
fn a_large_picture_and_its_mask_are_made_to_fit() {
    let (place, _) = place();
    std::fs::write(place.path("large.png"), common::files::rgb_png(32, 48, 99)).unwrap();
    GrayImage::from_fn(48, 32, |_, y| Luma([if y < 16 { 0 } else { 9 }]))
        .save(place.path("large-mask.png"))
        .unwrap();
    for mask in ["large-mask.png", "mask.png"] {
        let ran = place.done(&format!("inpaint large.png --mask {mask} {QUICK} -n 1 --out {mask}.npy"));
        assert_says(&ran.err, &["8-bit RGB to grey", "from 32x48 to the model's 8x8"]);
    }
    assert_eq!(npy(&place.path("large-mask.png.npy")), npy(&place.path("mask.png.npy")));
    let message = place.refused(&format!("inpaint grey.png --mask large-mask.png {QUICK}"));
    assert_says(&message, &["large-mask.png: the mask is 32x48 (height x width), but the picture is 8x8"]);
}

#[test]
fn wrong_wishes_are_told() {
    let (place, _) = place();
    GrayImage::new(8, 8).save(place.path("black.png")).unwrap();
    std::fs::write(place.path("text.png"), "words").unwrap();
    let refused = |options: &str| place.refused(&format!("inpaint grey.png --model model --quiet {options}"));
    assert_says(&refused("--mask black.png"), &["black.png is black", "nothing to fill in"]);
    assert_says(&refused("--mask mask.png --jump 0"), &["a jump goes back 0 steps"]);
    assert_says(&refused("--mask mask.png --resamples 0"), &["sampled 0 times"]);
    assert_says(&refused("--mask mask.png --resamples 99999999999"), &["more than 16777216 steps"]);
    assert_says(&refused("--mask mask.png --steps 41"), &["between 1 and 40 steps"]);
    assert_says(&refused("--mask mask.png --sampler ddim-inversion"), &["goes from data to noise"]);
    assert_says(&refused("--mask mask.png --class 3"), &["knows no classes"]);
    assert_says(&refused("--mask mask.png -n 0"), &["-n and --batch are at least 1"]);
    assert_says(&refused("--mask mask.png --out filled.jpg"), &[".jpg"]);
    assert_says(
        &place.failed(&format!("inpaint grey.png --mask text.png {QUICK}")),
        &["text.png", "not a PNG"],
    );
    assert_says(
        &place.failed(&format!("inpaint text.png --mask mask.png {QUICK}")),
        &["text.png", "not a PNG"],
    );
    place.refused("inpaint grey.png --mask mask.png");
    let points = Place::with_points_model();
    std::fs::copy(place.path("grey.png"), points.path("grey.png")).unwrap();
    assert_says(&points.refused("inpaint grey.png --mask grey.png --model model"), &["a model of points"]);
    assert!(!place.exists("inpaint.png"));
}

/// RePaint's 250 steps where a sampler would take more.
#[test]
fn a_long_process_is_gone_down_in_250_steps() {
    let (place, _) = place();
    place.done(
        "train digits --batch 4 --set model.channels=[8,16] --set model.groups=4 --steps 2 --no-grid --quiet --out long",
    );
    let ran = place.done("inpaint grey.png --mask mask.png --model long --resamples 1 -n 1");
    assert_says(&ran.err, &["250/250", "1 of 1 fillings"]);
    let ran = place.done("inpaint grey.png --mask mask.png --model long --resamples 2 -n 1 --steps 20");
    assert_says(&ran.err, &["30/30"]);
}

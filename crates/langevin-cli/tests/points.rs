//! Points in the plane: trained on, drawn, diffused.

mod common;

use common::files::{frames, npy, picture};
use common::{Place, TINY_POINTS, assert_says};

#[test]
fn points_come_out_as_an_array_or_a_plot() {
    let place = Place::with_points_model();
    place.done("sample model -n 30 --out points.npy");
    let (shape, values) = npy(&place.path("points.npy"));
    assert_eq!(shape, [30, 2]);
    assert!(values.iter().all(|value| value.is_finite()) && values[..2] != values[2..4]);
    place.done("sample model -n 30 --out plot.png");
    let plot = picture(&place.path("plot.png"));
    assert!(plot.width() > 200 && plot.height() > 200, "{}x{}", plot.height(), plot.width());
    place.done("sample model -n 30 --out both");
    assert_eq!(place.files("both"), ["points.npy", "points.png"]);
    assert_eq!(place.bytes("both/points.npy"), place.bytes("points.npy"));
    place.done("sample model --steps 2 --out many.npy");
    assert_eq!(npy(&place.path("many.npy")).0, [2000, 2]);
}

#[test]
fn points_are_not_bytes() {
    let place = Place::with_points_model();
    let message = place.refused("sample model -n 3 --out points.npz");
    assert_says(&message, &["points.npz", ".npy", ".png"]);
    assert!(!place.exists("points.npz"));
}

#[test]
fn the_way_of_points_from_noise_can_be_watched() {
    let place = Place::with_points_model();
    place.done("sample model -n 50 --out a.npy --trajectory strip.png");
    place.done("sample model -n 50 --out a.npy --trajectory movie.gif");
    let strip = picture(&place.path("strip.png"));
    assert!(strip.width() > 600, "{}", strip.width());
    let frames = frames(&place.path("movie.gif"));
    assert!(frames.len() >= 20 && frames.first() != frames.last(), "{}", frames.len());
}

#[test]
fn every_set_of_points_can_be_trained_on_and_diffused() {
    let place = Place::new();
    for set in ["swiss-roll", "eight-gaussians", "two-moons", "checkerboard"] {
        place.done(&format!("train {set} {TINY_POINTS} --steps 2 --quiet"));
        picture(&place.path(format!("runs/{set}-001/final.png")));
        place.done(&format!("diffuse {set} --out {set}.png"));
        picture(&place.path(format!("{set}.png")));
    }
    let checkpoint = place.files("runs/checkerboard-001/checkpoints/step-0000002");
    assert!(checkpoint.contains(&"langevin/ema.safetensors".to_owned()), "{checkpoint:?}");
}

#[test]
fn what_is_for_pictures_is_refused() {
    let place = Place::with_points_model();
    std::fs::write(place.path("a.png"), common::files::rgb_png(8, 8, 3)).unwrap();
    assert_says(&place.refused("denoise a.png --model model --from 3"), &["model", "points"]);
    let flipped = format!("train swiss-roll {TINY_POINTS} --set data.flip=true --steps 1");
    assert_says(&place.refused(&flipped), &["data.flip"]);
    assert_says(&place.refused("train digits --set model.kind=mlp --dry-run"), &["mlp", "8x8", "unet"]);
}

#[test]
fn a_resumed_run_of_points_is_the_uninterrupted_run() {
    let place = Place::new();
    let settings = format!("train swiss-roll {TINY_POINTS} --set train.decay=constant --no-grid --quiet");
    place.done(&format!("{settings} --steps 6 --out whole"));
    place.done(&format!("{settings} --steps 2 --out parts"));
    place.done("train --resume --out parts --steps 6 --no-grid --quiet");
    assert_eq!(place.steps("parts"), [1, 2, 3, 4, 5, 6]);
    for file in ["ema", "raw", "optimizer"] {
        let of =
            |run: &str| place.bytes(&format!("{run}/checkpoints/step-0000006/langevin/{file}.safetensors"));
        assert!(of("whole") == of("parts"), "{file}");
    }
}

//! `langevin sample`: sample k of a seed is sample k of that seed, however it is drawn.

mod common;

use common::files::npy;
use common::{Place, TINY, assert_says};

/// Samples of 8x8 drawn with `options`.
fn draw(place: &Place, options: &str) -> Vec<f32> {
    place.done(&format!("sample model --quiet --out drawn.npy {options}"));
    let (shape, values) = npy(&place.path("drawn.npy"));
    assert_eq!(shape[1..], [1, 8, 8]);
    assert!(values.iter().all(|value| value.is_finite()));
    values
}

fn greatest_difference(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

#[test]
fn a_sample_does_not_depend_on_those_drawn_with_it() {
    let place = Place::with_digits_model();
    let five = draw(&place, "-n 5");
    assert_eq!(five.len(), 5 * 64);
    for batch in [1, 2, 7] {
        let same = draw(&place, &format!("-n 5 --batch {batch}"));
        assert!(greatest_difference(&five, &same) < 1e-4, "{batch} at a time");
    }
    let three = draw(&place, "-n 3");
    assert_eq!(three.len(), 3 * 64);
    assert!(greatest_difference(&five, &three) < 1e-4);
    assert!(greatest_difference(&five[..64], &five[64..128]) > 0.1, "the samples are all the same");
}

#[test]
fn what_is_asked_for_makes_a_difference() {
    let place = Place::with_digits_model();
    let plain = draw(&place, "-n 2");
    assert_eq!(plain, draw(&place, "-n 2 --seed 0 --weights ema"));
    for other in ["--seed 1", "--weights raw", "--variance fixed-small", "--steps 5", "--steps 39"] {
        assert!(greatest_difference(&plain, &draw(&place, &format!("-n 2 {other}"))) > 1e-4, "{other}");
    }
    // All of the steps, said in another way.
    assert!(greatest_difference(&plain, &draw(&place, "-n 2 --steps 40")) < 1e-4);
    let [leading, trailing] =
        ["leading", "trailing"].map(|name| draw(&place, &format!("-n 2 --steps 5 --spacing {name}")));
    assert!(greatest_difference(&leading, &trailing) > 1e-4);
}

#[test]
fn counts_that_cannot_be_are_refused() {
    let place = Place::with_digits_model();
    assert_says(&place.refused("sample model --steps 41"), &["40", "41"]);
    for wrong in ["--steps 0", "-n 0", "--batch 0", "--threads 0", "--variance learned", "--spacing even"] {
        place.refused(&format!("sample model {wrong}"));
    }
    let message = place.refused("sample model --out samples.jpg");
    assert_says(&message, &[".jpg", ".png", ".npz", ".npy"]);
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 1, "only the model is there");
}

#[test]
fn the_default_is_a_grid_named_for_its_seed() {
    let place = Place::with_digits_model();
    let ran = place.done("sample model --seed 7 --steps 2");
    assert_says(&ran.out, &["16 pictures", "samples-seed7.png"]);
    let grid = common::files::picture(&place.path("samples-seed7.png"));
    assert!((256..300).contains(&grid.width()) && grid.width() == grid.height(), "{}", grid.width());
    assert_eq!(place.done("sample model -n 1 --steps 2 --quiet").err, "");
}

#[test]
fn a_run_stands_for_its_newest_checkpoint() {
    let place = Place::new();
    place.done(&format!(
        "train {TINY} --steps 3 --set train.checkpoint_every=2 --no-grid --quiet --out model"
    ));
    let samples = |model: &str| {
        place.done(&format!("sample {model} -n 1 --out a.npy --quiet"));
        place.bytes("a.npy")
    };
    assert_eq!(samples("model"), samples("model/checkpoints/step-0000003"));
    assert_ne!(samples("model"), samples("model/checkpoints/step-0000002"));
}

#[test]
fn what_is_not_a_model_is_named() {
    let place = Place::with_digits_model();
    std::fs::create_dir(place.path("empty")).unwrap();
    for name in ["nowhere", "empty"] {
        assert_says(
            &place.refused(&format!("sample {name}")),
            &[name, "neither a run folder nor a checkpoint"],
        );
    }
    let weights = "model/checkpoints/step-0000004/unet/diffusion_pytorch_model.safetensors";
    let whole = place.bytes(weights);
    std::fs::write(place.path(weights), &whole[..whole.len() / 2]).unwrap();
    assert_says(&place.failed("sample model"), &[weights]);
    std::fs::write(place.path("model/checkpoints/step-0000004/langevin/state.json"), "{").unwrap();
    assert_says(&place.failed("sample model"), &["langevin/state.json"]);
}

//! `langevin denoise`: noise is added to a picture, and taken away.

mod common;

use common::files::picture;
use common::{Place, assert_says};
use image::{GrayImage, Luma};

/// A model with the usual 1,000 timesteps, hardly trained, and a grey picture of its size.
fn place() -> (Place, GrayImage) {
    let place = Place::new();
    place.done(
        "train digits --batch 4 --set model.channels=[8,16] --set model.groups=4 --steps 2 --no-grid --quiet \
         --out model",
    );
    let grey = GrayImage::from_fn(8, 8, |x, y| Luma([(30 + 20 * x + 7 * y) as u8]));
    grey.save(place.path("grey.png")).unwrap();
    (place, grey)
}

/// The greatest difference of two pictures, of 255.
fn greatest_difference(one: &GrayImage, other: &GrayImage) -> u8 {
    one.iter().zip(other.iter()).map(|(one, other)| one.abs_diff(*other)).max().unwrap()
}

#[test]
fn the_first_timestep_gives_the_picture_back() {
    let (place, grey) = place();
    place.done("denoise grey.png --model model --from 1 --result result.png");
    picture(&place.path("denoise.png"));
    let result = picture(&place.path("result.png"));
    assert_eq!(result.color(), image::ColorType::L8);
    // With beta_1 = 1e-4, x_1 is off by a hundredth of the noise, and the network takes away a hundredth of what
    // it predicts, whatever that is. Noise and prediction of 64 pixels stay below 5 and 2: 0.07, of a range of 2.
    let result = result.into_luma8();
    assert!(greatest_difference(&grey, &result) <= 9, "{}", greatest_difference(&grey, &result));
}

#[test]
fn from_pure_noise_another_picture_comes_back() {
    let (place, grey) = place();
    place.done("denoise grey.png --model model --from 1000 --result one.png --out strip.png --seed 1");
    place.done("denoise grey.png --model model --from 1000 --result two.png --seed 2");
    place.done("denoise grey.png --model model --from 1000 --result again.png --seed 1 --weights ema");
    let [one, two, again] =
        ["one", "two", "again"].map(|name| picture(&place.path(format!("{name}.png"))).into_luma8());
    assert!(greatest_difference(&grey, &one) > 50 && greatest_difference(&one, &two) > 50);
    assert_eq!(one, again);
    // The picture, its noisy form, three moments of the way back, and the result.
    let strip = picture(&place.path("strip.png"));
    assert!(strip.width() >= 6 * 64 && strip.width() < 8 * 64, "{}", strip.width());
}

#[test]
fn fewer_steps_take_fewer() {
    let (place, grey) = place();
    let ran = place.done("denoise grey.png --model model --from 400 --steps 7 --result few.png --threads 1");
    assert_says(&ran.err, &["denoising 7/7"]);
    let all = place.done("denoise grey.png --model model --from 60 --result all.png --quiet");
    assert_eq!(all.err, "");
    place.done("denoise grey.png --model model --from 60 --steps 60 --result same.png --quiet");
    assert_eq!(place.bytes("all.png"), place.bytes("same.png"));
    let few = picture(&place.path("few.png")).into_luma8();
    assert!(greatest_difference(&grey, &few) > 0);
    for steps in ["0", "401"] {
        let message = place.refused(&format!("denoise grey.png --model model --from 400 --steps {steps}"));
        assert_says(&message, &["--steps is", steps, "1 to 400"]);
    }
}

#[test]
fn timesteps_count_from_one() {
    let (place, _) = place();
    for from in ["0", "1001"] {
        let message = place.refused(&format!("denoise grey.png --model model --from {from}"));
        assert_says(&message, &["--from", from, "1 to 1000"]);
    }
    place.refused("denoise grey.png --model model --from -1");
    place.refused("denoise grey.png --model model");
    assert!(!place.exists("denoise.png"));
}

#[test]
fn what_is_changed_in_a_picture_is_said() {
    let (place, _) = place();
    std::fs::write(place.path("colour.png"), common::files::rgb_png(20, 28, 99)).unwrap();
    let ran = place.done("denoise colour.png --model model --from 2 --result small.png");
    assert_says(&ran.err, &["note: colour.png", "8-bit RGB to grey", "from 20x28 to the model's 8x8"]);
    let small = picture(&place.path("small.png"));
    assert_eq!((small.color(), small.width(), small.height()), (image::ColorType::L8, 8, 8));
    assert!(!place.done("denoise grey.png --model model --from 2").err.contains("note:"));
}

#[test]
fn a_file_that_is_no_picture_is_named() {
    let (place, _) = place();
    std::fs::write(place.path("text.png"), "not a picture").unwrap();
    assert_says(&place.failed("denoise text.png --model model --from 1"), &["text.png"]);
    assert_says(&place.failed("denoise nowhere.png --model model --from 1"), &["nowhere.png"]);
    assert_says(&place.refused("denoise grey.png --model nowhere --from 1"), &["nowhere"]);
}

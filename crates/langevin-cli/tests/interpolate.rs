//! `langevin interpolate`: from one seed's sample to another's.

mod common;

use common::files::{frames, npy, picture};
use common::{Place, assert_says};

#[test]
fn both_ends_are_the_samples_of_their_seeds() {
    let place = Place::with_digits_model();
    let ran = place.done("interpolate model --from 3 --to 8 -n 5 --steps 6 --batch 1 --quiet --out way.npy");
    assert_says(&ran.out, &["5 samples from seed 3 to seed 8 in way.npy"]);
    assert_eq!(ran.err, "");
    let (shape, way) = npy(&place.path("way.npy"));
    assert_eq!(shape, [5, 1, 8, 8]);
    for (seed, end) in [(3, &way[..64]), (8, &way[4 * 64..])] {
        place
            .done(&format!("sample model -n 1 --seed {seed} --sampler ddim --steps 6 --quiet --out end.npy"));
        assert_eq!(npy(&place.path("end.npy")).1, end, "seed {seed}");
    }
    assert!(way.chunks(64).collect::<Vec<_>>().windows(2).all(|pair| pair[0] != pair[1]));
    place.done("interpolate model --from 3 --to 8 -n 5 --steps 6 --sampler heun --quiet --out heun.npy");
    assert_ne!(npy(&place.path("heun.npy")).1, way);
}

#[test]
fn a_strip_an_animation_there_and_back_and_single_pictures() {
    let place = Place::with_digits_model();
    place.done("interpolate model --from 0 --to 1 --steps 2 --quiet");
    let strip = picture(&place.path("interpolate.png"));
    assert!((9 * 64..10 * 68).contains(&strip.width()) && strip.height() < 110);
    place.done("interpolate model --from 0 --to 1 -n 4 --steps 2 --quiet --out way.gif");
    // 0 1 2 3 2 1
    let shown = frames(&place.path("way.gif"));
    assert_eq!((shown.len(), &shown[1], &shown[2]), (6, &shown[5], &shown[4]));
    assert!(shown[0] != shown[3] && shown[1] != shown[2]);
    place.done("interpolate model --from 0 --to 1 -n 2 --steps 2 --quiet --out folder");
    assert_eq!(place.files("folder"), ["00000.png", "00001.png"]);
    // Two frames go there and back without any between.
    place.done("interpolate model --from 0 --to 1 -n 2 --steps 2 --quiet --out short.gif");
    assert_eq!(frames(&place.path("short.gif")).len(), 2);
}

#[test]
fn points_are_plotted_on_the_same_axes() {
    let place = Place::with_points_model();
    for out in ["way.png", "way.gif", "way.npy"] {
        place.done(&format!("interpolate model --from 0 --to 1 -n 4 --steps 3 --quiet --out {out}"));
    }
    picture(&place.path("way.png"));
    assert_eq!(frames(&place.path("way.gif")).len(), 6);
    assert_eq!(npy(&place.path("way.npy")).0, [4, 2]);
}

#[test]
fn ways_that_cannot_be_are_told() {
    let place = Place::with_digits_model();
    let refused =
        |options: &str| place.refused(&format!("interpolate model --from 0 --to 1 --quiet {options}"));
    assert_says(&refused("--sampler ddpm"), &["ddpm draws noise at its steps", "take ddim"]);
    assert_says(&refused("--eta 0.5"), &["ddim draws noise at its steps", "set eta to 0"]);
    assert_says(&refused("--sampler heun --churn 5"), &["heun draws noise", "leave the churn out"]);
    assert_says(&refused("--sampler ddim-inversion"), &["goes from data to noise"]);
    assert_says(&refused("-n 1"), &["1 samples between two seeds are too few"]);
    assert_says(&refused("-n 0"), &["at least 1"]);
    assert_says(&refused("--steps 41"), &["between 1 and 40 steps"]);
    assert_says(&refused("--out way.mp4"), &[".mp4"]);
    place.refused("interpolate model --from 0");
    place.refused("interpolate nowhere --from 0 --to 1");
    assert_eq!(place.files("").iter().filter(|file| !file.starts_with("model/")).count(), 0);
}

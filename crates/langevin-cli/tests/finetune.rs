//! `langevin train --init` and `--freeze`: what is taken from the model, what is said of it, and what is written down.

mod common;

use common::files::rgba_folder;
use common::{Place, TINY, assert_says};
use std::fs;

/// A short run that names no network.
const SHORT: &str = "--batch 4 --steps 2 --no-grid --set sample.grid_samples=4";

#[test]
fn network_and_process_are_the_models_unless_something_else_is_said() {
    let place = Place::with_digits_model();
    let ran = place.done(&format!("train digits --init model {SHORT} --out same"));
    assert_says(
        &ran.err,
        &["begins as  the averaged weights of model/checkpoints/step-0000004 (step 4)", "T = 40,"],
    );
    assert!(!ran.err.contains("caution"), "{}", ran.err);
    let config = place.text("same/config.toml");
    let sum = "manifest = \"";
    assert_says(&config, &["channels = [8, 16]", "timesteps = 40", "[train.init]", "step = 4", sum]);
    let ran = place.done(&format!(
        "train digits --init model {SHORT} --labels --set diffusion.timesteps=50 --set diffusion.schedule.kind=cosine --out other"
    ));
    let expected = [
        "the model knows no classes: the vectors of all 10 begin as zero",
        "caution: the model was trained for another process",
        "T = 50 in place of 40, a cosine schedule in place of linear",
    ];
    assert_says(&ran.err, &expected);
    // A recipe that is named decides everything, and so does not fit here.
    let message = place.failed(&format!("train digits --recipe digits --init model {SHORT} --out no"));
    assert_says(&message, &["model/checkpoints/step-0000004", "the weights do not fit the network"]);
    rgba_folder(&place.path("pictures"), 4, 8, 8);
    let message = place.refused(&format!("train pictures --init model {SHORT} --out no"));
    assert_says(&message, &["1 channel, and the data are pictures of 4 channels", "--channels grey"]);
    assert!(!place.exists("no"));
    place.done(&format!("train pictures --channels grey --size 16x12 --init model {SHORT} --out grey"));
}

#[test]
fn what_a_run_began_from_is_written_down_and_not_needed_to_go_on() {
    let place = Place::with_digits_model();
    place.done(&format!("train digits --init model {SHORT} --freeze down,time --quiet --out first"));
    // The recipe of such a run says all of it.
    place.done("train --recipe first/config.toml --no-grid --quiet --out again");
    assert_eq!(place.text("first/config.toml"), place.text("again/config.toml"));
    place.assert_same_weights("first/checkpoints/step-0000002", "again/checkpoints/step-0000002");
    fs::rename(place.path("model"), place.path("gone")).unwrap();
    place.done("train --resume --out first --steps 3 --no-grid --quiet");
    assert_eq!(place.steps("first"), [1, 2, 3]);
    let message = place.refused("train --recipe first/config.toml --no-grid --out no");
    assert_says(&message, &["train.init", "--init", "model/checkpoints/step-0000004"]);
    // Another one in its place is told from it.
    place.done(&format!("train digits {TINY} --seed 1 --steps 4 --no-grid --quiet --out model"));
    let ran = place.done("train --recipe first/config.toml --no-grid --out other");
    assert_says(&ran.err, &["caution", "is not what it was when the recipe was written"]);
}

#[test]
fn frozen_parts_are_planned_and_kept_in_a_resumed_run() {
    let place = Place::with_digits_model();
    let ran =
        place.done(&format!("train digits --init model {SHORT} --freeze down,up.0.attention --out run"));
    assert_says(&ran.err, &["of them learn, as these are frozen: down, up.0.attention"]);
    assert_says(&place.text("run/config.toml"), &["freeze = [", "\"up.0.attention\""]);
    let message = place.refused("train --resume --out run --steps 3 --freeze down");
    assert_says(&message, &["train.freeze was", "start a new run"]);
    place.done("train --resume --out run --steps 3 --no-grid --quiet");
    for dry in ["", "--dry-run"] {
        let message =
            place.refused(&format!("train digits --init model {SHORT} {dry} --freeze up.7 --out no"));
        assert_says(&message, &["\"up.7\"", "\"up\" has 0, 1"]);
    }
    assert!(!place.exists("no"));
}

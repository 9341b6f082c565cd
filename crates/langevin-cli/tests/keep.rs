//! Which checkpoints of a run stay.

mod common;

use common::{Place, TINY, assert_says};
use std::fs;

fn checkpoints(place: &Place, run: &str) -> Vec<String> {
    let entries = fs::read_dir(place.path(format!("{run}/checkpoints"))).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_newest_the_round_ones_and_the_best_stay() {
    let place = Place::new();
    let settings = format!(
        "train digits {TINY} --steps 9 --set train.checkpoint_every=1 --no-grid --set evaluate.every=4 \
         --set evaluate.samples=20 --set evaluate.steps=2"
    );
    let keep = "--set train.keep.last=2 --set train.keep.every=3";
    let plan = place.done(&format!("{settings} {keep} --dry-run")).out;
    assert_says(&plan, &["5 checkpoints kept (one every 1 steps)"]);
    place.done(&format!("{settings} {keep} --quiet --out run"));
    assert_eq!(
        checkpoints(&place, "run"),
        ["best", "step-0000003", "step-0000006", "step-0000008", "step-0000009"]
    );
    place.done(&format!("{settings} --set train.keep={{last=1,best=0}} --quiet --out one"));
    assert_eq!(checkpoints(&place, "one"), ["step-0000009"]);
    place.assert_same_weights("run/checkpoints/step-0000009", "one/checkpoints/step-0000009");
}

#[test]
fn a_resumed_run_may_keep_others() {
    let place = Place::new();
    place.done(&format!(
        "train digits {TINY} --steps 3 --set train.checkpoint_every=1 --no-grid --quiet --out run"
    ));
    assert_eq!(checkpoints(&place, "run").len(), 3);
    place.done("train --resume --out run --steps 5 --set train.keep.last=2 --no-grid --quiet");
    assert_eq!(checkpoints(&place, "run"), ["step-0000004", "step-0000005"]);
    place.done("train --resume --out run --steps 6 --no-grid --quiet");
    assert_eq!(checkpoints(&place, "run"), ["step-0000005", "step-0000006"]);
}

/// A damaged checkpoint of a later step is not the newest: the sound ones before it stay.
#[test]
fn a_damaged_one_does_not_count() {
    let place = Place::new();
    place.done(&format!(
        "train digits {TINY} --steps 9 --set train.checkpoint_every=3 --set train.keep.last=2 --no-grid --quiet --out run"
    ));
    assert_eq!(checkpoints(&place, "run"), ["step-0000006", "step-0000009"]);
    fs::write(place.path("run/checkpoints/step-0000009/langevin/raw.safetensors"), "").unwrap();
    let ran = place.done("train --resume --out run --steps 8 --no-grid --set train.keep.last=1");
    assert_says(&ran.err, &["going on from step 6 instead"]);
    assert_eq!(checkpoints(&place, "run"), ["step-0000008", "step-0000009"]);
    place.done("train --resume --out run --steps 10 --no-grid --quiet");
    assert_eq!(checkpoints(&place, "run"), ["step-0000010"]);
}

#[test]
fn keeping_none_is_refused() {
    let place = Place::new();
    for (keep, named) in
        [("last=0", "train.keep.last"), ("every=0", "train.keep.every"), ("best=2", "0 or 1")]
    {
        let message = place.refused(&format!("train digits --set train.keep.{keep} --dry-run"));
        assert_says(&message, &[named]);
    }
}

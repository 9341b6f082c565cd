//! Ctrl-C and SIGTERM: everything is saved, and the run goes on later.
#![cfg(unix)]

mod common;

use common::{Place, Ran, TINY, assert_says};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

fn start(place: &Place, arguments: &str) -> Child {
    place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < LONG, "{what}: not after {LONG:?}");
        sleep(Duration::from_millis(10));
    }
}

fn end(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

fn lines(place: &Place, run: &str) -> usize {
    std::fs::read_to_string(place.path(run).join("metrics.jsonl")).map_or(0, |text| text.lines().count())
}

#[test]
fn an_interrupted_run_is_saved_and_goes_on_as_if_nothing_had_been() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let settings =
            format!("digits {TINY} --no-grid --set model.dropout=0.1 --set train.checkpoint_every=100000");
        let child = start(&place, &format!("train {settings} --steps 1000000 --out run"));
        wait_until("three steps", || lines(&place, "run") >= 3);
        assert!(!place.exists("run/checkpoints"), "it is interrupted before its first checkpoint");
        send(signal, &child);
        let ran = end(child);
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        assert_says(&ran.err, &["saved", "langevin train --resume --out run"]);
        let step = *place.steps("run").last().unwrap();
        assert!(place.exists(&format!("run/checkpoints/step-{step:07}/langevin/state.json")), "{step}");

        let steps = step + 3;
        place.done(&format!("train --resume --out run --steps {steps} --no-grid --quiet"));
        place.done(&format!("train {settings} --steps {steps} --out whole --quiet"));
        assert_eq!(place.timeless_metrics("run"), place.timeless_metrics("whole"));
        let last = format!("checkpoints/step-{steps:07}");
        place.assert_same_weights(&format!("run/{last}"), &format!("whole/{last}"));
    }
}

#[test]
fn a_quiet_run_says_how_to_go_on_too() {
    let place = Place::new();
    let child = start(&place, &format!("train {TINY} --no-grid --steps 1000000 --quiet"));
    wait_until("a step", || lines(&place, "runs/digits-001") >= 1);
    send("-INT", &child);
    let ran = end(child);
    assert_eq!((ran.code, ran.out.as_str()), (Some(130), ""));
    assert_says(&ran.err, &["langevin train --resume --out runs/digits-001"]);
}

#[test]
fn a_grid_on_the_way_does_not_hold_up_a_signal() {
    let place = Place::new();
    let settings = format!("train {TINY} --set diffusion.timesteps=1000 --set sample.grid_steps=1000");
    let slow = format!("{settings} --set sample.grid_samples=200 --set sample.grid_every=2");
    let child = start(&place, &format!("{slow} --steps 1000000 --out run"));
    wait_until("two steps", || lines(&place, "run") >= 2);
    sleep(Duration::from_millis(100));
    send("-TERM", &child);
    let ran = end(child);
    assert_eq!(ran.code, Some(143), "{}", ran.err);
    assert!(place.exists("run/checkpoints/step-0000002") && !place.exists("run/samples/step-0000002.png"));
}

#[test]
fn a_last_grid_that_was_stopped_is_made_up_for() {
    let place = Place::new();
    let slow = "--set diffusion.timesteps=1000 --set sample.grid_steps=1000 --set sample.grid_samples=60";
    let child = start(&place, &format!("train {TINY} {slow} --steps 2 --out run"));
    wait_until("the last checkpoint", || place.exists("run/checkpoints/step-0000002"));
    sleep(Duration::from_millis(100));
    send("-INT", &child);
    let ran = end(child);
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(!place.exists("run/final.png"));
    assert_says(&ran.err, &["langevin sample run", "langevin train --resume --out run"]);
    place.done("train --resume --out run --quiet");
    place.done(&format!("train {TINY} {slow} --steps 2 --quiet --out whole"));
    assert!(place.bytes("run/final.png") == place.bytes("whole/final.png"));
    assert_says(&place.refused("train --resume --out run"), &["has made its steps"]);
}

#[test]
fn sampling_that_is_interrupted_writes_nothing() {
    let place = Place::new();
    place.done("train --steps 1 --batch 4 --no-grid --quiet --out model");
    let child = start(&place, "sample model -n 1000 --out samples.npy");
    // The model is loaded by then; without the signal it would take minutes.
    sleep(Duration::from_secs(1));
    send("-INT", &child);
    let ran = end(child);
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(!place.exists("samples.npy"));
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let place = Place::new();
    let mut child = start(&place, "recipes");
    drop(child.stdout.take());
    assert_eq!(end(child).err, "");
}

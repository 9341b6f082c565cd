//! The plan's memory: what it says is what a run takes, and what does not fit is not begun.

#![cfg(target_os = "linux")]

mod common;

use common::{Place, assert_says};
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// The number of the plan's line on memory, in MiB.
fn planned(plan: &str) -> f64 {
    let line = plan.lines().find_map(|line| line.trim().strip_prefix("memory  about ")).expect(plan);
    let words: Vec<&str> = line.split_whitespace().collect();
    words[0].parse::<f64>().unwrap() * if words[1] == "GiB" { 1024.0 } else { 1.0 }
}

/// The most that a run held, in MiB, by the mark that the system keeps.
fn peak(place: &Place, arguments: &str) -> f64 {
    let mut process = place.command(arguments).stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0.0f64;
    while process.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark =
            mark.map_or(0.0, |mark| mark.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0);
        peak = peak.max(mark);
        sleep(Duration::from_millis(2));
    }
    assert!(process.wait().unwrap().success(), "{arguments}");
    peak
}

/// The program under a limit of addresses, in MiB.
fn limited(place: &Place, mebibytes: usize, arguments: &str) -> common::Ran {
    let program = env!("CARGO_BIN_EXE_langevin");
    let line = format!("ulimit -v {} && exec {program} {arguments}", mebibytes << 10);
    Command::new("sh").arg("-c").arg(line).current_dir(place.path("")).output().unwrap().into()
}

/// Whether the kernels compute: what Burn's own operations keep, the plan does not know.
fn kernels_compute() -> bool {
    std::env::var_os("LANGEVIN_OPS").is_none_or(|word| word == "kernels")
}

#[test]
fn quick_recipes_take_what_the_plan_says() {
    if !kernels_compute() {
        return;
    }
    let place = Place::new();
    let short = "--quiet --set train.holdout_every=2 --set sample.grid_steps=2";
    for (index, run) in [
        "digits --threads 1 --steps 3 --set train.checkpoint_every=2 --set sample.grid_every=2",
        "digits --threads 2 --batch 2 --steps 3",
        "digits --threads 2 --batch 512 --micro-batch 256 --steps 3",
        "digits --threads 1 --recipe iddpm-digits --no-grid --steps 3",
        // Longer, as the mark is looked at now and then, and three steps are over at once.
        "swiss-roll --threads 1 --steps 300 --set train.checkpoint_every=100 --set sample.grid_every=100",
        "swiss-roll --threads 2 --batch 16384 --steps 3",
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("train {run} {short}");
        let planned = planned(&place.done(&format!("{run} --dry-run")).out);
        let measured = peak(&place, &format!("{run} --out run-{index}"));
        let ratio = planned / measured;
        assert!((0.8..1.2).contains(&ratio), "{planned} MiB planned, {measured} taken: {run}");
    }
}

#[test]
fn what_no_machine_has_is_not_begun() {
    let place = Place::new();
    let run = "train swiss-roll --set model.hidden=65536 --set model.layers=1000";
    let message = place.refused(&format!("{run} --out run"));
    assert_says(&message, &["of memory", "are free", "not even --micro-batch 1 fits", "--over-memory"]);
    assert!(!place.exists("run"));
    // A plan is only told.
    let plan = place.done(&format!("{run} --dry-run")).out;
    assert_says(&plan, &["warning", "more than is free", "not even --micro-batch 1 fits"]);
}

#[test]
fn what_does_not_fit_comes_with_what_does() {
    if !kernels_compute() {
        return;
    }
    let place = Place::new();
    let run = "train digits --batch 1024 --threads 1 --steps 1 --no-grid --quiet";
    let ran = limited(&place, 250, &format!("{run} --out run"));
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert_says(&ran.err, &["the run needs about", "are free", "gives the same steps in", "--over-memory"]);
    assert!(!place.exists("run") && !ran.err.contains("panicked"));
    let word = ran.err.split("--micro-batch ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let micro: usize = word.expect(&ran.err).parse().unwrap();
    assert!((64..512).contains(&micro), "{}", ran.err);
    // What is advised is enough, under the same limit; the same steps are made in it.
    let ran = limited(&place, 250, &format!("{run} --micro-batch {micro} --out run"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(place.steps("run"), [1]);
    // A run that goes on keeps its micro-batch, so nothing is advised that it would refuse.
    let ran = limited(&place, 100, "train --resume --out run --steps 2 --threads 1 --no-grid --quiet");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert_says(&ran.err, &["a resumed run keeps its batches"]);
    assert!(!ran.err.contains("--micro-batch"), "{}", ran.err);
}

/// A limit of addresses counts what is only reserved, so the program takes a little less of it for free than there is.
#[test]
fn who_knows_better_may_begin() {
    if !kernels_compute() {
        return;
    }
    let place = Place::new();
    let run = "train digits --batch 16 --threads 1 --steps 1 --no-grid --quiet --out run";
    let ran = limited(&place, 120, run);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert_says(&ran.err, &["--over-memory"]);
    let ran = limited(&place, 120, &format!("{run} --over-memory"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(place.steps("run"), [1]);
}

#[test]
fn auto_takes_the_largest_that_fits() {
    if !kernels_compute() {
        return;
    }
    let place = Place::new();
    let settings = "train digits --threads 1 --steps 1 --no-grid --quiet";
    let config = |run: &str| -> (i64, i64) {
        let table: toml::Table = place.text(&format!("{run}/config.toml")).parse().unwrap();
        let number = |key: &str| table["train"][key].as_integer().unwrap();
        (number("batch"), number("micro_batch"))
    };
    // The same batch, in as few passes as fit: here some, not one.
    let ran = limited(&place, 300, &format!("{settings} --batch 2048 --micro-batch auto --out micro"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let (batch, micro) = config("micro");
    assert!(batch == 2048 && (64..=512).contains(&micro) && micro & (micro - 1) == 0, "{batch} {micro}");
    assert_eq!(config_of_roomy(&place, &format!("{settings} --micro-batch auto")), (128, 128));
    // Another batch: smaller under a limit, never above 1024, and the learning rate is not for it.
    let ran = limited(&place, 300, &format!("{settings} --batch auto --out small"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let (batch, micro) = config("small");
    assert!(batch == micro && (64..1024).contains(&batch) && batch & (batch - 1) == 0, "{batch} {micro}");
    let ran = place.done("train digits --batch auto --dry-run");
    assert_says(&ran.out, &["2,000 steps of 1024:"]);
    assert_says(&ran.err, &["caution", "learning rate", "batches of 128", "--micro-batch auto"]);
    // What was chosen is the run's own: it goes on with it where there is more room.
    place.done("train --resume --out small --steps 2 --no-grid --quiet");
    assert_eq!(config("small"), (batch, micro));
    for arguments in ["--batch auto", "--micro-batch auto"] {
        let message = place.refused(&format!("train --resume --out small --steps 3 {arguments}"));
        assert_says(&message, &["a resumed run keeps its batches"]);
    }
    let message = place.refused("train digits --batch auto --micro-batch 4 --dry-run");
    assert_says(&message, &["--batch auto", "--micro-batch"]);
    assert_says(&place.refused("train digits --batch many --dry-run"), &["many", "a number, or auto"]);
}

/// Batch and micro-batch of a run without a limit.
fn config_of_roomy(place: &Place, run: &str) -> (i64, i64) {
    place.done(&format!("{run} --out roomy"));
    let table: toml::Table = place.text("roomy/config.toml").parse().unwrap();
    let number = |key: &str| table["train"][key].as_integer().unwrap();
    (number("batch"), number("micro_batch"))
}

//! A training process killed at random moments, in the writing of checkpoints too: nothing is lost but what the interval
//! allows, and the run ends bit by bit as one that was left alone.
//!
//! `LANGEVIN_KILLS` says how many; a third of them are inside a checkpoint's write. `cargo xtask torture` asks for many.
#![cfg(unix)]

mod common;

use common::Place;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// Steps between checkpoints.
const INTERVAL: u64 = 20;

/// The digits' own network, whose checkpoint takes some 12 MB and some time; small batches.
const SETTINGS: &str = "digits --batch 4 --set train.checkpoint_every=20 --set train.keep.last=3 --set data.holdout=0.01 \
                        --set train.holdout_every=7 --set model.dropout=0.1 --no-grid";

/// Where a process was when it was killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// Before its first step.
    Beginning,
    /// Between checkpoints.
    Training,
    /// Inside the write of a checkpoint, with so many of its files there.
    Writing(usize),
}

/// A number in 0..`below`; another one at every call.
fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

fn start(place: &Place, known: Option<u64>) -> Child {
    let how = match known {
        None => format!("train {SETTINGS}"),
        Some(_) => "train --resume --no-grid".to_owned(),
    };
    let mut command = place.command(&format!("{how} --out run --steps 1000000"));
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The files of a checkpoint whose write has begun after `start`; `None` when there is none, or only what an earlier process
/// left.
fn partial(place: &Place, start: SystemTime) -> Option<usize> {
    let entries = fs::read_dir(place.path("run/checkpoints")).ok()?.filter_map(Result::ok);
    let new = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|facts| facts.modified().unwrap() > start);
    let names = entries.filter(new).filter_map(|entry| entry.file_name().into_string().ok());
    let name = names.into_iter().find(|name| name.ends_with(".partial"))?;
    Some(place.files(&format!("run/checkpoints/{name}")).len())
}

/// The last step of which there is a whole line.
fn last_step(place: &Place) -> u64 {
    let text = fs::read_to_string(place.path("run/metrics.jsonl")).unwrap_or_default();
    let mut whole = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    whole.next_back().and_then(|line| line["step"].as_u64()).unwrap_or(0)
}

/// Kills a process at a random moment, or as soon as it writes a checkpoint; gives the moment and what it said.
fn kill(place: &Place, start: SystemTime, mut child: Child, in_write: bool) -> (Moment, String) {
    let (begun, before) = (Instant::now(), last_step(place));
    if in_write {
        while partial(place, start).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "no checkpoint is written");
            sleep(Duration::from_micros(200));
        }
        sleep(Duration::from_micros(random(40_000)));
    } else {
        sleep(Duration::from_millis(random(900)));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let moment = match partial(place, start) {
        Some(files) => Moment::Writing(files),
        None if last_step(place) == before => Moment::Beginning,
        None => Moment::Training,
    };
    (moment, said)
}

#[test]
fn a_killed_run_goes_on_and_ends_as_if_nothing_had_been() {
    let kills: usize = std::env::var("LANGEVIN_KILLS").map_or(8, |text| text.parse().unwrap());
    let (place, mut moments, mut most_lost, mut resumed_count) = (Place::new(), Vec::new(), 0, 0);
    let writing = |moments: &[Moment]| moments.iter().filter(|m| matches!(m, Moment::Writing(_))).count();
    let mut known = None;
    while moments.len() < kills || writing(&moments) < kills.div_ceil(3) {
        assert!(moments.len() < 4 * kills, "too few of {moments:?} are inside a write");
        // A third is aimed at writes; some of those miss.
        let in_write = random(3) == 0 || moments.len() >= kills;
        let begin = SystemTime::now();
        let (moment, said) = kill(&place, begin, start(&place, known), in_write);
        assert!(!said.contains("caution") && !said.contains("error"), "{said}");
        if let (Some(known), Some((_, resumed))) = (known, said.split_once("resumed at step ")) {
            let resumed: u64 = resumed.split_whitespace().next().unwrap().replace(',', "").parse().unwrap();
            assert!(
                resumed <= known && known - resumed <= INTERVAL,
                "it stood at {known}, and went on from {resumed}"
            );
            most_lost = most_lost.max(known - resumed);
            resumed_count += 1;
        }
        let has_checkpoint =
            place.files("run/checkpoints").iter().any(|file| !file.split('/').next().unwrap().contains('.'));
        if known.is_none() && !has_checkpoint {
            // It was killed before there was anything to go on with.
            let _ = fs::remove_dir_all(place.path("run"));
        } else {
            known = Some(last_step(&place));
        }
        eprintln!("kill {:3}: {moment:?} at step {}", moments.len() + 1, last_step(&place));
        moments.push(moment);
    }
    assert!(resumed_count > kills / 4, "only {resumed_count} of them were seen to go on");
    let steps = last_step(&place) + 3;
    place.done(&format!("train --resume --out run --steps {steps} --no-grid --quiet"));
    place.done(&format!("train {SETTINGS} --out whole --steps {steps} --quiet"));
    let last = format!("checkpoints/step-{steps:07}");
    place.assert_same_weights(&format!("run/{last}"), &format!("whole/{last}"));
    assert_eq!(place.timeless_metrics("run"), place.timeless_metrics("whole"));
    let begun = moments.iter().filter(|moment| **moment == Moment::Beginning).count();
    eprintln!(
        "{} kills, {} inside a checkpoint's write, {begun} before the first step, {resumed_count} seen to go on; at most {most_lost} steps lost, with \
         checkpoints every {INTERVAL}; the same weights and metrics after {steps} steps",
        moments.len(),
        writing(&moments)
    );
}

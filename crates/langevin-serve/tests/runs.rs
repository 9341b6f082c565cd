//! Runs as they lie in their folder, and as they are written.

mod common;

use common::{Served, trained};
use langevin_serve::Limits;
use serde_json::Value;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_run_is_seen_as_it_trains() {
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().join("digits-001");
    let served = Served::start(runs, Limits::default(), |_| {});
    assert_eq!(served.get("/api/v1/runs").json()["runs"], Value::Array(Vec::new()));
    let training = thread::spawn({
        let folder = folder.clone();
        move || {
            trained(
                "digits",
                &folder,
                &["train.steps=300", "train.checkpoint_every=100", "sample.grid_every=100"],
            )
        }
    });
    let begun = Instant::now();
    while !folder.join("metrics.jsonl").exists() && begun.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(10));
    }
    let (mut steps, mut states, mut grids) = (Vec::new(), Vec::new(), 0);
    served.events("/api/v1/runs/digits-001/events", |name, data| {
        match name {
            "metrics" => steps.push(data["step"].as_u64().unwrap()),
            _ => {
                states.push(data["state"].as_str().unwrap().to_owned());
                grids = data["grids"].as_array().unwrap().len();
            }
        }
        states.last().is_some_and(|state| state == "finished") && steps.last() == Some(&300) && grids == 3
    });
    training.join().unwrap();
    assert_eq!(steps, (1..=300).collect::<Vec<u64>>(), "each line once, in order");
    assert_eq!((states[0].as_str(), states.last().unwrap().as_str()), ("training", "finished"));
}

#[test]
fn what_a_run_is_and_has() {
    let served = Served::digits(Limits::default());
    let folder = served.runs.path().join("digits-001");
    let run = served.get("/api/v1/runs/digits-001").json();
    for (key, value) in [("state", "finished"), ("data", "digits"), ("shape", "8x8x1")] {
        assert_eq!(run[key], value, "{key}");
    }
    assert_eq!(run["grids"], serde_json::json!([2, 4]));
    assert_eq!(run["config"], fs::read_to_string(folder.join("config.toml")).unwrap());
    let lines = served.get("/api/v1/runs/digits-001/metrics?after=1").json();
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    let written: Vec<Value> = text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines["lines"], Value::Array(written));
    for (step, path) in [(2, "samples/step-0000002.png"), (4, "final.png")] {
        let grid = served.get(&format!("/api/v1/runs/digits-001/grids/{step}"));
        assert!(grid.body == fs::read(folder.join(path)).unwrap(), "{step}");
    }
    assert_eq!(served.get("/api/v1/runs/digits-001/grids/3").status, 404);
    let report = served.get("/api/v1/runs/digits-001/report");
    assert!(report.status == 200 && report.text().contains("digits-001"), "{}", report.head);
}

#[test]
fn damaged_and_foreign_folders_do_no_harm() {
    let served = Served::digits(Limits::default());
    let root = served.runs.path();
    fs::create_dir_all(root.join("no-run/checkpoints")).unwrap();
    for (name, config) in [("empty", ""), ("binary", "\u{0}\u{1}"), ("<b>odd & \"name\"", "x = [")] {
        fs::create_dir_all(root.join(name)).unwrap();
        fs::write(root.join(name).join("config.toml"), config).unwrap();
        fs::write(root.join(name).join("metrics.jsonl"), "{\"step\": 1\nnot json\n").unwrap();
    }
    let runs = served.get("/api/v1/runs").json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 4);
    let odd = served.get("/api/v1/runs/%3Cb%3Eodd%20%26%20%22name%22/metrics");
    assert_eq!((odd.status, odd.text().as_str()), (200, "{\"lines\":[]}"));
    assert_eq!(served.get("/api/v1/models").json()["models"].as_array().unwrap().len(), 1);
    // A checkpoint that was damaged is a sentence, not a crash.
    fs::write(root.join("digits-001/checkpoints/step-0000004/langevin/state.json"), "{}").unwrap();
    let reply = served.get("/api/v1/models/describe?model=digits-001/step-0000004");
    assert!(reply.status == 500 && reply.sentence().contains("step-0000004"), "{}", reply.text());
}

//! The queue: in order, bounded, and never at work for nobody.

mod common;

use common::{MODEL, Served, trained};
use langevin_serve::Limits;
use serde_json::{Value, json};
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Some seconds of work, if it is let.
fn long(seed: u64) -> Value {
    json!({"model": MODEL, "sampler": "ddpm", "seed": seed, "count": 64})
}

fn served(limits: Limits) -> Served {
    let runs = tempfile::tempdir().unwrap();
    trained("digits", &runs.path().join("digits-001"), &["diffusion.timesteps=4000"]);
    Served::start(runs, limits, |_| {})
}

#[test]
fn what_is_cancelled_stops_and_the_next_begins() {
    let served = served(Limits::default());
    let (first, second) =
        (served.queue("/api/v1/samples", &long(0)), served.queue("/api/v1/samples", &long(1)));
    served.wait(&first, |job| job["state"] == "running" && job["step"].as_u64() > Some(2));
    let waiting = served.wait(&second, |job| job["state"] == "queued");
    assert_eq!(waiting["position"], 0, "64 samples fill a pass, so the second waits: {waiting}");
    let cancelled = served.delete(&format!("/api/v1/jobs/{first}")).json();
    assert_eq!(cancelled["state"], "cancelled");
    served.wait(&second, |job| job["state"] == "running" && job["step"].as_u64() > Some(2));
    // Nothing of the first goes on.
    let step = served.wait(&first, |_| true)["step"].as_u64();
    sleep(Duration::from_millis(100));
    assert_eq!(served.wait(&first, |_| true)["step"].as_u64(), step);
    // Those behind one that goes move up.
    let behind: Vec<String> = (5..8).map(|seed| served.queue("/api/v1/samples", &long(seed))).collect();
    served.delete(&format!("/api/v1/jobs/{}", behind[0]));
    assert_eq!(served.wait(&behind[2], |_| true)["position"], 1);
    behind[1..].iter().for_each(|id| drop(served.delete(&format!("/api/v1/jobs/{id}"))));
    // One that waits is cancelled where it stands, and one that has ended stays so.
    let third = served.queue("/api/v1/samples", &long(2));
    assert_eq!(served.delete(&format!("/api/v1/jobs/{third}")).json()["state"], "cancelled");
    assert_eq!(served.delete(&format!("/api/v1/jobs/{third}")).json()["state"], "cancelled");
    served.delete(&format!("/api/v1/jobs/{second}"));
    let list = served.get("/api/v1/jobs").json();
    assert_eq!(list["jobs"].as_array().map(Vec::len), Some(6));
    assert_eq!(list["queue"]["length"], 0);
}

#[test]
fn a_closed_connection_ends_what_it_waits_for() {
    let served = served(Limits::default());
    let body = long(0).to_string();
    let head = served.head("POST", "/api/v1/samples?wait=true");
    let length = body.len();
    let mut stream = served.connect();
    let request = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let jobs = || served.get("/api/v1/jobs").json()["jobs"].clone();
    let begun = Instant::now();
    while jobs()[0]["id"].is_null() && begun.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(5));
    }
    let id = jobs()[0]["id"].as_str().unwrap().to_owned();
    served.wait(&id, |job| job["state"] == "running" && job["step"].as_u64() > Some(2));
    drop(stream);
    let begun = Instant::now();
    served.wait(&id, |job| job["state"] == "cancelled");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn what_nobody_watches_is_given_up() {
    let served = served(Limits { unwatched_seconds: 3, ..Limits::default() });
    let (alone, watched) =
        (served.queue("/api/v1/samples", &long(0)), served.queue("/api/v1/samples", &long(1)));
    // The stream of one keeps it, and says when its turn has come, because nobody asks for the other.
    let begun = Instant::now();
    let events = served.events(&format!("/api/v1/jobs/{watched}/events"), |name, data| {
        name == "job" && data["state"] == "running" && data["step"].as_u64() > Some(2)
    });
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(events[0].1["state"], "queued");
    let list = served.get("/api/v1/jobs").json();
    let state = |id: &str| {
        list["jobs"].as_array().unwrap().iter().find(|job| job["id"] == id).unwrap()["state"].clone()
    };
    assert_eq!(state(&alone), "cancelled");
    assert_eq!(state(&watched), "running");
}

#[test]
fn a_full_queue_says_so_and_keeps_its_order() {
    let served = served(Limits { queue: 5, ..Limits::default() });
    let first = served.queue("/api/v1/samples", &long(0));
    served.wait(&first, |job| job["state"] == "running");
    let waiting: Vec<String> = (1..=5).map(|seed| served.queue("/api/v1/samples", &long(seed))).collect();
    let refused = served.post("/api/v1/samples", &long(6));
    assert_eq!(refused.status, 429);
    assert!(refused.head.to_ascii_lowercase().contains("retry-after: "), "{}", refused.head);
    assert!(refused.sentence().contains("5 requests wait"), "{}", refused.sentence());
    for (position, id) in waiting.iter().enumerate() {
        assert_eq!(served.wait(id, |_| true)["position"].as_u64(), Some(position as u64));
    }
    // One after the other, as they came.
    let mut before = first;
    for id in waiting {
        served.delete(&format!("/api/v1/jobs/{before}"));
        served.wait(&id, |job| job["state"] == "running");
        before = id;
    }
    served.delete(&format!("/api/v1/jobs/{before}"));
    assert_eq!(served.post("/api/v1/samples", &long(6)).status, 202);
}

#[test]
fn what_takes_too_long_is_ended_with_a_sentence() {
    let served = served(Limits { seconds: 1, ..Limits::default() });
    let id = served.queue("/api/v1/samples", &long(0));
    let job = served.wait(&id, |job| job["state"] == "failed");
    assert!(job["error"].as_str().unwrap().contains("more than 1 s"), "{job}");
    // And the server goes on.
    let few = json!({"model": MODEL, "sampler": "ddim", "steps": 3, "count": 1});
    served.done("/api/v1/samples", &few);
}

#[test]
fn frames_come_as_they_are_computed_and_again_to_who_comes_late() {
    let served = Served::digits(Limits::default());
    let id = served.queue("/api/v1/samples", &json!({"model": MODEL, "sampler": "ddpm", "count": 5}));
    let path = format!("/api/v1/jobs/{id}/events");
    let events = served.events(&path, |_, _| false);
    let frames: Vec<&Value> =
        events.iter().filter(|(name, _)| name == "frame").map(|(_, data)| data).collect();
    assert!(frames.len() >= 2, "{} frames", frames.len());
    let last = frames.last().unwrap();
    assert_eq!(
        (last["step"].as_u64(), last["t"].as_f64(), last["columns"].as_u64()),
        (Some(50), Some(0.0), Some(3))
    );
    assert!(frames.windows(2).all(|pair| pair[0]["step"].as_u64() < pair[1]["step"].as_u64()));
    assert!(last["x"].as_str().unwrap().starts_with("data:image/png;base64,"));
    let (name, job) = events.last().unwrap();
    assert_eq!((name.as_str(), &job["state"]), ("job", &json!("done")));
    let again = served.events(&path, |_, _| false);
    assert_eq!(again.iter().filter(|(name, _)| name == "frame").count(), frames.len());
}

#[test]
fn ended_jobs_are_forgotten_when_they_keep_too_much() {
    let served = Served::digits(Limits { kept_bytes: 40_000, ..Limits::default() });
    let body = json!({"model": MODEL, "sampler": "ddim", "steps": 2, "count": 16});
    let jobs: Vec<Value> = (0..12).map(|_| served.done("/api/v1/samples", &body)).collect();
    let known = served.get("/api/v1/jobs").json()["jobs"].as_array().unwrap().len();
    assert!((1..8).contains(&known), "{known} are kept");
    let first = jobs[0]["id"].as_str().unwrap();
    assert_eq!(served.get(&format!("/api/v1/jobs/{first}/grid.png")).status, 404);
    let last = jobs[11]["id"].as_str().unwrap();
    assert_eq!(served.get(&format!("/api/v1/jobs/{last}/grid.png")).status, 200);
}

#[test]
fn jobs_that_were_given_up_are_forgotten_while_another_computes() {
    let served = served(Limits::default());
    let first = served.queue("/api/v1/samples", &long(0));
    for seed in 1..400 {
        let id = served.queue("/api/v1/samples", &long(seed));
        served.delete(&format!("/api/v1/jobs/{id}"));
    }
    let list = served.get("/api/v1/jobs").json();
    let known = list["jobs"].as_array().unwrap().len();
    assert!(known <= 257, "{known} are known");
    assert_eq!(served.wait(&first, |_| true)["state"], "running");
    served.delete(&format!("/api/v1/jobs/{first}"));
}

#[test]
fn a_checkpoint_in_the_place_of_another_is_read_anew() {
    let served = Served::digits(Limits::default());
    let few = json!({"model": MODEL, "sampler": "ddim", "steps": 3, "count": 1, "seed": 8});
    let png = || {
        let job = served.done("/api/v1/samples", &few);
        served.get(&format!("/api/v1/jobs/{}/0.png", job["id"].as_str().unwrap())).body
    };
    let before = png();
    assert!(png() == before);
    let folder = served.runs.path().join("digits-001");
    std::fs::remove_dir_all(&folder).unwrap();
    trained("digits", &folder, &["train.seed=1"]);
    assert!(png() != before, "the old weights are used on");
}

#[test]
fn streams_that_nobody_reads_leave_room_for_others() {
    let served = Served::digits(Limits { streams: 3, ..Limits::default() });
    let head = served.head("GET", "/api/v1/runs/digits-001/events");
    let silent: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = served.connect();
            stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
            // The head of the answer says that the stream is open.
            std::io::Read::read_exact(&mut stream, &mut [0; 12]).unwrap();
            stream
        })
        .collect();
    assert_eq!(served.get("/api/v1/runs/digits-001/events").status, 429);
    assert_eq!(served.get("/api/v1/limits").status, 200);
    drop(silent);
    let begun = Instant::now();
    let first = || served.events("/api/v1/runs/digits-001/events", |_, _| true);
    while first().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "their places are not given back");
        sleep(Duration::from_millis(50));
    }
}

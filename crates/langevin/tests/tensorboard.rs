//! What a run's event files say, beside its metrics, its grids and its settings.

mod common;

use common::events::{Content, What, files, read, values};
use langevin::config::{Recipe, Settings, builtin_recipe};
use langevin::data;
use langevin::train::{Event, Extras, LockedRun, RunFolder, Trainer, newest_checkpoint, train};
use serde_json::Value;
use std::cell::Cell;
use std::fs;
use std::path::Path;

/// The tag of each number of a line; of the quarters one each.
const TAGS: &[(&str, &str)] = &[
    ("loss", "loss/train"),
    ("loss_max", "loss/train_max"),
    ("holdout_loss", "loss/held_out"),
    ("holdout_accuracy", "quality/accuracy_held_out"),
    ("vlb", "loss/vlb"),
    ("grad_norm", "gradient/norm"),
    ("grad_norm_max", "gradient/norm_max"),
    ("lr", "training/learning_rate"),
    ("images_per_second", "training/pictures_per_second"),
    ("skipped", "training/skipped"),
    ("spikes", "training/spikes"),
];
const QUARTERS: [&str; 4] = ["loss_by_t/1_cleanest", "loss_by_t/2", "loss_by_t/3", "loss_by_t/4_noisiest"];

/// Seven steps of the digits' recipe with the bound, lines of two and of one, grids and checkpoints every third.
fn recipe(more: &[&str]) -> Recipe {
    let assignments = [
        "model.channels=[8, 8]",
        "model.groups=4",
        "train.batch=3",
        "train.steps=7",
        "train.checkpoint_every=3",
        "train.log_every=2",
        "train.holdout_every=3",
        "data.holdout=0.005",
        "sample.grid_every=3",
        "sample.grid_steps=2",
        "sample.grid_samples=2",
    ];
    let recipe = builtin_recipe("iddpm-digits").unwrap();
    assignments.iter().chain(more).fold(recipe, |recipe, text| recipe.with_assignment(text).unwrap())
}

/// Trains the run in `folder` on, until it has made `until` steps.
fn go_on(recipe: &Recipe, folder: &Path, until: u64) {
    let run = LockedRun::lock(RunFolder::new(folder)).unwrap();
    let data = data::load("digits", &recipe.data.options(recipe.train.seed)).unwrap();
    let settings = Settings::resolve(recipe.clone(), &data).unwrap();
    let mut trainer = Trainer::new(settings, data, &langevin::cpu()).unwrap();
    if run.config().exists() {
        trainer.resume_from(&newest_checkpoint(&run).unwrap().checkpoint).unwrap();
    }
    let made = Cell::new(trainer.steps_made());
    let observe = &mut |event: Event| {
        if let Event::Step { step, .. } = event {
            made.set(step);
        }
    };
    let extras = Extras { grids: true, evaluator: None };
    train(&mut trainer, &run, extras, observe, &|| made.get() >= until).unwrap();
}

/// The numbers that `metrics.jsonl` has, with their steps and the tags that they should be under.
fn metrics(run: &Path) -> Vec<(u64, String, Content)> {
    let mut found = Vec::new();
    for line in fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines() {
        let line: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        let step = line["step"].as_u64().unwrap();
        let mut add = |tag: &str, value: &Value| {
            let scalar = value.as_f64().map(|value| Content::Scalar(value as f32));
            found.extend(scalar.map(|scalar| (step, tag.to_owned(), scalar)));
        };
        for (key, value) in line.iter().filter(|(key, _)| *key != "step") {
            if key == "loss_quarters" {
                QUARTERS.iter().zip(value.as_array().unwrap()).for_each(|(tag, value)| add(tag, value));
            } else {
                let tag = TAGS.iter().find(|(name, _)| name == key);
                add(tag.unwrap_or_else(|| panic!("{key} has no tag")).1, value);
            }
        }
    }
    found
}

fn sorted(mut values: Vec<(u64, String, Content)>) -> Vec<(u64, String, Content)> {
    values.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    values
}

#[test]
fn every_number_grid_and_setting_of_a_run_is_in_its_event_file() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path();
    go_on(&recipe(&[]), run, u64::MAX);
    let [file] = &files(run)[..] else { panic!("{:?}", files(run)) };
    let name = file.file_name().unwrap().to_str().unwrap();
    let [.., time, "langevin"] = name.split('.').collect::<Vec<_>>()[..] else { panic!("{name}") };
    assert!(time.len() == 10 && name.starts_with("events.out.tfevents."), "{name}");
    let events = read(file);
    assert_eq!(events[0].what, What::Version("brain.Event:2".to_owned()));
    assert_eq!((&events[1].what, events[1].step), (&What::Start, 0));
    assert_eq!(events.iter().filter(|event| event.what == What::Start).count(), 1);
    assert!(events.windows(2).all(|pair| pair[0].wall_time <= pair[1].wall_time));
    assert!((events[0].wall_time - time.parse::<f64>().unwrap()).abs() < 100.0);
    let all = values(run);
    let (scalars, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, _, content)| matches!(content, Content::Scalar(_)));
    assert!(scalars.iter().any(|(_, tag, _)| tag == "loss/vlb"));
    assert!(scalars.iter().any(|(_, tag, _)| tag == "loss/held_out"));
    assert_eq!(sorted(scalars), sorted(metrics(run)));
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let config = Content::Text(format!("```toml\n{}\n```", config.trim_end()));
    let mut expected = vec![(0, "config".to_owned(), config)];
    for (step, name) in [(3, "samples/step-0000003.png"), (6, "samples/step-0000006.png"), (7, "final.png")] {
        let (file, picture) = (fs::read(run.join(name)).unwrap(), image::open(run.join(name)).unwrap());
        let (height, width) = (picture.height().into(), picture.width().into());
        let channels = picture.color().channel_count().into();
        let content = Content::Image { height, width, channels, file };
        expected.push((step, "samples/grid".to_owned(), content));
    }
    assert!(others == expected, "{:?}", others.iter().map(|(step, tag, _)| (step, tag)).collect::<Vec<_>>());
}

/// All but what the clock decides.
fn timeless(run: &Path) -> Vec<(u64, String, Content)> {
    values(run).into_iter().filter(|(_, tag, _)| tag != "training/pictures_per_second").collect()
}

#[test]
fn a_run_that_was_killed_and_resumed_shows_as_one_that_was_not() {
    let place = tempfile::tempdir().unwrap();
    let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
    go_on(&recipe(&[]), &whole, u64::MAX);
    // Killed twice after the checkpoint of step 3: in the midst of a record, and with all of step 5 written.
    for cut in [9, 0] {
        go_on(&recipe(&[]), &parts, 5);
        fs::remove_dir_all(parts.join("checkpoints/step-0000005")).unwrap();
        let last = files(&parts).pop().unwrap();
        let bytes = fs::read(&last).unwrap();
        fs::write(&last, &bytes[..bytes.len() - cut]).unwrap();
    }
    go_on(&recipe(&[]), &parts, u64::MAX);
    let found = files(&parts);
    assert_eq!(found.len(), 3);
    for (file, step) in found.iter().zip([0, 3, 3]) {
        let events = read(file);
        assert_eq!((&events[1].what, events[1].step), (&What::Start, step));
    }
    assert!(timeless(&whole) == timeless(&parts));
    // Of the step that it is resumed at, nothing need be left.
    fs::remove_dir_all(parts.join("checkpoints/step-0000007")).unwrap();
    fs::remove_file(parts.join("final.png")).unwrap();
    found.iter().for_each(|file| fs::write(file, b"").unwrap());
    go_on(&recipe(&[]), &parts, u64::MAX);
    let since: Vec<_> = timeless(&whole).into_iter().filter(|(step, ..)| *step >= 6).collect();
    assert!(since.iter().filter(|(_, tag, _)| tag == "samples/grid").count() == 2);
    assert!(timeless(&parts) == since);
}

#[test]
fn settings_are_told_again_only_where_they_changed() {
    let place = tempfile::tempdir().unwrap();
    let told = || -> Vec<u64> {
        values(place.path()).iter().filter(|(_, tag, _)| tag == "config").map(|(step, ..)| *step).collect()
    };
    go_on(&recipe(&[]), place.path(), 2);
    go_on(&recipe(&[]), place.path(), 4);
    assert_eq!(told(), [0]);
    // More steps, and a process that is gone before it saved anything.
    for _ in 0..2 {
        go_on(&recipe(&["train.steps=8"]), place.path(), 0);
        assert_eq!(told(), [0, 4]);
    }
    go_on(&recipe(&["train.steps=8"]), place.path(), 5);
    go_on(&recipe(&["train.steps=8"]), place.path(), 6);
    assert_eq!(told(), [0, 4]);
    // A run of before there were event files.
    files(place.path()).iter().for_each(|file| fs::remove_file(file).unwrap());
    go_on(&recipe(&["train.steps=8"]), place.path(), u64::MAX);
    assert_eq!(told(), [6]);
}

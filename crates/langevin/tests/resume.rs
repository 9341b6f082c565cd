//! Every recipe, stopped at arbitrary steps and resumed: the same run, bit by bit, as one that was never stopped.

mod common;

use langevin::config::{Recipe, Settings, builtin_recipes};
use langevin::data;
use langevin::models::{ModelConfig, UNetConfig};
use langevin::train::{
    Event, Extras, LockedRun, Outcome, RunFolder, Trainer, WeightsKind, newest_checkpoint, train,
};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The recipe with everything that it does, and a network and pictures that are small enough for a test.
fn small(name: &str, text: &str, more: &[&str]) -> Recipe {
    let mut recipe = Recipe::parse(name, text).unwrap();
    let points = matches!(recipe.model, ModelConfig::Mlp(_));
    recipe.data.source.get_or_insert_with(|| "digits".to_owned());
    if let Some([height, width]) = recipe.data.size {
        recipe.data.size = Some([height.min(64), width.min(64)]);
    }
    if points {
        recipe.data.count = Some(300);
    } else if let ModelConfig::Unet(network) = &mut recipe.model {
        shrink(network);
    } else if let ModelConfig::Classifier(classifier) = &mut recipe.model {
        shrink(&mut classifier.encoder);
    }
    recipe.train.batch = 3;
    recipe.train.micro_batch = Some(2);
    (recipe.train.steps, recipe.train.checkpoint_every) = (7, 3);
    (recipe.train.log_every, recipe.train.holdout_every) = (2, 3);
    recipe.data.holdout = Some(0.005);
    (recipe.sample.grid_every, recipe.sample.grid_steps, recipe.sample.grid_samples) = (3, 2, 2);
    more.iter().fold(recipe, |recipe, assignment| recipe.with_assignment(assignment).unwrap())
}

/// Few channels, and heads that fit them.
fn shrink(network: &mut UNetConfig) {
    network.channels = network.channels.iter().map(|&channels| 8 * channels.div_ceil(128)).collect();
    network.groups = 4;
    network.head_size = network.head_size.map(|_| 8);
}

fn trainer(recipe: &Recipe) -> Trainer {
    let source = recipe.data.source.as_deref().unwrap();
    let data = data::load(source, &recipe.data.options(recipe.train.seed)).unwrap();
    let settings = Settings::resolve(recipe.clone(), &data).unwrap();
    Trainer::new(settings, data, &langevin::cpu()).unwrap()
}

/// Trains the run in `folder` on, until it has made `until` steps.
fn go_on(recipe: &Recipe, folder: &Path, until: u64) -> Outcome {
    let run = LockedRun::lock(RunFolder::new(folder)).unwrap();
    let mut trainer = trainer(recipe);
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
    train(&mut trainer, &run, extras, observe, &|| made.get() >= until).unwrap()
}

/// Every file of a run but its intermediate checkpoints, with the metrics bare of what the clock decides, and what TensorBoard shows
/// of its event files.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let passing = name.starts_with("checkpoints/step-") && name != "checkpoints/step-0000007";
            match path.is_dir() {
                true if passing && !name.starts_with("checkpoints/step-0000007") => {}
                true => folders.push(path),
                false if name == "run.lock" => {}
                false => drop(found.insert(name, fs::read(path).unwrap())),
            }
        }
    }
    let metrics = String::from_utf8(found.remove("metrics.jsonl").unwrap()).unwrap();
    let timeless = metrics.lines().map(|line| {
        let mut line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        line.remove("images_per_second").unwrap();
        serde_json::to_string(&line).unwrap()
    });
    let mut events = common::events::values(folder);
    events.retain(|(_, tag, _)| tag != "training/pictures_per_second");
    found.retain(|name, _| !name.starts_with("events.out.tfevents."));
    found.insert("events".to_owned(), format!("{events:?}").into_bytes());
    found.insert("metrics.jsonl".to_owned(), timeless.collect::<Vec<_>>().join("\n").into_bytes());
    found
}

#[test]
fn every_recipe_goes_on_as_if_it_had_never_stopped() {
    for (name, text) in builtin_recipes() {
        let place = tempfile::tempdir().unwrap();
        let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
        let recipe = small(name, text, &[]);
        assert_eq!(go_on(&recipe, &whole, u64::MAX), Outcome::Finished);
        for stop in [1, 3, 4, 6] {
            assert_eq!(go_on(&recipe, &parts, stop), Outcome::Interrupted { step: stop }, "{name}");
        }
        assert_eq!(go_on(&recipe, &parts, u64::MAX), Outcome::Finished, "{name}");
        let (whole, parts) = (contents(&whole), contents(&parts));
        assert!(whole["events"].len() > 1000, "{name}");
        // A classifier draws nothing.
        let draws = !name.ends_with("classifier");
        for grid in ["final.png", "samples/step-0000003.png"] {
            assert_eq!(whole.contains_key(grid), draws, "{name}");
        }
        assert!(whole.contains_key("checkpoints/step-0000007/langevin/manifest.json"), "{name}");
        assert_eq!(whole.keys().collect::<Vec<_>>(), parts.keys().collect::<Vec<_>>(), "{name}");
        for (file, bytes) in &whole {
            assert!(parts[file] == *bytes, "{name}: {file} differs");
        }
    }
}

/// One at a time, two, or all three: the losses agree to 2e-5, and the next weights to a hundredth of what a step changes.
#[test]
fn every_recipe_makes_the_same_steps_however_a_batch_is_split() {
    for (name, text) in builtin_recipes() {
        let run = |micro: usize| {
            let split = format!("train.micro_batch={micro}");
            let recipe = small(name, text, &["train.warmup_steps=0", "train.learning_rate=1e-4", &split]);
            let mut trainer = trainer(&recipe);
            let losses: Vec<f64> = (0..4).map(|_| trainer.step().loss).collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("step-0000004");
            trainer.save(&path).unwrap();
            (
                losses,
                langevin::train::Checkpoint::open(&path).unwrap().weights(WeightsKind::Raw, &[]).unwrap(),
            )
        };
        let (losses, weights) = run(3);
        for micro in [1, 2] {
            let (split_losses, split_weights) = run(micro);
            for (one, other) in losses.iter().zip(&split_losses) {
                assert!((one - other).abs() < 2e-5 * one.abs(), "{name}, {micro} at a time: {one} {other}");
            }
            let (mut apart, mut count) = (0.0, 0.0);
            for (key, array) in &weights {
                for (one, other) in array.values.iter().zip(&split_weights[key].values) {
                    apart += f64::from((one - other).powi(2));
                    count += 1.0;
                }
            }
            // Four steps of Adam move a weight by some 4e-4.
            assert!((apart / count).sqrt() < 4e-6, "{name}, {micro} at a time: {}", (apart / count).sqrt());
        }
    }
}

//! `langevin train`: where a run goes, and what it leaves there.

mod common;

use common::files::{picture, rgba_folder};
use common::{Place, TINY, TINY_POINTS, assert_says};
use std::fs;

#[test]
fn without_a_word_it_trains_digits_into_numbered_runs() {
    let place = Place::new();
    for run in ["runs/digits-001", "runs/digits-002"] {
        let ran = place.done(&format!("train {TINY} --steps 2"));
        assert_says(&ran.out, &[run, &format!("langevin sample {run}")]);
        assert!(place.text(&format!("{run}/config.toml")).contains("source = \"digits\""));
        assert_eq!(place.steps(run), [1, 2]);
    }
    // The same seed: the second run is the first again.
    place.assert_same_weights(
        "runs/digits-001/checkpoints/step-0000002",
        "runs/digits-002/checkpoints/step-0000002",
    );
}

#[test]
fn a_run_holds_settings_metrics_checkpoints_and_grids() {
    let place = Place::new();
    place.done(&format!(
        "train {TINY} --steps 5 --set train.checkpoint_every=2 --set sample.grid_every=3 --out run"
    ));
    let checkpoint = [
        "langevin/manifest.json",
        "langevin/optimizer.safetensors",
        "langevin/raw.safetensors",
        "langevin/recipe.toml",
        "langevin/state.json",
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    ];
    for step in ["step-0000002", "step-0000004", "step-0000005"] {
        assert_eq!(place.files(&format!("run/checkpoints/{step}")), checkpoint, "{step}");
    }
    let mut beside: Vec<_> =
        place.files("run").into_iter().filter(|file| !file.starts_with("checkpoints/step-")).collect();
    // Its name has the time.
    let events = beside.remove(1);
    assert!(events.starts_with("events.out.tfevents.") && events.ends_with(".langevin"), "{events}");
    assert_eq!(beside, ["config.toml", "final.png", "metrics.jsonl", "run.lock", "samples/step-0000003.png"]);
    // Four pictures of 8x8, enlarged to 64x64, in two columns.
    for grid in ["run/final.png", "run/samples/step-0000003.png"] {
        let grid = picture(&place.path(grid));
        assert!((128..160).contains(&grid.width()) && (128..160).contains(&grid.height()), "{grid:?}");
    }
}

#[test]
fn metrics_have_a_line_a_step_and_the_held_out_loss_when_it_is_due() {
    let place = Place::new();
    place.done(&format!(
        "train {TINY} --steps 5 --set data.holdout=0.01 --set train.holdout_every=2 --set train.warmup_steps=4 \
         --set train.learning_rate=4e-3 --no-grid --out run"
    ));
    let lines = place.metrics("run");
    assert_eq!(place.steps("run"), [1, 2, 3, 4, 5]);
    for line in &lines {
        for name in ["loss", "grad_norm", "images_per_second"] {
            let value = line[name].as_f64().unwrap();
            assert!(value > 0.0 && value.is_finite(), "{line}");
        }
    }
    let rates: Vec<f64> = lines.iter().map(|line| line["lr"].as_f64().unwrap()).collect();
    assert_eq!(rates, [1e-3, 2e-3, 3e-3, 4e-3, 4e-3]);
    let held_out: Vec<u64> = lines
        .iter()
        .filter(|line| line["holdout_loss"].as_f64().is_some_and(|loss| loss > 0.0))
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(held_out, [2, 4, 5]);
}

#[test]
fn a_line_a_few_steps_means_over_them() {
    let place = Place::new();
    place.done(&format!("train {TINY} --steps 5 --no-grid --out every"));
    place.done(&format!("train {TINY} --steps 5 --no-grid --set train.log_every=2 --out second"));
    assert_eq!(place.steps("second"), [2, 4, 5]);
    let losses = |run: &str| -> Vec<f64> {
        place.metrics(run).iter().map(|line| line["loss"].as_f64().unwrap()).collect()
    };
    let (every, second) = (losses("every"), losses("second"));
    for (mean, expected) in second.iter().zip([every[0] + every[1], every[2] + every[3], 2.0 * every[4]]) {
        assert!((mean - expected / 2.0).abs() < 1e-12, "{every:?} {second:?}");
    }
}

#[test]
fn the_settings_of_a_run_are_a_recipe() {
    let place = Place::new();
    place.done(&format!("train {TINY} --steps 3 --seed 7 --set model.dropout=0.1 --no-grid --out first"));
    place.done("train --recipe first/config.toml --no-grid --out again");
    assert_eq!(place.text("first/config.toml"), place.text("again/config.toml"));
    assert_eq!(place.timeless_metrics("first"), place.timeless_metrics("again"));
    place.assert_same_weights("first/checkpoints/step-0000003", "again/checkpoints/step-0000003");
    place.done("train --recipe first/config.toml --seed 8 --no-grid --out other");
    assert_ne!(place.timeless_metrics("first"), place.timeless_metrics("other"));
}

#[test]
fn the_recipe_follows_from_the_data() {
    let place = Place::new();
    rgba_folder(&place.path("pictures"), 4, 8, 8);
    for (data, tiny, kind, description) in [
        ("two-moons", TINY_POINTS, "mlp", "points on a spiral"),
        ("pictures", TINY, "unet", "a folder of your own pictures"),
        ("digits", TINY, "unet", "8x8 handwritten digits"),
    ] {
        place.done(&format!("train {data} {tiny} --steps 1 --no-grid --quiet"));
        let config = place.text(&format!("runs/{data}-001/config.toml"));
        assert_says(&config, &[&format!("kind = \"{kind}\""), &format!("description = \"{description}")]);
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let place = Place::new();
    for out in ["", "--out run"] {
        let ran = place.done(&format!("train digits --steps 30 --dry-run {out}"));
        let plan = ran.out + &ran.err;
        assert_says(&plan, &["1797", "701,345 parameters", "T = 1000", "30 steps of 128", "MiB", "thread"]);
        assert_says(&plan, &[if out.is_empty() { "runs/digits-001" } else { "run" }]);
        assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0);
    }
}

#[test]
fn quiet_is_silent() {
    let place = Place::new();
    let ran = place.done(&format!("train {TINY} --steps 2 --quiet"));
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    assert!(place.exists("runs/digits-001/final.png"));
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path("mine")).unwrap();
    place.done(&format!("train {TINY} --steps 1 --no-grid --quiet --out mine"));
    let before = place.files("mine");
    let message = place.refused(&format!("train {TINY} --steps 1 --out mine"));
    assert_says(&message, &["mine is not empty", "--resume --out mine"]);
    assert_eq!(place.files("mine"), before);
    fs::write(place.path("file"), "").unwrap();
    assert_says(&place.refused(&format!("train {TINY} --steps 1 --out file")), &["file"]);
}

#[test]
fn no_grid_draws_none() {
    let place = Place::new();
    for (run, how) in [("option", "--no-grid"), ("setting", "--set sample.grid=false")] {
        let ran = place.done(&format!("train {TINY} --steps 2 --set sample.grid_every=1 {how} --out {run}"));
        assert!(place.files(run).iter().all(|file| !file.ends_with(".png")), "{:?}", place.files(run));
        assert!(!ran.out.contains("final.png"), "{}", ran.out);
    }
}

#[test]
fn init_begins_with_the_average_of_another_model() {
    let place = Place::with_digits_model();
    let nothing_learned = "--set train.learning_rate=1e-30 --steps 1 --no-grid --quiet";
    place.done(&format!("train {TINY} {nothing_learned} --seed 5 --init model --out same"));
    place.done("sample model -n 1 --steps 3 --out model.npy --weights ema");
    place.done("sample same -n 1 --steps 3 --out same.npy --weights raw");
    assert_eq!(place.bytes("model.npy"), place.bytes("same.npy"));
    assert_eq!(place.steps("same"), [1]);
    let message =
        place.failed(&format!("train {TINY} --set model.channels=[8,24] --steps 1 --init model --out no"));
    assert_says(&message, &["model/checkpoints/step-0000004"]);
    assert!(!place.exists("no"));
}

/// A batch large enough to be computed in several shards.
#[test]
fn the_number_of_threads_changes_nothing() {
    let place = Place::new();
    for threads in [1, 2, 3] {
        place.done(&format!(
            "train digits --set model.channels=[8,16] --set model.groups=4 --batch 128 --steps 3 --no-grid \
             --threads {threads} --out t{threads}"
        ));
    }
    for threads in [2, 3] {
        place.assert_same_weights(
            "t1/checkpoints/step-0000003",
            &format!("t{threads}/checkpoints/step-0000003"),
        );
    }
}

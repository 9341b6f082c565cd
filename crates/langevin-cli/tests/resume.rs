//! `langevin train --resume`: a run goes on as if it had never stopped.

mod common;

use common::files::rgba_folder;
use common::{Place, TINY, assert_says};
use std::fs;

#[test]
fn a_resumed_run_is_the_uninterrupted_run() {
    let place = Place::new();
    let settings = format!(
        "digits {TINY} --no-grid --quiet --set model.dropout=0.2 --set data.flip=true --set data.holdout=0.01 \
         --set train.holdout_every=3 --set train.timestep_sampling=antithetic --set train.warmup_steps=4"
    );
    place.done(&format!("train {settings} --steps 6 --out whole"));
    place.done(&format!("train {settings} --steps 3 --out parts"));
    place.done("train --resume --out parts --steps 5 --no-grid --quiet");
    place.done("train --resume --out parts --steps 6 --no-grid --quiet");
    place.assert_same_weights("whole/checkpoints/step-0000006", "parts/checkpoints/step-0000006");
    assert_eq!(place.steps("parts"), [1, 2, 3, 4, 5, 6]);
    let losses = |run: &str| -> Vec<_> {
        place
            .timeless_metrics(run)
            .iter()
            .map(|line| (line["loss"].clone(), line["grad_norm"].clone()))
            .collect()
    };
    assert_eq!(losses("whole"), losses("parts"));
    assert_eq!(place.text("whole/config.toml"), place.text("parts/config.toml"));
}

#[test]
fn only_the_steps_may_differ() {
    let place = Place::with_digits_model();
    let before = (place.files("model"), place.text("model/metrics.jsonl"), place.text("model/config.toml"));
    for (changed, parts) in [
        ("--batch 8", &["train.batch was 4 and is 8"][..]),
        ("--seed 3", &["train.seed was 0 and is 3"]),
        ("--micro-batch 2", &["train.micro_batch was 4 and is 2"]),
        ("--set model.dropout=0.5", &["model.dropout was 0.0 and is 0.5"]),
        ("--set train.learning_rate=1e-4 --set train.ema=0.5", &["train.learning_rate", "train.ema"]),
        ("--size 16x16", &["data.size was not set and is [16, 16]"]),
        ("two-moons", &["data.source was \"digits\" and is \"two-moons\""]),
        ("--recipe digits", &["model.channels was [8, 16] and is [32, 64]", "train.batch was 4 and is 128"]),
    ] {
        let message = place.refused(&format!("train --resume --out model --steps 9 {changed}"));
        assert_says(&message, &["--steps"]);
        assert_says(&message, parts);
    }
    let after = (place.files("model"), place.text("model/metrics.jsonl"), place.text("model/config.toml"));
    assert_eq!(before, after);
    place.refused("train --resume --out model --init model");
}

#[test]
fn settings_that_are_said_again_do_not_differ() {
    let place = Place::with_digits_model();
    place.done(&format!("train digits {TINY} --seed 0 --resume --out model --steps 5 --no-grid"));
    place.done("train --recipe model/config.toml --resume --out model --steps 6 --no-grid");
    // With the recipe named, what it leaves to the data and to other settings is settled as before.
    place.done(&format!("train --recipe digits {TINY} --resume --out model --steps 7 --no-grid"));
    assert_eq!(place.steps("model"), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn what_a_recipe_left_open_is_settled_again_in_the_same_way() {
    let place = Place::new();
    // 50 grid steps are more than the process has.
    let settings = "--recipe digits --batch 4 --set diffusion.timesteps=20 --set model.channels=[8,16] \
                    --set model.groups=4 --no-grid --quiet --out run";
    place.done(&format!("train {settings} --steps 2"));
    place.done(&format!("train {settings} --steps 3 --resume"));
    assert_eq!(place.steps("run"), [1, 2, 3]);
}

#[test]
fn without_a_name_the_newest_run_goes_on() {
    let place = Place::new();
    for _ in 0..2 {
        place.done(&format!("train {TINY} --steps 1 --no-grid --quiet"));
    }
    place.done("train --resume --steps 2 --no-grid");
    assert_eq!((place.steps("runs/digits-001"), place.steps("runs/digits-002")), (vec![1], vec![1, 2]));
    place.done("train --resume --steps 3 --no-grid --out runs/digits-001");
    place.done("train --resume --steps 4 --no-grid");
    assert_eq!(
        (place.steps("runs/digits-001"), place.steps("runs/digits-002")),
        (vec![1, 2, 3, 4], vec![1, 2])
    );
}

#[test]
fn there_must_be_something_to_go_on_with() {
    let place = Place::with_digits_model();
    assert_says(&place.refused("train --resume"), &["no run to resume", "--out"]);
    assert_says(&place.refused("train --resume --out nowhere"), &["nowhere"]);
    for steps in ["", "--steps 4", "--steps 3"] {
        let message = place.refused(&format!("train --resume --out model --no-grid {steps}"));
        assert_says(&message, &["--steps", "stands at 4"]);
    }
    // The newest checkpoint is taken, and lines of the metrics that are ahead of it are dropped.
    place.done("train --resume --out model --steps 6 --no-grid --quiet");
    fs::remove_dir_all(place.path("model/checkpoints/step-0000006")).unwrap();
    place.done("train --resume --out model --steps 5 --no-grid --quiet");
    assert_eq!(place.steps("model"), [1, 2, 3, 4, 5]);
    fs::remove_dir_all(place.path("model/checkpoints")).unwrap();
    assert_says(
        &place.failed("train --resume --out model --steps 7"),
        &["model was stopped before its first checkpoint"],
    );
}

#[test]
fn a_run_can_be_resumed_from_another_folder() {
    let place = Place::new();
    rgba_folder(&place.path("pictures"), 4, 8, 8);
    let from_elsewhere = |arguments: &str| {
        let ran = place.command(arguments).current_dir(place.path("elsewhere")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    fs::create_dir(place.path("elsewhere")).unwrap();
    place.done(&format!("train pictures {TINY} --steps 1 --no-grid --quiet --out named"));
    from_elsewhere("train --resume --out ../named --steps 2 --no-grid");
    // The same when a recipe's own text names the data.
    let recipe = place.text("named/config.toml");
    let source = recipe.lines().find(|line| line.starts_with("source = ")).unwrap();
    fs::write(place.path("mine.toml"), recipe.replace(source, "source = \"pictures\"")).unwrap();
    place.done("train --recipe mine.toml --steps 1 --no-grid --quiet --out written");
    from_elsewhere("train --resume --out ../written --steps 2 --no-grid");
}

#[test]
fn micro_batches_make_the_same_steps() {
    let place = Place::new();
    let settings = "digits --batch 8 --set model.channels=[8,16] --set model.groups=4 --set model.dropout=0.3 \
                    --steps 4 --no-grid --quiet";
    place.done(&format!("train {settings} --out whole"));
    for micro in [1, 3, 4] {
        let run = format!("parts-{micro}");
        place.done(&format!("train {settings} --micro-batch {micro} --out {run}"));
        for (one, other) in place.metrics("whole").iter().zip(place.metrics(&run)) {
            for name in ["loss", "grad_norm"] {
                let (one, other) = (one[name].as_f64().unwrap(), other[name].as_f64().unwrap());
                assert!((one / other - 1.0).abs() < 1e-5, "{name}, {micro} at a time: {one} {other}");
            }
        }
    }
    assert_says(&place.refused(&format!("train {settings} --micro-batch 0")), &["train.micro_batch"]);
}

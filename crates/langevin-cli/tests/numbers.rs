//! Losses and gradients that are not finite numbers, and those that stand far out.

mod common;

use common::files::write_npy;
use common::{Place, assert_says};

/// Points near the origin, with some that are `far` away.
fn points_with_outliers(place: &Place, every: usize, far: f32) {
    let mut values: Vec<f32> = (0..400).map(|index| (index as f32 * 0.37).sin()).collect();
    for point in values.chunks_mut(2).skip(3).step_by(every) {
        point[0] = far;
    }
    write_npy(&place.path("points.npy"), &[200, 2], &values);
}

const SMALL: &str = "--recipe swiss-roll --set model.hidden=16 --set diffusion.timesteps=40 \
                     --set train.log_every=1 --set data.holdout=0.0 --set train.warmup_steps=0 --set train.decay=constant --no-grid";

#[test]
fn single_steps_are_skipped_and_counted() {
    let place = Place::new();
    points_with_outliers(&place, 60, 1e30);
    let settings = format!("train points.npy {SMALL} --batch 4 --set train.max_skipped=3");
    let ran = place.done(&format!("{settings} --steps 100 --out run"));
    let lines = place.metrics("run");
    assert_eq!(lines.len(), 100);
    let skipped: Vec<_> = lines.iter().filter(|line| line["skipped"] == 1).collect();
    // Four of 200 points, each seen twice in 100 batches of four.
    assert!((4..=8).contains(&skipped.len()), "{}", skipped.len());
    assert!(skipped.iter().all(|line| line.get("loss").is_none() && line.get("grad_norm").is_none()));
    let made = lines.iter().filter(|line| line["loss"].is_f64() && line.get("skipped").is_none());
    assert_eq!(made.count(), 100 - skipped.len());
    assert_says(&ran.out, &[&format!("{} skipped in all", skipped.len())]);
    let first = skipped[0]["step"].as_u64().unwrap();
    assert_says(
        &ran.err,
        &[&format!("step {first} skipped: its gradient is not a finite number (1 in a row)")],
    );

    // Stopped and resumed around the first skipped step, it is the same run: Adam counts its updates, not the steps.
    for steps in [first - 1, first, first + 2, 100] {
        let way = if steps == first - 1 {
            format!("{settings} --out parts")
        } else {
            "train --resume --out parts --no-grid".into()
        };
        place.done(&format!("{way} --steps {steps} --quiet"));
    }
    assert_eq!(place.timeless_metrics("run"), place.timeless_metrics("parts"));
    for file in ["ema.safetensors", "raw.safetensors", "optimizer.safetensors", "state.json"] {
        let [one, other] = ["run", "parts"]
            .map(|run| place.bytes(&format!("{run}/checkpoints/step-0000100/langevin/{file}")));
        assert!(one == other, "{file}");
    }
}

#[test]
fn too_many_in_a_row_end_the_run_with_a_sound_state() {
    let place = Place::new();
    points_with_outliers(&place, 2, 1e30);
    let message = place.failed(&format!(
        "train points.npy {SMALL} --batch 4 --set train.max_skipped=5 --steps 1000 --out run"
    ));
    assert_says(&message, &["5 steps in a row", "not a finite number", "--init", "train.learning_rate"]);
    let step = *place.steps("run").last().unwrap();
    let checkpoint = format!("run/checkpoints/step-{step:07}");
    assert_says(&message, &[&checkpoint]);
    place.done(&format!("sample {checkpoint} -n 4 --steps 2 --out samples.png"));
    // It can be gone on with, and stops again.
    let message = place.failed("train --resume --out run --set train.max_skipped=1 --no-grid");
    assert_says(&message, &["steps in a row"]);
}

/// Gradients that are finite, and whose squares are not: Adam's second moment would never come down again.
#[test]
fn no_checkpoint_holds_a_number_that_is_not_finite() {
    let place = Place::new();
    points_with_outliers(&place, 40, 1e15);
    let settings =
        format!("train points.npy {SMALL} --batch 4 --set train.clip_norm=0 --set train.checkpoint_every=1");
    let message = place.failed(&format!("{settings} --steps 200 --out run"));
    assert_says(
        &message,
        &[
            "moment of",
            "not finite",
            "is written; start a new run from run/checkpoints/step-",
            "--init",
            "train.clip_norm=1",
        ],
    );
    let last = *place.steps("run").last().unwrap();
    assert!(place.exists(&format!("run/checkpoints/step-{:07}", last - 1)), "{last}");
    assert!(!place.exists(&format!("run/checkpoints/step-{last:07}")), "{last}");
}

#[test]
fn a_spike_is_written_down() {
    let place = Place::new();
    let mut values: Vec<f32> = (0..4000).map(|index| (index as f32 * 0.37).sin()).collect();
    for far in [100, 777, 1300, 1800] {
        values[2 * far] = 3e4;
    }
    write_npy(&place.path("points.npy"), &[2000, 2], &values);
    let ran = place.done(&format!("train points.npy {SMALL} --batch 8 --steps 250 --out run"));
    let spikes: Vec<_> = place.metrics("run").into_iter().filter(|line| line["spikes"] == 1).collect();
    assert!((1..=4).contains(&spikes.len()), "{spikes:?}");
    for line in spikes {
        let step = line["step"].as_u64().unwrap();
        assert!(step > 50 && line["loss"].as_f64().unwrap() > 10.0, "{line}");
        assert_says(&ran.err, &[&format!("step {step}: "), "times the usual"]);
    }
}

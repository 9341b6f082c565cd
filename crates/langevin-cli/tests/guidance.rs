//! Classes and guidance: `train --labels`, `train-classifier`, `sample --class`, `evaluate --judge`.

mod common;

use common::files::{npy, picture};
use common::{Place, TINY, assert_says};

/// A network of classes and a classifier of noisy digits, both tiny.
fn place() -> Place {
    let place = Place::new();
    place.done(&format!("train digits --labels {TINY} --steps 4 --no-grid --quiet --out model"));
    place.done(&format!("train-classifier digits {CLASSIFIER} --quiet --out guide"));
    place
}

const CLASSIFIER: &str = "--batch 8 --steps 4 --set model.encoder.channels=[8,16] --set model.encoder.groups=4 \
    --set diffusion.timesteps=40";

fn drawn(place: &Place, options: &str) -> Vec<f32> {
    let quick = "--sampler ddim --steps 3 -n 3 --quiet --out drawn.npy";
    place.done(&format!("sample model {quick} {options}"));
    npy(&place.path("drawn.npy")).1
}

#[test]
fn weight_1_is_the_class_and_weight_0_is_none() {
    let place = place();
    let (seven, none) = (drawn(&place, "--class 7"), drawn(&place, ""));
    assert_ne!(seven, none);
    assert_eq!(drawn(&place, "--class 7 --guidance 1"), seven);
    assert_eq!(drawn(&place, "--class 7 --guidance 0"), none);
    let guided = drawn(&place, "--class 7 --guidance 3");
    assert!(guided != seven && guided != none);
    assert_eq!(drawn(&place, "--class 7 --guidance 3 --batch 1"), guided);
    // Every level of 40 timesteps is below 1,000: nothing is guided above.
    assert_eq!(drawn(&place, "--class 7 --guidance 3 --guidance-interval 1000,2000"), seven);
    let by_classifier = drawn(&place, "--class 7 --guidance 3 --classifier guide");
    assert!(by_classifier != seven && by_classifier != guided);
    assert_eq!(drawn(&place, "--class 7 --guidance 0 --classifier guide"), seven);
    assert_eq!(drawn(&place, "--class 7 --guidance 0 --classifier guide --classifier-alone"), none);
}

#[test]
fn all_classes_are_rows_with_their_names() {
    let place = place();
    let ran = place.done("sample model --class all -n 2 --sampler ddim --steps 2 --quiet --out all.png");
    assert_says(&ran.out, &["20 pictures in all.png"]);
    let sheet = picture(&place.path("all.png"));
    assert!(sheet.height() >= 10 * 64 && sheet.width() > 2 * 64, "{}x{}", sheet.width(), sheet.height());
    place.done("sample model --class all -n 2 --sampler ddim --steps 2 --quiet --out all.npy");
    let (shape, all) = npy(&place.path("all.npy"));
    assert_eq!(shape, [20, 1, 8, 8]);
    // Samples 4 and 5 are twos.
    place.done("sample model --class 2 -n 6 --sampler ddim --steps 2 --quiet --out two.npy");
    assert_eq!(npy(&place.path("two.npy")).1[4 * 64..], all[4 * 64..6 * 64]);
}

#[test]
fn a_judge_says_how_many_are_of_their_class() {
    let place = place();
    place.done(&format!("train-classifier digits --clean {CLASSIFIER} --quiet --out judge"));
    let common = "evaluate model --judge judge --samples 20 --steps 2 --quiet";
    let ran = place.done(&format!("{common} --guidance 0,2 --plot plot.png"));
    assert_says(
        &ran.out,
        &["20 of each weight", "guided by itself", "of their class", "precision", "plot.png"],
    );
    picture(&place.path("plot.png"));
    let ran = place.done(&format!("{common} --class 3 --guidance 2 --classifier guide --json"));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let row = &json["weights"][0];
    assert_eq!((&row["classes"][0]["class"], &row["classes"][0]["samples"]), (&3.into(), &20.into()));
    assert_eq!(row["classes"].as_array().unwrap().len(), 1);
    assert!(
        (0.0..=1.0).contains(&row["agreement"].as_f64().unwrap()) && row["frechet"].as_f64().unwrap() > 0.0
    );
}

#[test]
fn a_classifier_says_how_often_it_tells_classes() {
    let place = place();
    let ran = place.done("evaluate guide --quiet --json");
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let parts = json["parts"].as_array().unwrap();
    assert_eq!((parts.len(), parts[1]["samples"].as_u64()), (2, Some(359)));
    let rows = parts[1]["by_timestep"].as_array().unwrap();
    let timesteps: Vec<u64> = rows.iter().map(|row| row["t"].as_u64().unwrap()).collect();
    assert_eq!(timesteps, [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
    assert_says(&place.done("inspect guide").out, &["classifier", "10 classes"]);
    assert!(place.text("guide/metrics.jsonl").contains("holdout_accuracy"));
}

#[test]
fn what_cannot_be_asked_for_is_told() {
    let place = place();
    let refused = |options: &str| place.refused(&format!("sample model --quiet {options}"));
    assert_says(&refused("--class 10"), &["--class is 10", "0, 1, 2", "from 0 to 9"]);
    assert_says(&refused("--class cat"), &["--class is cat"]);
    assert_says(&refused("--guidance 2"), &["none is given"]);
    assert_says(&refused("--class 1 --guidance nan"), &["finite"]);
    assert_says(&refused("--class 1 --guidance 1,2"), &["langevin evaluate"]);
    assert_says(&refused("--class 1 --guidance 2 --guidance-interval 3"), &["two noise levels"]);
    assert_says(&refused("--class 1 --guidance 2 --guidance-rescale 2"), &["from 0 to 1"]);
    assert_says(&refused("--class 1 --classifier model"), &["no classifier"]);
    assert_says(
        &refused("--class 1 --classifier guide --sampler DDIMScheduler"),
        &["scheduler of diffusers"],
    );
    place.done(
        "train-classifier digits --batch 8 --steps 1 --set model.encoder.channels=[8,16] \
        --set model.encoder.groups=4 --quiet --out other",
    );
    assert_says(&refused("--class 1 --classifier other"), &["another noise schedule"]);
    assert_says(&place.refused("sample guide --quiet"), &["is a classifier", "--classifier"]);
    assert_says(&place.refused("interpolate model --from 1 --to 2 --class all --quiet"), &["name one class"]);
    assert_says(&place.refused("train swiss-roll --labels --quiet"), &["data.labels", "U-Net"]);
    assert_says(&place.refused("train digits --recipe digits-classifier --quiet"), &["train-classifier"]);
    assert_says(&place.refused("train-classifier digits --recipe digits --quiet"), &["langevin train"]);
    let plain = Place::with_digits_model();
    assert_says(&plain.refused("sample model --class 1 --quiet"), &["knows no classes"]);
    assert_says(&plain.refused("sample model --class all --quiet"), &["knows no classes"]);
}

#[test]
fn a_classifier_resumes_exactly() {
    let place = place();
    let options = format!("{} --steps 6 --quiet", CLASSIFIER.replace("--steps 4", ""));
    place.done(&format!("train-classifier digits {options} --out whole --set train.decay=constant"));
    place.done(&format!(
        "train-classifier digits {} --quiet --out parts --set train.decay=constant",
        CLASSIFIER
    ));
    place.done("train-classifier --resume --out parts --steps 6 --quiet");
    let weights =
        |run: &str| place.bytes(&format!("{run}/checkpoints/step-0000006/langevin/ema.safetensors"));
    assert!(weights("whole") == weights("parts"));
}

/// What the data decided of classes, a recipe that is named again leaves to them again.
#[test]
fn a_labelled_run_goes_on_by_its_recipes_name() {
    let place = place();
    place.done(&format!(
        "train --resume --recipe digits --labels {TINY} --steps 5 --no-grid --quiet --out model"
    ));
    let recipe = "train-classifier --resume --recipe digits-classifier --quiet --out guide";
    place.done(&format!("{recipe} {}", CLASSIFIER.replace("--steps 4", "--steps 5")));
    let refused =
        place.refused(&format!("train --resume --recipe digits {TINY} --steps 6 --quiet --out model"));
    assert_says(&refused, &["data.labels"]);
}

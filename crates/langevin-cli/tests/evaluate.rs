//! `langevin evaluate`: the same numbers however they are computed, every part of them, and kind refusals.

mod common;

use common::files::picture;
use common::{Place, TINY, assert_says};
use serde_json::Value;

/// By the kernels, whatever the environment says: Burn's own operations add up in an order that follows from the batch.
fn json(place: &Place, options: &str) -> Value {
    let arguments = format!("evaluate model --json --quiet {options}");
    let ran = place.command(&arguments).env("LANGEVIN_OPS", "kernels").output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// A model of digits of which a fifth is held out.
fn place() -> Place {
    let place = Place::new();
    place
        .done(&format!("train digits {TINY} --steps 4 --no-grid --quiet --out model --set data.holdout=0.2"));
    place
}

#[test]
fn batches_and_threads_change_no_bit() {
    let place = place();
    let whole = json(&place, "-n 9 --terms 6");
    assert_eq!(whole, json(&place, "-n 9 --terms 6 --batch 5 --threads 1"));
    assert_ne!(whole, json(&place, "-n 9 --terms 6 --seed 1"));
}

#[test]
fn the_runs_own_parts_are_told_apart() {
    let place = place();
    let all = json(&place, "--terms 2");
    let parts: Vec<(&str, u64)> = all["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["part"].as_str().unwrap(), part["pictures"].as_u64().unwrap()))
        .collect();
    assert_eq!(parts, [("trained on", 1438), ("held out", 359)]);
    assert_eq!(all["parts"][0]["levels"], 17);
}

#[test]
fn the_parts_add_up_at_every_timestep() {
    let place = place();
    let full = json(&place, "-n 3 --full");
    let nll = &full["parts"][0]["nll"];
    let number = |value: &Value| value["mean"].as_f64().unwrap();
    let rows = nll["timesteps"].as_array().unwrap();
    assert_eq!(rows.len(), 40);
    let summed: f64 = rows.iter().map(|row| number(&row["bits"])).sum();
    let total = number(&nll["bits_per_dim"]);
    assert!((summed + number(&nll["l_t"]) - total).abs() < 1e-9 * total);
    // An untrained network is far from what a uniform choice among 17 levels takes, log2 17.
    assert!(total.is_finite() && total > 17f64.log2(), "{total}");
}

#[test]
fn a_table_and_a_plot_are_for_people() {
    let place = place();
    let ran = place.done("evaluate model -n 5 --plot terms.png --quiet");
    assert_says(&ran.out, &["trained on: 5 pictures", "held out", "L_0", "L_T", "MSE of eps", "terms.png"]);
    picture(&place.path("terms.png"));
    let ran = place.done("evaluate model --data digits -n 4 --terms 3 --quiet");
    assert_says(&ran.out, &["digits: 4 pictures"]);
}

#[test]
fn the_ode_gives_a_likelihood_too() {
    let place = place();
    let ode = |options: &str| json(&place, &format!("-n 4 --metrics nll-ode --ode-steps 12 {options}"));
    let whole = ode("");
    assert_eq!(whole["parts"][0]["nll"], Value::Null);
    let bits = whole["parts"][0]["nll_ode"]["bits_per_dim"]["mean"].as_f64().unwrap();
    assert!(bits.is_finite() && bits > 0.0, "{bits}");
    assert_eq!(whole, ode("--batch 3 --threads 1"));
    let ran = place.done("evaluate model -n 2 --metrics nll,nll-ode --ode-steps 3 --terms 2 --quiet");
    assert_says(&ran.out, &["L_0", "by the ODE"]);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let place = place();
    for (options, parts) in [
        ("--data swiss-roll", &["holds points"][..]),
        ("--data fashion-mnist", &["28x28", "--size 8x8"]),
        ("--split test", &["--data"]),
        ("--terms 0", &["at least 1"]),
        ("--class 1", &["knows no classes"]),
        ("--plot terms.jpg", &[".png"]),
        ("--plot terms.png --metrics nll-ode", &["--metrics nll"]),
    ] {
        // The set may be missing where the tests run.
        if options.contains("fashion") && !std::path::Path::new("/usr/share/datasets/fashion-mnist").is_dir()
        {
            continue;
        }
        assert_says(&place.refused(&format!("evaluate model {options}")), parts);
    }
    let points = Place::with_points_model();
    assert_says(&points.refused("evaluate model"), &["points"]);
}

//! `langevin bench`: its figures agree with each other, and it leaves nothing behind.

mod common;

use common::{Place, Ran, TINY, TINY_POINTS, assert_says};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

/// Runs `langevin bench`, which has only the place's own folder for temporary files.
fn bench(place: &Place, arguments: &str) -> Ran {
    bench_with(place, arguments, &[])
}

/// The same, with nothing in the environment but these variables deciding what computes.
fn bench_with(place: &Place, arguments: &str, variables: &[(&str, &str)]) -> Ran {
    let mut command = place.command(&format!("bench --rounds 1 --threads 1 {arguments}"));
    command.env_remove("LANGEVIN_OPS").env_remove("LANGEVIN_ISA").envs(variables.iter().copied());
    command.env("TMPDIR", place.path("")).output().unwrap().into()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err))
}

#[test]
fn the_figures_agree_with_each_other() {
    let place = Place::new();
    let facts = json(&bench(&place, &format!("{TINY} --json")));
    assert_eq!((&facts["recipe"], &facts["batch"]), (&"digits".into(), &4.into()));
    assert_eq!((&facts["threads"], &facts["rounds"]), (&1.into(), &1.into()));
    let number = |key: &str| facts[key].as_f64().unwrap_or_else(|| panic!("{key}: {facts}"));
    for (work, passes) in [("forward", 1.0), ("train", 3.0)] {
        let seconds = number(&format!("{work}_ms_per_picture")) / 1e3;
        let rate = number(&format!("{work}_pictures_per_second"));
        let gflops = number(&format!("{work}_gflops"));
        assert!((rate * seconds - 1.0).abs() < 1e-9, "{facts}");
        let operations = passes * 2.0 * number("multiply_adds");
        assert!((gflops * 1e9 * seconds / operations - 1.0).abs() < 1e-9, "{facts}");
    }
    // Weights, gradients, two moments and the average, of four bytes each.
    if cfg!(target_os = "linux") {
        assert!(number("peak_memory_mb") > 20e-6 * number("parameters"), "{facts}");
    }
    assert_eq!(place.files(""), [""; 0]);
}

#[test]
fn one_piece_of_work_is_timed_alone() {
    let place = Place::new();
    let facts = json(&bench(&place, &format!("{TINY} --only forward --json")));
    assert!(facts["forward_gflops"].is_f64() && facts["train_gflops"].is_null(), "{facts}");
    let table = bench(&place, &format!("{TINY} --only train --size 16x8")).out;
    assert_says(&table, &["16x8x1, batches of 4, 1 thread, ", ", medians of 1 round", "\ntrain "]);
    assert!(!table.contains("forward"), "{table}");
}

#[test]
fn what_computes_is_said_and_can_be_chosen() {
    let place = Place::new();
    let ran = |variable: &str, word: &str, more: &str| {
        bench_with(&place, &format!("{TINY} --only forward {more}"), &[(variable, word)])
    };
    let facts = json(&ran("LANGEVIN_ISA", "portable", "--exact --json"));
    assert_eq!(
        (&facts["isa"], &facts["ops"], &facts["exact"]),
        (&"portable".into(), &"kernels".into(), &true.into())
    );
    assert_says(&ran("LANGEVIN_ISA", "portable", "").out, &["1 thread, portable, medians"]);
    assert_says(&ran("LANGEVIN_ISA", "portable", "--exact").out, &["1 thread, portable, exact, medians"]);
    let facts = json(&ran("LANGEVIN_OPS", "burn", "--json"));
    assert_eq!((&facts["ops"], &facts["exact"]), (&"burn".into(), &false.into()));
    assert_says(&ran("LANGEVIN_OPS", "burn", "").out, &["1 thread, Burn's own operations, medians"]);
}

#[test]
fn a_profile_says_where_the_time_goes() {
    let place = Place::new();
    let facts = json(&bench(&place, &format!("{TINY} --profile --json")));
    let profile = &facts["profile"];
    assert_eq!(profile["work"], "train");
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{profile:#}"));
    let operations = profile["operations"].as_array().unwrap();
    let names: Vec<&str> = operations.iter().filter_map(|kind| kind["operation"].as_str()).collect();
    for name in
        ["3x3 convolution", "1x1 convolution", "linear layers", "attention", "group norm", "concatenation"]
    {
        assert!(names.contains(&name), "{name}: {profile:#}");
    }
    let both = |kind: &Value| [number(&kind["forward_ms"]), number(&kind["backward_ms"])];
    assert!(operations.iter().flat_map(both).all(|ms| ms > 0.0), "{profile:#}");
    let measured: f64 = operations.iter().flat_map(both).sum();
    let all = number(&profile["ms"]);
    assert!((measured + number(&profile["rest_ms"]) - all).abs() < 1e-9 * all, "{profile:#}");
    assert!(number(&profile["rest_share"]) > 0.0 && measured > 0.2 * all, "{profile:#}");

    let table = bench(&place, &format!("{TINY} --only forward --profile")).out;
    assert_says(&table, &["ms of a forward pass go", "3x3 convolution", "the rest"]);
    assert!(json(&bench(&place, &format!("{TINY} --only forward --json")))["profile"].is_null());
}

/// What `langevin train` plans with is what training takes.
#[cfg(target_os = "linux")]
#[test]
fn the_plan_knows_the_memory() {
    let place = Place::new();
    for arguments in
        ["--batch 128", "--batch 128 --set train.micro_batch=16", "--set model.dropout=0.2 --batch 64"]
    {
        let facts = json(&bench(&place, &format!("--recipe digits --only train --json {arguments}")));
        let measured = facts["peak_memory_mb"].as_f64().unwrap();
        let plan = place.done(&format!("train digits --dry-run {arguments}")).out;
        let planned = plan.lines().find_map(|line| line.trim().strip_prefix("memory  about "));
        let planned = planned.and_then(|line| line.split(" MiB").next()?.parse::<f64>().ok());
        let planned = planned.unwrap_or_else(|| panic!("{plan}")) * 1.048576;
        let message = format!("{arguments}: {planned:.0} MB planned, {measured:.0} MB taken");
        assert!((0.8..1.25).contains(&(measured / planned)), "{message}");
    }
}

#[test]
fn every_kind_of_recipe_has_samples() {
    let place = Place::new();
    let points = bench(&place, &format!("--recipe swiss-roll {TINY_POINTS}")).out;
    assert_says(&points, &["1x1x2", "ms/point", "forward", "train", "20,000 steps"]);
    let small = "--set model.channels=[8,16] --set model.groups=4 --set model.attention_levels=[] --batch 1";
    for (recipe, shape) in
        [("fashion-mnist", "28x28x1"), ("cifar10", "32x32x3"), ("pictures --size 8x16", "8x16x3")]
    {
        assert_says(&bench(&place, &format!("--recipe {recipe} {small} --only forward")).out, &[shape]);
    }
    let grey = "--recipe pictures --set data.channels=grey";
    assert_says(&bench(&place, &format!("{grey} {small} --only forward")).out, &["32x32x1"]);
}

#[test]
fn rounds_are_made_when_they_are_asked_for() {
    let place = Place::new();
    let answers = |input: &str| {
        let mut command = place.command(&format!("bench {TINY} --threads 1 --only train --rounds-on-stdin"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::from(child.wait_with_output().unwrap())
    };
    let ran = answers("0.01\n0.02\n");
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((ran.code, lines.len()), (Some(0), 4), "{ran:?}");
    assert!(lines[0]["parameters"].as_u64() > Some(1000), "{ran:?}");
    assert!(lines[1..3].iter().all(|line| line["ms_per_picture"].as_f64() > Some(0.0)), "{ran:?}");
    assert!(lines[3].get("peak_memory_mb").is_some(), "{ran:?}");
    let ran = answers("soon\n");
    assert_eq!(ran.code, Some(1));
    assert_says(&ran.err, &["error: ", "'soon'", "seconds"]);
}

#[test]
fn what_cannot_be_timed_is_refused() {
    let place = Place::new();
    assert_says(&place.refused("bench --rounds 0"), &["--rounds", "0"]);
    assert_says(&place.refused("bench --threads 0"), &["--threads"]);
    assert_says(&place.refused("bench --batch 0"), &["--batch", "0"]);
    assert_says(&place.refused("bench --batch 99999999999"), &["--batch", "99999999999"]);
    assert_says(&place.refused("bench --recipe nothing-like-it"), &["nothing-like-it", "digits"]);
    assert_says(&place.refused("bench --set model.groups=3"), &["model.groups is 3"]);
    assert_says(&place.refused("bench --size 9x9"), &["9x9", "--size"]);
    assert_says(&place.refused("bench --size 99999x99999"), &["99999x99999", "--size"]);
    assert_says(&place.refused("bench --size 99999999999x99999999999"), &["--size"]);
    assert_says(&place.refused("bench --set data.source=holidays"), &["holidays", "--size"]);
    place.refused("bench --rounds-on-stdin");
    place.refused("bench --rounds-on-stdin --only train --profile");
}

//! `langevin recipes`: each can be listed, printed, and trained with from a file.

mod common;

use common::files::rgb_png;
use common::{Place, assert_says};
use std::fs;

const NAMES: [&str; 14] = [
    "digits",
    "swiss-roll",
    "swiss-roll-seed",
    "fashion-mnist",
    "pictures",
    "cifar10",
    "ddpm-256",
    "iddpm-digits",
    "iddpm-cifar10",
    "adm-small",
    "adm-64",
    "digits-classifier",
    "fashion-mnist-classifier",
    "classifier",
];

#[test]
fn the_list_names_each_and_says_what_it_is_for() {
    let listed = Place::new().done("recipes").out;
    let rows: Vec<_> = listed.lines().take_while(|line| !line.is_empty()).collect();
    let names: Vec<_> = rows.iter().filter_map(|row| row.split_whitespace().next()).collect();
    assert_eq!(names, NAMES);
    assert!(rows.iter().all(|row| row.split_whitespace().count() > 4), "{listed}");
}

#[test]
fn each_is_printed_as_it_is_written_and_works_from_a_file() {
    let place = Place::new();
    for (index, class) in (0..).zip(["bright", "bright", "dark", "dark"]) {
        fs::create_dir_all(place.path(format!("pictures/{class}"))).unwrap();
        fs::write(place.path(format!("pictures/{class}/{index}.png")), rgb_png(32, 32, 60 * index)).unwrap();
    }
    for name in NAMES {
        let text = place.done(&format!("recipes {name}")).out;
        assert_says(&text, &["description = ", "[model]", "[train]", "steps = "]);
        let file = format!("{name}.toml");
        fs::write(place.path(&file), &text).unwrap();
        let data = match name {
            "digits" | "swiss-roll" | "swiss-roll-seed" | "iddpm-digits" | "digits-classifier" => "",
            _ => "pictures",
        };
        let train = if name.ends_with("classifier") { "train-classifier" } else { "train" };
        let plan = place.done(&format!("{train} {data} --recipe {file} --dry-run")).out;
        let built_in = place.done(&format!("{train} {data} --recipe {name} --dry-run")).out;
        assert_eq!(without_free_memory(&plan), without_free_memory(&built_in));
        // As published for the two networks of Ho et al.; that of Nichol & Dhariwal as their code builds it.
        match name {
            "cifar10" => assert_says(&plan, &["35,746,307 parameters", "800,000 steps of 128"]),
            "ddpm-256" => assert_says(&plan, &["113,673,219 parameters", "500,000 steps of 64"]),
            "iddpm-cifar10" => {
                let objective = "L_hybrid = L_simple + 0.001 L_vlb, learned variance";
                assert_says(&plan, &["52,546,438 parameters", "500,000 steps of 128", objective]);
            }
            // guided-diffusion builds 295,904,454 for 1,000 classes; each has a vector of 768.
            "adm-64" => assert_says(&plan, &["295,137,990 parameters", "540,000 steps of 2048", "2 classes"]),
            _ => assert_says(&plan, &["parameters"]),
        }
    }
}

/// What the machine has free is another figure at every look.
fn without_free_memory(plan: &str) -> String {
    let lines = plan
        .lines()
        .map(|line| line.split(" (").next().filter(|_| line.contains(" are free)")).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

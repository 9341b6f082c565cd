//! What is said when something is wrong: one sentence, with the name of what is wrong.

mod common;

use common::files::{grey16_folder, rgb_png, rgba_folder, zip};
use common::{Place, assert_says};
use std::fs;

#[test]
fn settings_that_do_not_exist_are_named() {
    let place = Place::new();
    let message = place.refused("train --recipe nothing-like-it");
    assert_says(&message, &["nothing-like-it", "digits", "swiss-roll", "cifar10"]);
    assert_says(&place.refused("train --set train.stepz=3"), &["train.stepz=3", "stepz"]);
    assert_says(&place.refused("train --set train.steps"), &["train.steps", "key=value"]);
    assert_says(&place.refused("train --set train.steps=many"), &["train.steps=many", "many"]);
    assert_says(&place.refused("train --set model.groups=3 --dry-run"), &["model.groups is 3", "32"]);
    assert_says(&place.refused("train --batch 0"), &["--batch", "0"]);
    assert_says(&place.refused("train --steps 0"), &["--steps", "0"]);
    assert_says(&place.refused("train --stepz 3"), &["--stepz"]);
    assert_says(&place.refused("recipes nothing-like-it"), &["nothing-like-it", "digits"]);
    fs::write(place.path("broken.toml"), "[train\nsteps = 3").unwrap();
    assert_says(&place.refused("train --recipe broken.toml"), &["broken.toml", "TOML"]);
    assert_says(&place.refused("train --recipe pictures"), &["pictures", "names no data"]);
    place.refused("paint");
    let ran = place.run("");
    assert_eq!(ran.code, Some(2));
    assert_says(&ran.err, &["Usage: langevin <COMMAND>"]);
    assert_eq!(place.files(""), ["broken.toml"]);
}

#[test]
fn a_size_that_does_not_work_comes_with_one_that_does() {
    let place = Place::new();
    grey16_folder(&place.path("pictures"), 4, 30, 29);
    let message = place.refused("train pictures --dry-run");
    assert_says(&message, &["30x29", "3 levels", "divisible by 4", "--size 32x28"]);
    place.done("train pictures --dry-run --size 32x28");
    for size in ["9", "0x8", "8x", "big"] {
        place.refused(&format!("train pictures --dry-run --size {size}"));
    }
}

#[test]
fn data_that_is_not_there_is_named() {
    let place = Place::new();
    assert_says(&place.refused("train nowhere"), &["'nowhere' does not exist", "digits", "swiss-roll"]);
    assert_says(&place.refused("inspect nowhere"), &["nowhere"]);
    fs::create_dir(place.path("empty")).unwrap();
    assert_says(&place.failed("train empty"), &["empty' is empty", "PNG"]);
    fs::create_dir(place.path("texts")).unwrap();
    fs::write(place.path("texts/notes.txt"), "no picture").unwrap();
    assert_says(&place.failed("train texts"), &["texts", "is a picture", "PNG"]);
    fs::write(place.path("notes.txt"), "no data").unwrap();
    assert_says(&place.failed("train notes.txt"), &["notes.txt"]);
    let absent = place.run("train fashion-mnist --data-dir empty");
    assert_ne!(absent.code, Some(0));
    assert_says(&absent.err, &["fashion-mnist", "empty"]);
    assert!(!place.exists("runs"));
}

#[test]
fn pictures_that_do_not_go_together_are_named() {
    let place = Place::new();
    fs::create_dir(place.path("sizes")).unwrap();
    for (name, height) in [("a.png", 8), ("b.png", 8), ("c.png", 12)] {
        fs::write(place.path("sizes").join(name), rgb_png(height, 8, 1)).unwrap();
    }
    let message = place.failed("train sizes --dry-run");
    assert_says(&message, &["'a.png' is 8x8", "'c.png' is 12x8", "--size"]);
    assert!(!message.contains("b.png"), "{message}");
    place.done("train sizes --dry-run --size 16x16");

    grey16_folder(&place.path("kinds"), 1, 8, 8);
    rgba_folder(&place.path("kinds"), 1, 8, 8);
    let message = place.failed("train kinds --dry-run");
    assert_says(&message, &["grey-00.png", "16-bit grey", "colour-00.png", "8-bit RGBA", "--channels"]);
    place.done("train kinds --dry-run --channels rgb");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let place = Place::new();
    fs::create_dir(place.path("pictures")).unwrap();
    let whole = rgb_png(32, 32, 1);
    for name in ["a.png", "b.png", "c.png"] {
        fs::write(place.path("pictures").join(name), &whole).unwrap();
    }
    fs::write(place.path("pictures/b.png"), &whole[..whole.len() / 2]).unwrap();
    let message = place.failed("train pictures");
    assert_says(&message, &["1 of the 3", "pictures'", "'b.png'"]);
    assert!(!message.contains("'a.png'") && !message.contains("'c.png'"), "{message}");
    assert_says(&place.failed("diffuse pictures/b.png"), &["pictures/b.png"]);
    fs::remove_file(place.path("pictures/b.png")).unwrap();
    place.done("train pictures --dry-run");
}

#[test]
fn a_part_of_an_archive_can_be_asked_for() {
    let place = Place::new();
    let part = |name| (name, rgb_png(8, 8, 40));
    zip(
        &place.path("set.zip"),
        &[part("train/a.png"), part("train/b.png"), part("train/c.png"), part("test/d.png")],
    );
    for (split, count) in [("", 3), ("--split train", 3), ("--split test", 1), ("--split all", 4)] {
        let facts: serde_json::Value =
            serde_json::from_str(&place.done(&format!("inspect set.zip --json {split}")).out).unwrap();
        assert_eq!(facts["count"], count, "{split}");
        let plan = place.done(&format!("train set.zip {split} --dry-run")).out;
        assert_says(&plan, &[&format!("{count} to train on"), "runs/set-001"]);
    }
    let message = place.refused("train set.zip --split dev");
    assert_says(&message, &["set.zip", "'dev'", "test, train"]);
    assert_says(&place.refused("train digits --split test"), &["digits", "test"]);
}

/// A cause that is part of the message is not told a second time.
#[test]
fn no_cause_is_told_twice() {
    let place = Place::with_digits_model();
    let path = fs::read_dir(place.path("model/checkpoints")).unwrap().next().unwrap().unwrap().path();
    for file in ["recipe.toml", "manifest.json"] {
        fs::remove_file(path.join("langevin").join(file)).unwrap();
    }
    let message = place.failed("inspect model");
    assert_eq!(message.matches("No such file").count(), 1, "{message}");
}

#[test]
fn numbers_beyond_reason_are_refused() {
    let place = Place::with_digits_model();
    for arguments in [
        "train --set model.channels=[1000000] --dry-run",
        "train --set model.blocks_per_level=1000000000000 --dry-run",
        "train swiss-roll --set model.hidden=10000000 --dry-run",
        "train --set sample.grid_samples=100000000000 --dry-run",
        "train --threads 100000 --dry-run",
        "train --batch 100000000000 --dry-run",
        "sample model -n 99999999999999",
        "sample model -n 18446744073709551615 --batch 1",
    ] {
        place.refused(arguments);
    }
}

#[test]
fn a_run_is_resumed_with_the_data_that_it_began_with() {
    let place = Place::new();
    fs::create_dir(place.path("set")).unwrap();
    let write =
        |name: &str, shade| fs::write(place.path(format!("set/{name}.png")), rgb_png(8, 8, shade)).unwrap();
    for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
        write(name, 40 * index as u8);
    }
    let tiny = "--set model.channels=[8,16] --set model.attention_levels=[] --set model.groups=4 --batch 2 --no-grid";
    place.done(&format!("train set {tiny} --steps 1 --out run"));
    write("d", 200);
    let message = place.refused("train --resume --out run --steps 2");
    assert_says(&message, &["3 samples", "4 samples", "--init"]);
    fs::remove_file(place.path("set/d.png")).unwrap();
    place.done("train --resume --out run --steps 2 --no-grid");
    let message = place.refused("train --resume --out run/checkpoints/step-0000001 --steps 3");
    assert_says(&message, &["is a checkpoint"]);
}

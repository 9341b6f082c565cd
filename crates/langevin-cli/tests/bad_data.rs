//! Bad files among good ones: named in one report, or skipped and counted.

mod common;

use common::files::rgb_png;
use common::{Place, TINY, assert_says};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Trains on pictures of 8x8 in milliseconds a step.
fn tiny() -> String {
    format!("{TINY} --set model.attention_levels=[] --no-grid")
}

fn write(place: &Place, name: &str, bytes: &[u8]) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Five good pictures of 8x8 in `good`.
fn good(place: &Place) {
    for shade in 0..5u8 {
        write(place, &format!("good/{shade}.png"), &rgb_png(8, 8, 40 * shade));
    }
}

/// The good ones, and bad ones of every kind beside them, in `set`; the bad ones' names.
fn every_kind(place: &Place) -> Vec<&'static str> {
    good(place);
    fs::create_dir(place.path("set")).unwrap();
    for shade in 0..5 {
        fs::copy(place.path(format!("good/{shade}.png")), place.path(format!("set/{shade}.png"))).unwrap();
    }
    let whole = rgb_png(8, 8, 77);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../langevin/tests/data");
    for (name, from) in
        [("cmyk.jpg", "cmyk.jpg"), ("moving.gif", "animated.gif"), ("moving.png", "animated.png")]
    {
        fs::copy(data.join(from), place.path("set").join(name)).unwrap();
    }
    write(place, "set/cut.png", &whole[..whole.len() / 2]);
    write(place, "set/empty.png", b"");
    write(place, "set/page.jpg", b"<html>404</html>");
    write(place, "set/pixel.png", &rgb_png(1, 1, 0));
    write(place, "set/bomb.png", &bomb(30_000));
    let mut bad = vec![
        "bomb.png",
        "cmyk.jpg",
        "cut.png",
        "empty.png",
        "moving.gif",
        "moving.png",
        "page.jpg",
        "pixel.png",
    ];
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;
        symlink("nowhere.png", place.path("set/dangling.png")).unwrap();
        symlink("circle.png", place.path("set/circle.png")).unwrap();
        symlink("..", place.path("set/up")).unwrap();
        fs::write(place.path("set").join(std::ffi::OsStr::from_bytes(b"z\xff.png")), "").unwrap();
        bad.extend(["circle.png", "dangling.png", "up/", "z\\xff.png"]);
        bad.sort_unstable();
    }
    bad
}

/// The header of an RGB PNG of so many rows and columns, and as good as no samples.
fn bomb(side: u32) -> Vec<u8> {
    let mut png = rgb_png(4, 4, 0);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    // The CRC-32 of PNG, Annex D of its specification.
    let crc = !png[12..29].iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

fn facts(place: &Place, what: &str) -> Value {
    serde_json::from_str(&place.done(&format!("inspect {what} --json")).out).unwrap()
}

fn named(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect()
}

#[test]
fn every_kind_is_named_in_one_report() {
    let place = Place::new();
    let bad = every_kind(&place);
    for command in ["train set", "inspect set", "diffuse set", "train set --size 16x16 --on-bad-file fail"] {
        let message = place.failed(command);
        let first = format!("error: {} of the {} picture(s) of '", bad.len(), bad.len() + 5);
        assert!(message.starts_with(&first), "{message}");
        assert_says(&message, &["`--on-bad-file skip`", "repair or remove"]);
        // A line for each, in order, and none for another.
        let lines: Vec<_> = message.lines().skip(1).collect();
        assert_eq!(lines.len(), bad.len(), "{message}");
        for (line, name) in lines.iter().zip(&bad) {
            assert!(line.starts_with(&format!("  '{name}': ")), "{name}: {line}");
        }
    }
    assert!(!place.exists("runs") && !place.exists("diffuse.png"));
}

#[test]
fn what_is_skipped_is_counted_and_the_run_is_that_of_the_others() {
    let place = Place::new();
    let bad = every_kind(&place);
    let count = format!("{} files skipped", bad.len());
    let plan = place.done("train set --on-bad-file skip --dry-run").out;
    assert_says(
        &plan,
        &["set: 5 pictures", &count, "'cut.png': the file is cut off", "'moving.gif': it is an animation"],
    );
    let text = place.done("inspect set --on-bad-file skip").out;
    assert_says(&text, &["set: 5 pictures", &count]);
    bad.iter().for_each(|name| assert_says(&text, &[&format!("'{name}': ")]));
    let skipping = facts(&place, "set --on-bad-file skip");
    assert_eq!((&skipping["count"], named(&skipping["skipped"])), (&5.into(), bad.clone()));
    assert_eq!(facts(&place, "good")["skipped"], serde_json::json!([]));

    let tiny = tiny();
    place.done(&format!("train good {tiny} --steps 2 --quiet --out alone"));
    let run = place.done(&format!("train set {tiny} --set data.on_bad_file=skip --steps 2 --out run"));
    assert_says(&run.err, &[&count]);
    place.assert_same_weights("alone/checkpoints/step-0000002", "run/checkpoints/step-0000002");
    assert!(!place.exists("alone/skipped.json"));
    let list: Value = serde_json::from_str(&place.text("run/skipped.json")).unwrap();
    assert_eq!(named(&list), bad);
    assert_says(&place.text("run/config.toml"), &["on_bad_file = \"skip\""]);
    assert_says(&place.text("alone/config.toml"), &["on_bad_file = \"fail\""]);
}

#[test]
fn a_resumed_run_keeps_to_what_it_skipped() {
    let place = Place::new();
    every_kind(&place);
    place.done(&format!("train set {} --on-bad-file skip --steps 1 --quiet --out run", tiny()));
    place.done("train --resume --out run --steps 2 --no-grid --quiet");
    let message = place.refused("train --resume --out run --steps 3 --on-bad-file fail");
    assert_says(&message, &["data.on_bad_file was \"skip\" and is \"fail\""]);
    // A good file that became bad since is one picture fewer.
    write(&place, "set/3.png", b"");
    let message = place.refused("train --resume --out run --steps 3");
    assert_says(&message, &["5 samples", "4 samples"]);
    place.failed(&format!("train set {} --on-bad-file fail --steps 1", tiny()));
    place.refused("train set --on-bad-file warn");
}

#[test]
fn a_long_report_is_cut_short_and_inspect_names_all() {
    let place = Place::new();
    good(&place);
    for index in 0..33 {
        write(&place, &format!("good/bad-{index:02}.png"), b"no picture");
    }
    let message = place.failed("train good");
    assert_says(&message, &["33 of the 38", "'bad-19.png'", "and 13 more: `langevin inspect`"]);
    assert!(!message.contains("bad-20"), "{message}");
    assert_says(&place.failed("inspect good"), &["33 of the 38", "'bad-00.png'", "'bad-32.png'"]);
    let plan = place.done("train good --on-bad-file skip --dry-run").out;
    assert_says(&plan, &["33 files skipped", "'bad-19.png'", "and 13 more, which skipped.json"]);
    assert_eq!(named(&facts(&place, "good --on-bad-file skip")["skipped"]).len(), 33);
}

#[test]
fn a_set_of_nothing_but_bad_files_is_no_set() {
    let place = Place::new();
    write(&place, "set/a.png", b"");
    for choice in ["", "--on-bad-file skip"] {
        let message = place.failed(&format!("train set {choice}"));
        assert_says(&message, &["none of the 1 picture(s)", "'a.png': the file is empty"]);
        assert!(!message.contains("skip"), "{message}");
    }
}

/// The pictures are in memory: removing them, or spoiling them, does nothing to a run that has begun.
#[test]
fn files_that_are_removed_while_a_run_trains_are_not_missed() {
    let place = Place::new();
    good(&place);
    let arguments = format!("train good {} --set train.checkpoint_every=1000 --steps", tiny());
    place.done(&format!("{arguments} 400 --quiet --out whole"));
    let mut run = place.command(&format!("{arguments} 400 --quiet --out run")).spawn().unwrap();
    while !place.exists("run/metrics.jsonl") {
        assert!(run.try_wait().unwrap().is_none(), "the run ended before it began");
        std::thread::yield_now();
    }
    fs::remove_file(place.path("good/0.png")).unwrap();
    write(&place, "good/1.png", b"nothing");
    assert!(run.try_wait().unwrap().is_none(), "the run was over before the files were removed");
    assert!(run.wait().unwrap().success());
    place.assert_same_weights("whole/checkpoints/step-0000400", "run/checkpoints/step-0000400");
}

/// What may not be read, by a user whom permissions hold: for root they do not.
#[cfg(target_os = "linux")]
#[test]
fn files_and_folders_that_may_not_be_read_are_named() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let place = Place::new();
    good(&place);
    write(&place, "good/secret.png", &rgb_png(8, 8, 3));
    write(&place, "good/room/inside.png", &rgb_png(8, 8, 3));
    let allow =
        |name: &str, mode| fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    allow("good/secret.png", 0);
    allow("good/room", 0);
    let root = fs::read(place.path("good/secret.png")).is_ok();
    let run = |arguments: &str| {
        let mut command = place.command(arguments);
        if root {
            // Nobody; the program is brought to where nobody can reach it.
            let program = place.path("langevin");
            if !program.exists() {
                fs::copy(env!("CARGO_BIN_EXE_langevin"), &program).unwrap();
            }
            allow("", 0o755);
            command = std::process::Command::new(program);
            command.current_dir(place.path("")).args(arguments.split_whitespace()).uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, said) = run("inspect good");
    assert_eq!(code, Some(1), "{said}");
    assert_says(
        &said,
        &["2 of the 7 picture(s)", "'room/': the folder cannot be read", "'secret.png': it cannot be opened"],
    );
    assert_eq!(said.matches("Permission denied").count(), 2, "{said}");
    let (code, said) = run("inspect good --on-bad-file skip");
    assert_eq!(code, Some(0), "{said}");
    assert_says(&said, &["good: 5 pictures", "2 files skipped"]);
    allow("good/room", 0o755);
}

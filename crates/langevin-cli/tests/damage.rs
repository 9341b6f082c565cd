//! Checkpoints that are not as they were written, disks that are full, folders that cannot be written to, a second writer.
#![cfg(unix)]

mod common;

use common::{Place, Ran, TINY, assert_says};
use std::fs;
use std::process::{Command, Stdio};

/// A run of four steps with checkpoints at 2 and 4.
fn run_of_two_checkpoints() -> Place {
    let place = Place::new();
    place.done(&format!(
        "train digits {TINY} --steps 4 --set train.checkpoint_every=2 --no-grid --quiet --out run"
    ));
    place
}

/// Changes one bit in the middle of a file.
fn flip_a_bit(place: &Place, file: &str) {
    let mut bytes = place.bytes(file);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(place.path(file), bytes).unwrap();
}

#[test]
fn a_changed_bit_in_any_file_is_seen_and_the_checkpoint_before_is_used() {
    let whole = Place::new();
    whole.done(&format!(
        "train digits {TINY} --steps 5 --set train.checkpoint_every=2 --no-grid --quiet --out run"
    ));
    let place = run_of_two_checkpoints();
    let last = "run/checkpoints/step-0000004";
    let sound: Vec<(String, Vec<u8>)> = place
        .files(last)
        .into_iter()
        .map(|file| (format!("{last}/{file}"), place.bytes(&format!("{last}/{file}"))))
        .collect();
    assert!(sound.len() >= 9, "{sound:?}");
    for (file, bytes) in &sound {
        flip_a_bit(&place, file);
        let ran = place.done("train --resume --out run --steps 9 --no-grid --dry-run");
        assert_says(&ran.err, &["caution", file, "going on from step 2 instead"]);
        assert_says(&ran.out, &["resumed at step 2"]);
        fs::remove_file(place.path(file)).unwrap();
        let without = place.done("train --resume --out run --steps 9 --no-grid --dry-run");
        // Without a manifest there is nothing to hold the others against.
        if !file.ends_with("manifest.json") {
            assert_says(&without.err, &["caution", file, "it is gone", "going on from step 2 instead"]);
        }
        fs::write(place.path(file), bytes).unwrap();
    }
    // What went wrong is written again, and the run ends as if it had not.
    flip_a_bit(&place, &format!("{last}/langevin/optimizer.safetensors"));
    place.done("train --resume --out run --steps 5 --no-grid --quiet");
    // The recipe says another number of steps now, and so the manifest another sum.
    let again = |file: &str| !file.ends_with("recipe.toml") && !file.ends_with("manifest.json");
    for (file, bytes) in sound.iter().filter(|(file, _)| again(file)) {
        assert!(place.bytes(file) == *bytes, "{file}");
    }
    for file in place.files("run/checkpoints/step-0000005") {
        let file = format!("run/checkpoints/step-0000005/{file}");
        assert!(place.bytes(&file) == whole.bytes(&file), "{file}");
    }
    assert_eq!(place.timeless_metrics("run"), whole.timeless_metrics("run"));
}

#[test]
fn a_damaged_model_is_not_sampled_from() {
    let place = run_of_two_checkpoints();
    let weights = "run/checkpoints/step-0000004/unet/diffusion_pytorch_model.safetensors";
    flip_a_bit(&place, weights);
    for command in ["sample run -n 1 --steps 2", "sample run/checkpoints/step-0000004 -n 1 --steps 2"] {
        let message = place.failed(command);
        assert_says(&message, &[weights, "is damaged", "SHA-256", "earlier checkpoint"]);
    }
    place.done("sample run/checkpoints/step-0000002 -n 1 --steps 2");
    place.done("sample run -n 1 --steps 2 --weights raw");
    // Who changed it on purpose says so by removing the manifest.
    fs::remove_file(place.path("run/checkpoints/step-0000004/langevin/manifest.json")).unwrap();
    place.done("sample run -n 1 --steps 2");
}

#[test]
fn a_cut_or_missing_file_is_named_with_what_is_left_of_it() {
    let place = run_of_two_checkpoints();
    let file = "run/checkpoints/step-0000004/langevin/raw.safetensors";
    let bytes = place.bytes(file);
    fs::write(place.path(file), &bytes[..bytes.len() / 3]).unwrap();
    let resume = "train --resume --out run --steps 9 --no-grid --dry-run";
    let cut = format!("it has {} bytes, and {} were written", bytes.len() / 3, bytes.len());
    assert_says(&place.done(resume).err, &[file, &cut, "step 2"]);
    fs::remove_file(place.path(file)).unwrap();
    assert_says(&place.done(resume).err, &[file, "it is gone"]);
    // Without a sound one, the newest's fault is the answer, and nothing is touched.
    flip_a_bit(&place, "run/checkpoints/step-0000002/langevin/state.json");
    let before = place.files("run");
    assert_says(&place.failed("train --resume --out run --steps 9 --no-grid"), &[file, "it is gone"]);
    assert_eq!(place.files("run").iter().filter(|file| *file != "run.lock").count(), before.len() - 1);
}

#[test]
fn what_a_crash_left_is_cleared_away_and_never_chosen() {
    let place = run_of_two_checkpoints();
    let (checkpoints, step) = ("run/checkpoints", "step-0000006");
    for ending in ["partial", "gone"] {
        let left = place.path(format!("{checkpoints}/{step}.{ending}/langevin"));
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("raw.safetensors"), "half").unwrap();
    }
    // As between the two renames of a checkpoint that replaces another.
    fs::rename(place.path("run/checkpoints/step-0000002"), place.path("run/checkpoints/step-0000002.old"))
        .unwrap();
    let ran = place.done("train --resume --out run --steps 5 --no-grid");
    assert_says(&ran.err, &["resumed at step 4"]);
    let mut left: Vec<_> =
        fs::read_dir(place.path(checkpoints)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["step-0000002", "step-0000004", "step-0000005"]);
}

#[test]
fn there_is_one_writer_to_a_run() {
    let place = run_of_two_checkpoints();
    let mut first = place
        .command("train --resume --out run --steps 1000000 --no-grid")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while place.steps("run").last() < Some(&6) {
        assert!(begun.elapsed().as_secs() < 60);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let message = place.failed("train --resume --out run --steps 9 --no-grid");
    assert_says(&message, &["run is being written to by another process", &first.id().to_string()]);
    // A kill leaves no lock behind.
    first.kill().unwrap();
    first.wait().unwrap();
    let steps = 10 + place.steps("run").last().unwrap();
    place.done(&format!("train --resume --out run --steps {steps} --no-grid --quiet"));
}

/// Runs the program under `sh`, after `before`.
fn run_after(place: &Place, before: &str, arguments: &str) -> Ran {
    let script = format!("{before} exec {} {arguments}", env!("CARGO_BIN_EXE_langevin"));
    Command::new("sh").current_dir(place.path("")).args(["-c", &script]).output().unwrap().into()
}

/// A limit on the size of files stands in for a full disk: a write fails in the middle of a checkpoint.
#[test]
fn a_checkpoint_that_cannot_be_written_is_named_and_the_one_before_stays() {
    let place = run_of_two_checkpoints();
    let before = place.bytes("run/checkpoints/step-0000004/langevin/optimizer.safetensors");
    // In blocks of 512 bytes: the optimiser's file is the only one that is larger.
    let blocks = 3 * before.len() / 4 / 512;
    let ran = run_after(
        &place,
        &format!("trap '' XFSZ; ulimit -f {blocks};"),
        "train --resume --out run --steps 9 --no-grid",
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let message = ran.err.lines().last().unwrap();
    assert_says(
        message,
        &["cannot write", "step-0000006.partial/langevin/optimizer.safetensors", "too large"],
    );
    assert_says(message, &["step-0000004 is saved", "langevin train --resume"]);
    assert!(
        !place.exists("run/checkpoints/step-0000006.partial")
            && !place.exists("run/checkpoints/step-0000006")
    );
    assert!(place.bytes("run/checkpoints/step-0000004/langevin/optimizer.safetensors") == before);
    place.done("train --resume --out run --steps 9 --no-grid --quiet");
    assert_eq!(place.steps("run"), (1..=9).collect::<Vec<_>>());
}

/// The event file grows faster than the metrics, so under a limit on the size of files it is the first that cannot be written.
#[test]
fn an_event_file_that_cannot_be_written_ends_the_run() {
    let place = Place::new();
    let train =
        format!("train digits {TINY} --no-grid --steps 1000 --set train.checkpoint_every=1000 --out run");
    let ran = run_after(&place, "trap '' XFSZ; ulimit -f 40;", &train);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let message = ran.err.lines().last().unwrap();
    assert_says(
        message,
        &["cannot write run/events.out.tfevents.", "too large", "nothing of this run was saved"],
    );
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

/// A file system in memory with room for two checkpoints, where the system lets one be made.
#[test]
fn a_full_disk_loses_nothing_that_was_saved() {
    let place = Place::new();
    fs::create_dir(place.path("disk")).unwrap();
    let train = format!("train digits {TINY} --no-grid --set train.checkpoint_every=2 --out disk/run");
    let langevin = env!("CARGO_BIN_EXE_langevin");
    let script = format!(
        "mount -t tmpfs -o size=1700k none disk || exit 77; {langevin} {train} --steps 1000 2> full.txt; echo $? >> full.txt; \
         ls disk/run/checkpoints > left.txt; rm -r disk/run/checkpoints/step-0000002; \
         mount -o remount,size=50m disk; {langevin} train --resume --out disk/run --steps 30 --no-grid --quiet && \
         cp -r disk/run saved && mount -o remount,ro disk; \
         {langevin} train --resume --out disk/run --steps 40 --no-grid 2> readonly.txt; echo $? >> readonly.txt"
    );
    let ran = Command::new("unshare").current_dir(place.path("")).args(["-rm", "sh", "-c", &script]).output();
    if ran.map_or(true, |ran| ran.status.code() == Some(77)) {
        eprintln!("no file system can be mounted here: the test is passed over");
        return;
    }
    let full = place.text("full.txt");
    assert_says(
        &full,
        &["error: cannot write", ".partial/", "No space left on device", "is saved", "--resume"],
    );
    assert!(full.ends_with("\n1\n") && !full.contains("panicked"), "{full}");
    let left = place.text("left.txt");
    assert!(left.contains("step-0000004\n") && !left.contains("partial"), "{left}");
    place.done(&format!("{} --steps 30 --quiet --out whole", train.replace(" --out disk/run", "")));
    place.assert_same_weights("saved/checkpoints/step-0000030", "whole/checkpoints/step-0000030");
    assert_eq!(place.timeless_metrics("saved"), place.timeless_metrics("whole"));
    let readonly = place.text("readonly.txt");
    assert_says(&readonly, &["error: cannot write disk/run/run.lock", "Read-only file system"]);
    assert!(readonly.ends_with("\n1\n"), "{readonly}");
}

#[test]
fn a_file_that_was_not_written_is_not_believed() {
    let place = run_of_two_checkpoints();
    let inner = "run/checkpoints/step-0000004/langevin";
    fs::copy(place.path(format!("{inner}/raw.safetensors")), place.path(format!("{inner}/ema.safetensors")))
        .unwrap();
    assert_says(&place.failed("sample run -n 1 --steps 2"), &["ema.safetensors", "not among the files"]);
}

#[test]
fn damaged_metrics_are_named_and_kept() {
    let place = run_of_two_checkpoints();
    let damaged = place.text("run/metrics.jsonl").replacen("\"step\":2", "\"stop\":2", 1);
    fs::write(place.path("run/metrics.jsonl"), &damaged).unwrap();
    let message = place.failed("train --resume --out run --steps 6 --no-grid");
    assert_says(&message, &["run/metrics.jsonl", "line 2 is damaged"]);
    assert_eq!(place.text("run/metrics.jsonl"), damaged);
}

#[test]
fn the_lock_of_a_run_that_never_began_is_no_run() {
    let place = Place::new();
    fs::create_dir(place.path("run")).unwrap();
    fs::write(place.path("run/run.lock"), "process 1\n").unwrap();
    place.done(&format!("train digits {TINY} --steps 1 --no-grid --quiet --out run"));
}

#[test]
fn a_place_where_nothing_can_be_made_is_named() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let message = place.failed(&format!("train digits {TINY} --steps 1 --no-grid --out file/run"));
    assert_says(&message, &["cannot write file/run"]);
}

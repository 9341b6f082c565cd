//! No input reaches a panic: whatever is asked for, and whatever a file holds, ends in an answer or in a sentence.

mod common;

use common::edits::{self, ODD};
use common::files::{grey16_folder, rgba_folder, write_npy};
use common::{Place, TINY, TINY_POINTS};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope, sleep};
use std::time::{Duration, Instant};

/// Each run takes milliseconds; one that computes for longer was asked for what nobody waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings that recipes leave out.
const UNSET: &[&str] = &[
    "data.size",
    "data.split",
    "data.channels",
    "data.data_dir",
    "data.count",
    "model.attention_levels_up",
    "model.residual_levels_down",
    "model.residual_levels_up",
    "model.head_size",
    "model.heads",
    "model.activation",
    "model.embedding_size",
    "model.timestep_scale",
    "model.center_input",
    "model.output_channels",
    "model.middle.attention",
    "model.middle.attention_groups",
    "model.middle.scale",
    "model.class_embedding.kind",
    "objective.lambda",
    "evaluate.every",
    "evaluate.samples",
    "evaluate.steps",
    "evaluate.features",
];

/// What many runs came to.
#[derive(Debug, Default)]
struct Ends {
    done: usize,
    refused: usize,
}

/// Why a run did not end as it should, if so: with 0, or with 1 or 2 and a sentence.
fn wrong_end(place: &Place, line: &str) -> Result<bool, String> {
    let mut command = place.command(line);
    command.env("RUST_BACKTRACE", "0").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    // What it says fits into a pipe.
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("langevin {line}\ndoes not end"));
        }
        sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let sentence = told.lines().any(|line| line.starts_with("error: ")) && !told.contains("bug of Langevin");
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1 | 2) if sentence => Ok(false),
        _ => Err(format!("langevin {line}\n{}: {}", output.status, told.trim())),
    }
}

/// Does the same with each of many things, on all cores, and counts.
#[track_caller]
fn all_end_well<T: Sync>(things: &[T], end: impl Fn(usize, &T) -> Vec<Result<bool, String>> + Sync) -> Ends {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut ends = Vec::new();
        while let Some((index, thing)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, things.get(i)?)))
        {
            ends.extend(end(index, thing));
        }
        ends
    };
    let threads = available_parallelism().map_or(1, usize::from);
    let ends: Vec<_> = scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let wrong: Vec<&String> = ends.iter().filter_map(|end| end.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{} of {} ended otherwise; the first:\n{}", wrong.len(), ends.len(), wrong[0]);
    let done = ends.iter().filter(|end| matches!(end, Ok(true))).count();
    let ends = Ends { done, refused: ends.len() - done };
    println!("{ends:?}");
    ends
}

#[track_caller]
fn lines_end_well(place: &Place, lines: &[String]) -> Ends {
    all_end_well(lines, |_, line| vec![wrong_end(place, line)])
}

/// The keys of a recipe, as `--set` takes them.
fn keys(recipe: &str) -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in recipe.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ") {
            keys.push(format!("{section}{key}"));
        }
    }
    keys
}

#[test]
fn every_setting_may_have_any_value() {
    let place = Place::with_digits_model();
    let mut keys = keys(&place.text("model/config.toml"));
    assert!(keys.len() > 30, "{keys:?}");
    keys.extend(UNSET.iter().map(|key| (*key).to_owned()));
    let lines: Vec<String> = keys
        .iter()
        .flat_map(|key| {
            ODD.iter().map(move |value| format!("train digits {TINY} --dry-run --set {key}={value}"))
        })
        .collect();
    let ends = lines_end_well(&place, &lines);
    assert!(ends.done > 100 && ends.refused > 500, "{ends:?}");
}

#[test]
fn every_flag_may_have_any_value() {
    let place = Place::with_digits_model();
    place.done(&format!("train swiss-roll {TINY_POINTS} --steps 4 --no-grid --quiet --out points"));
    place.done("sample model -n 3 --quiet --out few.npz");
    place.done("sample model -n 3 --quiet --out noise.npy");
    place.done("sample model -n 3 --quiet --out few");
    let numbers = ["0", "1", "2", "41", "-1", "18446744073709551615"];
    let parts = ["0", "-1", "0.5", "2", "1e300", "nan", "inf"];
    let mut lines = Vec::new();
    for model in ["model", "points"] {
        let sample = format!("sample {model} --quiet --out out.npy");
        let evaluate = format!("evaluate {model} --quiet -n 2 --batch 4");
        for n in numbers {
            lines.extend(
                ["--batch", "--class", "--threads", "--order", "--seed"]
                    .map(|flag| format!("{sample} -n 2 --steps 2 {flag} {n}")),
            );
            lines.push(format!("{sample} -n {n} --steps 2 --batch 3"));
            lines.push(format!("{evaluate} --terms {n}"));
            lines.push(format!("{evaluate} --terms 2 --batch {n}"));
            lines.push(format!("{evaluate} --metrics nll-ode --ode-steps {n}"));
            lines.push(format!(
                "compare-samplers {model} --quiet -n 1 --steps {n} --reference 2 --samplers ddim,heun"
            ));
            lines.push(format!(
                "compare-samplers {model} --quiet -n 1 --steps 1 --reference {n} --samplers ddim,unipc"
            ));
            lines.push(format!("denoise few/000.png --model {model} --from {n}"));
            lines.push(format!("inspect {model} --json"));
            for metric in ["all", "frechet", "kid", "prdc", "is"] {
                lines.push(format!("{evaluate} --steps 2 --samples {n} --metrics {metric} --neighbours 1"));
            }
            lines.push(format!("{evaluate} --steps 2 --samples 5 --metrics prdc --neighbours {n}"));
        }
        for part in parts {
            lines.push(format!("{sample} -n 2 --steps 2 --threshold {part}"));
            lines.extend(
                ["ddim", "euler-ancestral"]
                    .map(|s| format!("{sample} -n 2 --steps 3 --sampler {s} --eta {part}")),
            );
            lines.push(format!("{sample} -n 2 --steps 3 --sampler heun --churn {part},0,{part},1"));
        }
        for sampler in
            ["ddpm", "ddim", "pndm", "heun", "dpmpp-3s", "unipc", "deis", "DPMSolverMultistepScheduler"]
        {
            for steps in [0, 1, 2, 39, 40, 41] {
                lines.push(format!("{sample} -n 1 --steps {steps} --sampler {sampler}"));
            }
            lines.push(format!(
                "{sample} -n 1 --steps 2 --sampler {sampler} --sigmas karras --last sigma-min"
            ));
            lines
                .push(format!("{sample} -n 1 --steps 1 --sampler {sampler} --sigmas log-snr --last denoise"));
            lines.push(format!("{sample} -n 3 --steps 2 --sampler {sampler} --noise noise.npy"));
        }
        for other in ["digits", "swiss-roll", "few", "few.npz", "noise.npy", "model", "points", "nowhere"] {
            lines.push(format!("{evaluate} --terms 2 --data {other}"));
            lines.push(format!("evaluate {other} --data few.npz --metrics all --quiet"));
            lines.push(format!("convert {other} made-{model}-{other} --quiet"));
        }
    }
    for timesteps in ["0", "1", "2", "1000", "18446744073709551615"] {
        for schedule in ["linear", "scaled-linear", "cosine", "sigmoid"] {
            lines.push(format!("diffuse few -n 1 --timesteps {timesteps} --schedule {schedule}"));
        }
    }
    let ends = lines_end_well(&place, &lines);
    assert!(ends.done > 150 && ends.refused > 150, "{ends:?}");
}

/// Data of every small shape, to be trained on with networks of several depths.
#[test]
fn every_shape_of_data_may_be_asked_for() {
    let place = Place::new();
    let mut sources = vec!["digits".to_owned(), "swiss-roll".to_owned()];
    for (height, width) in [(1, 1), (1, 8), (2, 2), (3, 5), (8, 8), (9, 9)] {
        for (kind, folder) in [("grey", grey16_folder as fn(&Path, u32, u32, u32)), ("colour", rgba_folder)] {
            sources.push(format!("{kind}-{height}x{width}"));
            folder(&place.path(&sources[sources.len() - 1]), 2, height, width);
        }
    }
    let shapes: [&[u64]; 7] = [&[0, 2], &[1, 2], &[4, 2], &[4, 3], &[4], &[2, 1, 8, 8], &[0, 8, 8, 1]];
    for (index, shape) in shapes.iter().enumerate() {
        sources.push(format!("{index}.npy"));
        write_npy(
            &place.path(format!("{index}.npy")),
            shape,
            &vec![0.1; shape.iter().product::<u64>() as usize],
        );
    }
    for (index, value) in [f32::NAN, f32::INFINITY, 1e38].into_iter().enumerate() {
        sources.push(format!("far-{index}.npy"));
        write_npy(&place.path(format!("far-{index}.npy")), &[4, 2], &[value; 8]);
    }
    let mut lines = Vec::new();
    let small = "--batch 2 --steps 1 --quiet --no-grid --set diffusion.timesteps=5";
    for source in &sources {
        lines.push(format!("train {source} {small} --set model.hidden=4 --out {source}-points"));
        for (index, options) in
            ["[8] --size 1x1", "[8,8]", "[8,8,8] --channels rgb", "[8] --channels grey --exact"]
                .iter()
                .enumerate()
        {
            let model = "--set model.attention_levels=[1] --set model.groups=4 --set model.blocks_per_level=1 --set model.channels=";
            lines.push(format!("train {source} {small} {model}{options} --out {source}-{index}"));
        }
        lines.push(format!("inspect {source}"));
        lines.push(format!("diffuse {source} -n 1 --timesteps 2 --out {source}.png"));
        lines.push(format!("diffuse {source} -n 1 --timesteps 2 --size 3x1 --out {source}.png"));
        lines.push(format!("evaluate {source} --data {source} --metrics all --quiet"));
        lines.push(format!("evaluate {source} --data 2.npy --quiet"));
    }
    let ends = lines_end_well(&place, &lines);
    assert!(ends.done > 50 && ends.refused > 50, "{ends:?}");
}

/// Checkpoints whose recipe, state or weights somebody changed, and pipelines whose configuration has odd fields.
#[test]
fn files_may_hold_anything() {
    let place = Place::with_digits_model();
    place.done("convert model pipeline");
    let checkpoint = "model/checkpoints/step-0000004";
    let mut edited: Vec<(&str, String, Vec<u8>)> = Vec::new();
    let mut add = |tree, file: &str, texts: Vec<Vec<u8>>| {
        edited.extend(texts.into_iter().map(|text| (tree, file.to_owned(), text)))
    };
    let bytes = |texts: Vec<String>| texts.into_iter().map(String::into_bytes).collect();
    let recipe = "langevin/recipe.toml";
    add(
        checkpoint,
        recipe,
        bytes(edits::toml(
            &place.text(&format!("{checkpoint}/{recipe}")),
            &["0", "3", "1e300", "nan", "[1,2,3]"],
        )),
    );
    add(
        checkpoint,
        "langevin/state.json",
        bytes(edits::json(&place.text(&format!("{checkpoint}/langevin/state.json")))),
    );
    for file in [
        "langevin/raw.safetensors",
        "langevin/optimizer.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
    ] {
        add(checkpoint, file, edits::safetensors(&place.bytes(&format!("{checkpoint}/{file}"))));
    }
    for file in ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json"] {
        add("pipeline", file, bytes(edits::json(&place.text(&format!("pipeline/{file}")))));
    }
    let ends = all_end_well(&edited, |index, (tree, file, text)| {
        let name = format!("edited-{index}");
        let model =
            if *tree == checkpoint { format!("{name}/checkpoints/step-0000004") } else { name.clone() };
        copy(&place.path(tree), &place.path(&model));
        // With it, all that is changed would only be called damaged.
        let _ = fs::remove_file(place.path(format!("{model}/langevin/manifest.json")));
        fs::write(place.path(format!("{model}/{file}")), text).unwrap();
        let mut lines = vec![format!("sample {name} -n 1 --steps 2 --quiet --out {name}/out.npy")];
        lines.push(match index % 4 {
            _ if *tree == checkpoint && index % 2 == 0 => {
                format!("train --resume --out {name} --steps 5 --quiet --no-grid")
            }
            1 => format!("evaluate {name} --data digits -n 1 --terms 2 --quiet"),
            2 => format!("convert {name} {name}/converted"),
            _ => format!("inspect {name}"),
        });
        let ends = lines.iter().map(|line| {
            wrong_end(&place, line).map_err(|end| format!("{file}: {}\n{end}", String::from_utf8_lossy(text)))
        });
        let ends = ends.collect();
        fs::remove_dir_all(place.path(name)).unwrap();
        ends
    });
    assert!(ends.done > 200 && ends.refused > 500, "{ends:?}");
}

/// A full disk below a redirected output is no bug of ours.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let place = Place::with_digits_model();
    for line in
        ["samplers", "recipes digits", "inspect model", "sample model -n 1 --steps 1 --quiet", "features"]
    {
        let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = place.command(line).stdout(full()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {told}");
        assert!(
            told.starts_with("error: cannot write to the standard output: No space left"),
            "{line}: {told}"
        );
        let output = place.command("inspect nowhere").stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

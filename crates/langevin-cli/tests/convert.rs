//! `langevin convert`, and models that other programs saved.

mod common;

use common::{Place, assert_says};
use std::fs;
use std::path::{Path, PathBuf};

const UNET: &str = "unet/diffusion_pytorch_model.safetensors";

fn vectors(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../langevin/tests/parity").join(file)
}

/// A place with the state dict of a small network of guided-diffusion's, `guided.pt`.
fn with_guided() -> Place {
    let place = Place::new();
    fs::copy(vectors("openai/heads-first.pt"), place.path("guided.pt")).unwrap();
    place
}

const GUIDED: &str = "convert guided.pt --size 16x16 --set model.heads=2";

#[test]
fn a_run_becomes_a_pipeline_and_a_checkpoint_again() {
    let place = Place::with_digits_model();
    place.done("convert model pipeline");
    assert_eq!(
        place.files("pipeline"),
        ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", UNET]
    );
    let ours = "model/checkpoints/step-0000004";
    assert!(place.bytes(&format!("pipeline/{UNET}")) == place.bytes(&format!("{ours}/{UNET}")));
    let text = place.done("inspect pipeline").out;
    assert_says(&text, &["8x8", "U-Net", "parameters"]);
    place.done("convert pipeline back");
    assert!(place.bytes(&format!("back/{UNET}")) == place.bytes(&format!("{ours}/{UNET}")));
    // In fewer steps a pipeline is sampled from as its own scheduler does it.
    for options in ["", "--sampler unipc --steps 3"] {
        for model in ["model", "pipeline", "back"] {
            place.done(&format!("sample {model} -n 2 --out {model}.npy --quiet {options}"));
        }
        assert!(place.bytes("pipeline.npy") == place.bytes("back.npy"), "{options}");
        assert!(place.bytes("pipeline.npy") == place.bytes("model.npy"), "{options}");
    }
    place.done(
        "train digits --batch 4 --steps 1 --no-grid --quiet --out more --init pipeline \
                --set model.channels=[8,16] --set model.blocks_per_level=1 --set model.attention_levels=[2] \
                --set model.groups=4 --set diffusion.timesteps=40",
    );
    place.done("convert model raw --weights raw");
    assert!(place.bytes(&format!("raw/{UNET}")) != place.bytes(&format!("{ours}/{UNET}")));
}

#[test]
fn a_state_dict_becomes_either() {
    let place = with_guided();
    let said = place.done(&format!("{GUIDED} pipeline")).out;
    assert_says(
        &said,
        &["parameters in pipeline", "assumed", "T = 1000", "linear", "heads-first", "fixed-large"],
    );
    assert!(!said.contains("model.heads"), "{said}");
    place.done(&format!("{GUIDED} ours --to langevin"));
    assert!(place.bytes(&format!("pipeline/{UNET}")) == place.bytes(&format!("ours/{UNET}")));
    let raw = place.done(&format!("{GUIDED} other --weights raw"));
    assert_says(&raw.out, &["parameters in other"]);
    assert!(place.bytes(&format!("other/{UNET}")) != place.bytes(&format!("pipeline/{UNET}")));
}

#[test]
fn what_cannot_be_converted_is_told() {
    let place = with_guided();
    assert_says(&place.refused("convert guided.pt out"), &["guided.pt", "--size"]);
    assert_says(&place.refused("convert guided.pt out --from ho --size 16x16"), &["guided.pt", "Ho et al."]);
    assert_says(&place.refused("convert nowhere out"), &["nowhere", "neither a run folder"]);
    assert_says(&place.refused("convert guided.pt out --size 16x16 --set model.headz=3"), &["model.headz=3"]);
    let message =
        place.failed("convert guided.pt out --size 16x16 --set model.heads=2 --set model.blocks_per_level=2");
    assert_says(&message, &["guided.pt", "missing", "unexpected"]);
    fs::write(place.path("text.pt"), "no state dict").unwrap();
    assert_says(&place.failed("convert text.pt out"), &["text.pt", "PyTorch"]);
    fs::copy(vectors("torch-files/lucidrains.pt"), place.path("lucid.pt")).unwrap();
    assert_says(&place.failed("convert lucid.pt out"), &["linear attention", "7x7"]);
    fs::copy(vectors("openai/improved.pt"), place.path("improved.pt")).unwrap();
    let message = place.refused("convert improved.pt out --size 16x24");
    assert_says(&message, &["model.timestep_scale is 0.25", "--to langevin"]);
    assert!(!place.exists("out"));
    fs::create_dir(place.path("full")).unwrap();
    fs::write(place.path("full/file"), "").unwrap();
    assert_says(&place.refused(&format!("{GUIDED} full")), &["full is not empty"]);
    assert_eq!(place.files("full"), ["file"]);
    place.done("convert improved.pt ours --size 16x24 --to langevin");
    assert_eq!(
        place.files("ours"),
        ["langevin/ema.safetensors", "langevin/manifest.json", "langevin/recipe.toml", "langevin/state.json"]
    );
}

#[test]
fn a_converted_model_has_nothing_to_resume() {
    let place = with_guided();
    place.done(&format!("{GUIDED} ours --to langevin"));
    assert_says(
        &place.refused("train --resume --out ours"),
        &["ours has no state of the optimiser", "--init ours"],
    );
    assert_says(
        &place.refused("sample ours --weights raw"),
        &["ours", "averaged weights only", "--weights raw"],
    );
    assert_says(&place.refused("convert ours again --to langevin"), &["is that already", "--to"]);
    place.done(&format!("{GUIDED} pipeline"));
    assert_says(&place.refused("train --resume --out pipeline"), &["pipeline has no state of the optimiser"]);
    assert_says(&place.refused("convert pipeline again --to diffusers"), &["is that already"]);
    assert_says(&place.refused("convert pipeline again --key ema"), &["--key", "is no file"]);
}

#[test]
fn points_have_no_form_in_diffusers() {
    let place = Place::with_points_model();
    assert_says(&place.refused("convert model out"), &["points", "U-Nets"]);
}

//! Networks out of OpenAI's and Ho et al.'s state dicts against the code that wrote them.
//!
//! The files are made by `tests/parity/openai/generate.py` and `tests/parity/ho/generate.py`.

mod common;

use burn::tensor::{Device, Tensor, TensorData};
use common::{Vectors, assert_close, drawn, worst_of};
use langevin::interop::diffusers::{from_diffusers, to_diffusers, unet_config, unet_from_config};
use langevin::interop::foreign::{AttentionOrder, Foreign, ForeignOptions, Origin, open_foreign};
use langevin::math::{Schedule, Variance};
use langevin::models::weights::{Array, parameter_names, with_weights};
use langevin::models::{ClassEmbedding, Conditioning, ModelConfig, Network, UNetConfig};
use langevin::tensor::to_vec;
use std::path::PathBuf;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity").join(file)
}

/// The options of a case: size, attention order, settings.
fn options(case: &str) -> ForeignOptions {
    let (order, set): (_, &[&str]) = match case {
        "classes" => (AttentionOrder::QueriesFirst, &["model.head_size=16"]),
        "heads-first" => (AttentionOrder::HeadsFirst, &["model.heads=2"]),
        _ => (AttentionOrder::HeadsFirst, &["model.timestep_scale=1.0"]),
    };
    ForeignOptions {
        size: Some([16, 24]),
        order: Some(order),
        set: set.iter().map(|&assignment| assignment.to_owned()).collect(),
        averaged: true,
        ..ForeignOptions::default()
    }
}

fn open(case: &str) -> Foreign {
    open_foreign(&path(&format!("openai/{case}.pt")), &options(case)).unwrap()
}

fn network_config(foreign: &Foreign) -> &UNetConfig {
    let ModelConfig::Unet(network) = &foreign.settings.recipe.model else { unreachable!() };
    network
}

/// The network's output, and the largest difference from the vectors'.
fn output(foreign: &Foreign, vectors: &Vectors, prefix: &str, classes: Option<&[usize]>) -> (Vec<f32>, f32) {
    let device = Device::flex();
    let network = network_config(foreign).init(3, 0, &device);
    let network = with_weights(network, foreign.weights.clone()).unwrap();
    let array = |name: &str| vectors.array(&format!("{prefix}{name}"));
    let timesteps: Vec<f64> = array("t").values.iter().map(|&t| f64::from(t)).collect();
    let conditioning = Conditioning::at(&timesteps).with_classes(classes);
    let y = network.forward(channels_last(array("x"), &device), conditioning, None);
    let y = to_vec(y.permute([0, 3, 1, 2]));
    let worst = worst_of(y.iter().zip(&array("y").values).map(|(a, b)| f64::from((a - b).abs()))) as f32;
    (y, worst)
}

fn assert_agrees(foreign: &Foreign, vectors: &Vectors, prefix: &str, classes: Option<&[usize]>) {
    let (y, worst) = output(foreign, vectors, prefix, classes);
    println!("{prefix} largest difference {worst:.1e}");
    assert_close(prefix, &y, &vectors.array(&format!("{prefix}y")).values, 2e-5, 1e-4);
}

fn channels_last(array: &Array, device: &Device) -> Tensor<4> {
    let data = TensorData::new(array.values.clone(), array.shape.clone());
    let x = Tensor::<4>::from_data(data, device).permute([0, 2, 3, 1]);
    let shape = x.dims();
    Tensor::from_data(TensorData::new(to_vec(x), shape), device)
}

#[test]
fn openai_networks_give_the_original_outputs() {
    let vectors = Vectors::open("openai");
    let classes: Vec<usize> =
        vectors.integers("classes.classes").iter().map(|&class| class as usize).collect();
    for case in ["improved", "classes", "heads-first"] {
        let given = (case == "classes").then_some(&classes[..]);
        assert_agrees(&open(case), &vectors, &format!("{case}."), given);
    }
}

/// A case whose weights are drawn, in a file of the other format.
fn open_drawn(vectors: &Vectors, case: &str, options: &ForeignOptions) -> Foreign {
    let shapes = vectors.metadata(case);
    let keys = shapes.as_object().unwrap().iter().enumerate();
    let weights = keys.map(|(index, (key, shape))| {
        let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
        let values = drawn::weights(20_210_218, index as u64, key, &shape);
        (key.clone(), Array { shape, values })
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{case}.safetensors"));
    langevin::interop::safetensors::write(&file, &weights.collect()).unwrap();
    open_foreign(&file, options).unwrap()
}

/// Channels that change from level to level, and two blocks a level.
#[test]
fn a_network_that_grows_gives_the_original_output() {
    let vectors = Vectors::open("openai");
    let options = ForeignOptions { order: Some(AttentionOrder::QueriesFirst), ..options("classes") };
    let foreign = open_drawn(&vectors, "grown", &options);
    let network = network_config(&foreign);
    assert_eq!((&network.channels[..], network.blocks_per_level), (&[32, 64][..], 2));
    assert_agrees(&foreign, &vectors, "grown.", None);
}

/// The networks of guided-diffusion for ImageNet, of which nothing but the size has to be said.
#[test]
fn a_network_of_classes_as_published_gives_the_original_output() {
    let vectors = Vectors::open("openai");
    let options = ForeignOptions { size: Some([16, 24]), ..ForeignOptions::default() };
    let foreign = open_drawn(&vectors, "adm", &options);
    let network = network_config(&foreign);
    assert_eq!((network.head_size, &network.attention_levels[..]), (Some(64), &[2, 3][..]));
    assert_eq!(network.class_embedding, Some(ClassEmbedding::Table { classes: 7, null_class: false }));
    assert_eq!(
        (&network.residual_levels_down[..], &network.residual_levels_up[..]),
        (&[1, 2][..], &[2, 3][..])
    );
    assert_eq!(foreign.settings.recipe.diffusion.variance, Variance::Learned);
    let classes: Vec<usize> = vectors.integers("adm.classes").iter().map(|&class| class as usize).collect();
    assert_agrees(&foreign, &vectors, "adm.", Some(&classes));
}

/// What the file does not say matters: other heads, another order or other timesteps give another output.
#[test]
fn wrong_settings_are_seen_in_the_output() {
    let vectors = Vectors::open("openai");
    let mut heads = options("improved");
    heads.set.push("model.heads=2".to_owned());
    let order = ForeignOptions { order: Some(AttentionOrder::QueriesFirst), ..options("heads-first") };
    let mut scale = options("improved");
    scale.set = vec!["model.timestep_scale=0.25".to_owned()];
    for (case, options) in [("improved", heads), ("heads-first", order), ("improved", scale)] {
        let foreign = open_foreign(&path(&format!("openai/{case}.pt")), &options).unwrap();
        let (_, worst) = output(&foreign, &vectors, &format!("{case}."), None);
        assert!(worst > 1e-2, "{case} with {options:?} differs by {worst} only");
    }
}

#[test]
fn a_port_of_ho_et_al_gives_the_original_outputs() {
    let options = ForeignOptions::default();
    let foreign = open_foreign(&path("ho/model.ckpt"), &options).unwrap();
    assert_eq!((foreign.settings.shape.height, foreign.origin), (32, Origin::Ho));
    assert_eq!(foreign.settings.recipe.diffusion.variance, Variance::FixedLarge);
    assert_agrees(&foreign, &Vectors::open("ho"), "", None);
}

#[test]
fn what_names_and_shapes_tell_is_inferred() {
    let improved = open("improved");
    assert_eq!(improved.settings.recipe.diffusion.variance, Variance::Learned);
    assert_eq!(improved.settings.recipe.diffusion.timesteps, 4000);
    assert_eq!(improved.settings.recipe.diffusion.schedule, Schedule::Cosine {});
    assert_eq!(network_config(&improved).attention_levels, [2]);
    let classes = open("classes");
    let network = network_config(&classes);
    assert_eq!(network.class_embedding, Some(ClassEmbedding::Table { classes: 5, null_class: false }));
    assert_eq!((&network.residual_levels_down[..], &network.residual_levels_up[..]), (&[1][..], &[2][..]));
    assert_eq!(network_config(&open("heads-first")).outputs(3), 3);
}

#[test]
fn a_network_that_diffusers_has_survives_its_form() {
    for case in ["improved", "classes", "heads-first"] {
        let foreign = open(case);
        let config = unet_config(network_config(&foreign), foreign.settings.shape).unwrap();
        let again = unet_from_config(&config).unwrap();
        let network = again.init(3, 0, &Device::flex());
        let weights = from_diffusers(to_diffusers(foreign.weights.clone()), &parameter_names(&network));
        assert_eq!(weights, foreign.weights, "{case}");
    }
}

#[test]
fn timesteps_are_told_as_in_a_process_of_a_thousand() {
    let mut options = options("improved");
    options.set.clear();
    let open = |options: &ForeignOptions| open_foreign(&path("openai/improved.pt"), options).unwrap();
    let published = open(&options);
    assert_eq!(network_config(&published).timestep_scale, 0.25);
    assert!(unet_config(network_config(&published), published.settings.shape).is_err());
    assert!(published.assumed.iter().any(|what| what.contains("4 heads (--set model.heads=")));
    options.set = vec!["diffusion.timesteps=500".to_owned(), "diffusion.schedule.kind=linear".to_owned()];
    let short = open(&options);
    assert_eq!(network_config(&short).timestep_scale, 2.0);
    let linear = Schedule::Linear { beta_start: 2e-4, beta_end: 0.04 };
    assert_eq!(short.settings.recipe.diffusion.schedule, linear);
}

#[test]
fn what_does_not_fit_is_told_at_once() {
    let refused =
        |file: &str, options: &ForeignOptions| open_foreign(&path(file), options).unwrap_err().to_string();
    let assert_says = |message: &str, parts: &[&str]| {
        for part in parts {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    };
    let default = ForeignOptions::default();
    assert_says(&refused("openai/improved.pt", &default), &["improved.pt", "--size"]);
    let key = ForeignOptions { key: Some("weights".to_owned()), ..options("heads-first") };
    assert_says(&refused("openai/heads-first.pt", &key), &["\"weights\"", "\"ema\", \"model\""]);
    let ho = ForeignOptions { origin: Some(Origin::Ho), ..options("improved") };
    assert_says(&refused("openai/improved.pt", &ho), &["Ho et al.", "OpenAI"]);
    let mut wrong = options("improved");
    wrong.set.push("model.channels=[32, 64]".to_owned());
    assert_says(
        &refused("openai/improved.pt", &wrong),
        &["improved.pt", "[64", "down.1.blocks.0.conv1.weight"],
    );
    wrong.set = vec!["model.blocks_per_level=2".to_owned()];
    assert_says(&refused("openai/improved.pt", &wrong), &["missing", "unexpected"]);
    assert_says(&refused("torch-files/zip.pt", &default), &["zip.pt", "neither OpenAI"]);
    assert_says(
        &refused("torch-files/lucidrains.pt", &default),
        &["denoising-diffusion-pytorch", "linear attention"],
    );
}

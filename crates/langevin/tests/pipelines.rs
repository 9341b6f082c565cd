//! Pipelines that diffusers saved: every layout gives the same network, every scheduler its process.
//!
//! The folders are made by `tests/parity/pipelines/generate.py`.

mod common;

use burn::tensor::{Device, Tensor, TensorData};
use common::{Vectors, assert_close};
use langevin::diffusion::Bound;
use langevin::interop::diffusers::{Pipeline, parse_json, read_scheduler};
use langevin::math::{DiffusionTable, Prediction, Schedule, Variance};
use langevin::models::weights::{Array, parameter_names, with_weights};
use langevin::models::{Conditioning, Network};
use langevin::tensor::to_vec;
use langevin::train::WeightsKind;
use langevin::{SampleShape, TrainedModel};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

fn parity(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity/pipelines").join(folder)
}

fn channels_last(array: &Array, device: &Device) -> Tensor<4> {
    let data = TensorData::new(array.values.clone(), array.shape.clone());
    let x = Tensor::<4>::from_data(data, device).permute([0, 2, 3, 1]);
    let shape = x.dims();
    Tensor::from_data(TensorData::new(to_vec(x), shape), device)
}

/// The pipeline in a folder gives the outputs of the network that was saved.
fn assert_agrees(folder: &Path) -> Pipeline {
    let (vectors, device) = (Vectors::open("pipelines"), Device::flex());
    let pipeline = Pipeline::open(folder, None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pipeline.settings.shape, SampleShape { height: 8, width: 12, channels: 3 });
    let network = pipeline.settings.recipe.model.init(pipeline.settings.shape, 0, &device);
    let weights = pipeline.weights(&parameter_names(&network)).unwrap();
    let network = with_weights(network, weights).unwrap();
    let t: Vec<f64> = vectors.array("t").values.iter().map(|&t| f64::from(t)).collect();
    let y = network.forward(channels_last(vectors.array("x"), &device), Conditioning::at(&t), None);
    let what = folder.display().to_string();
    assert_close(&what, &to_vec(y.permute([0, 3, 1, 2])), &vectors.array("y").values, 1e-5, 1e-5);
    pipeline
}

/// Copies a folder and what is below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn copied(folder: &str) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(folder);
    copy(&parity(folder), &path);
    (place, path)
}

fn message(folder: &Path) -> String {
    TrainedModel::load(folder, WeightsKind::Ema).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn every_layout_is_the_same_network() {
    for folder in ["plain", "parts", "pickled"] {
        let pipeline = assert_agrees(&parity(folder));
        let diffusion = &pipeline.settings.recipe.diffusion;
        assert_eq!((diffusion.timesteps, &diffusion.schedule), (30, &Schedule::Cosine {}));
        assert_eq!((diffusion.variance, pipeline.scheduler.bound()), (Variance::FixedSmall, Bound::None));
    }
    let variant = assert_agrees(&parity("variant"));
    assert_eq!(variant.scheduler.class().name, "PNDMScheduler");
    // Leading timesteps, with its offset of 1.
    let process = variant.settings.recipe.diffusion.process().unwrap();
    let grid = variant.scheduler.plan(&process, 10).unwrap().grid;
    assert_eq!(grid.step(9).from.t, 1.0);
    // The network's folder, within its pipeline.
    assert_agrees(&parity("plain/unet"));
}

#[test]
fn flat_folders_and_older_names_are_read() {
    let (_place, folder) = copied("plain");
    for (from, to) in [("unet", "flat"), ("scheduler", "flat")] {
        copy(&folder.join(from), &folder.join(to));
    }
    assert_agrees(&folder.join("flat"));
    // As the first pipelines lie on the hub: an index beside the parts of both.
    fs::copy(folder.join("model_index.json"), folder.join("flat/model_index.json")).unwrap();
    assert_agrees(&folder.join("flat"));
    let (_place, folder) = copied("pickled");
    fs::rename(folder.join("unet/diffusion_pytorch_model.bin"), folder.join("unet/diffusion_model.pt"))
        .unwrap();
    assert_agrees(&folder);
}

#[test]
fn a_pipeline_is_a_model_to_sample_from() {
    let model = TrainedModel::load(parity("plain"), WeightsKind::Ema).unwrap();
    assert_eq!(model.process.len(), 30);
    assert_eq!(model.checkpoint.bound(), Bound::None);
    let error = TrainedModel::load(parity("plain"), WeightsKind::Raw).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("averaged weights only"), "{error}");
}

#[test]
fn what_is_missing_or_unsound_is_named() {
    let (_place, folder) = copied("parts");
    let part = "unet/diffusion_pytorch_model-00003-of-00007.safetensors";
    let bytes = fs::read(folder.join(part)).unwrap();
    fs::write(folder.join(part), &bytes[..bytes.len() / 2]).unwrap();
    assert!(message(&folder).contains("00003-of-00007"), "{}", message(&folder));
    fs::remove_file(folder.join(part)).unwrap();
    assert!(message(&folder).contains("00003-of-00007"), "{}", message(&folder));
    let index = folder.join("unet/diffusion_pytorch_model.safetensors.index.json");
    fs::write(&index, r#"{"weight_map": {"conv_in.bias": "../../secret.safetensors"}}"#).unwrap();
    assert!(message(&folder).contains("not the name of a file beside it"), "{}", message(&folder));
    fs::write(&index, r#"{"weight_map": {"conv_in.bias": 3}}"#).unwrap();
    assert!(message(&folder).contains("conv_in.bias"), "{}", message(&folder));
    fs::remove_file(&index).unwrap();
    assert!(message(&folder).contains("unet holds no weights"), "{}", message(&folder));
    fs::remove_file(folder.join("scheduler/scheduler_config.json")).unwrap();
    assert!(message(&folder).contains("scheduler_config.json is missing"), "{}", message(&folder));
    fs::write(folder.join("unet/config.json"), "{").unwrap();
    assert!(message(&folder).contains("config.json is not sound JSON"), "{}", message(&folder));
}

#[test]
fn what_is_not_an_unconditional_pipeline_says_what_it_is() {
    let (_place, folder) = copied("plain");
    let index = folder.join("model_index.json");
    let part = |class: &str| json!(["diffusers", class]);
    let whole = json!({
        "_class_name": "StableDiffusionPipeline", "unet": part("UNet2DConditionModel"),
        "vae": part("AutoencoderKL"), "text_encoder": ["transformers", "CLIPTextModel"],
        "scheduler": part("PNDMScheduler"), "safety_checker": [null, null], "requires_safety_checker": true,
    });
    fs::write(&index, whole.to_string()).unwrap();
    let said = message(&folder);
    assert!(said.contains("StableDiffusionPipeline") && said.contains("text_encoder, vae"), "{said}");
    assert!(!said.contains("safety"), "{said}");
    fs::write(&index, json!({"_class_name": "DiTPipeline", "scheduler": part("DDIMScheduler")}).to_string())
        .unwrap();
    assert!(message(&folder).contains("DiTPipeline without a U-Net"), "{}", message(&folder));
    fs::remove_file(&index).unwrap();
    let config = folder.join("unet/config.json");
    let changed = |field: &str, value: serde_json::Value| {
        let mut json = parse_json(&fs::read_to_string(parity("plain/unet/config.json")).unwrap()).unwrap();
        json[field] = value;
        fs::write(&config, json.to_string()).unwrap();
        fs::copy(folder.join("scheduler/scheduler_config.json"), folder.join("unet/scheduler_config.json"))
            .unwrap();
        message(&folder.join("unet"))
    };
    let said = changed("_class_name", json!("UNet2DConditionModel"));
    assert!(said.contains("describes UNet2DConditionModel"), "{said}");
    let said = changed("sample_size", json!(null));
    assert!(said.contains("--size"), "{said}");
    let said = changed("sample_size", json!([8, 800_000_000]));
    assert!(said.contains("8x800000000"), "{said}");
    let said = changed("out_channels", json!(6));
    assert!(said.contains("6 channels, expected 3 for a fixed variance"), "{said}");
    let said = changed("block_out_channels", json!([4, 12]));
    assert!(said.contains("down_blocks.1.resnets.0.conv1.weight is [8") && said.contains("[12"), "{said}");
    fs::rename(folder.join("unet/scheduler_config.json"), folder.join("scheduler_config.json")).unwrap();
    assert!(Pipeline::open(&folder, Some([16, 16])).is_ok());
}

#[test]
fn every_scheduler_has_the_noise_levels_of_diffusers() {
    let vectors = Vectors::open("pipelines");
    let text = fs::read_to_string(parity("schedulers.json")).unwrap();
    let configs = parse_json(&text).unwrap();
    let configs = configs.as_array().unwrap();
    assert_eq!(configs.len(), 13 * 4);
    for (index, config) in configs.iter().enumerate() {
        let class = config["_class_name"].as_str().unwrap();
        let read = read_scheduler(config).unwrap_or_else(|error| panic!("{error}"));
        let expected = [Prediction::Epsilon, Prediction::V, Prediction::X0, Prediction::Epsilon][index % 4];
        assert_eq!((read.diffusion.prediction, read.scheduler.class().name), (expected, class));
        let table = DiffusionTable::new(read.diffusion.schedule.betas(30).unwrap()).unwrap();
        let ours: Vec<f32> = (0..30).map(|t| table.alpha_bar(t) as f32).collect();
        let theirs: Vec<f32> =
            vectors.doubles(&format!("{index}.alphas_cumprod")).iter().map(|&value| value as f32).collect();
        // diffusers multiplies in float32.
        assert_close(&format!("{class} {index}"), &ours, &theirs, 1e-9, 2e-5);
    }
}

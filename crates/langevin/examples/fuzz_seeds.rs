//! Writes the valid files that fuzzing begins with into a folder: `fuzz/corpus`.
//!
//! `cargo run --release -p langevin --example fuzz_seeds -- fuzz/corpus`

use flate2::{Compression, write::GzEncoder};
use image::{DynamicImage, ImageFormat};
use langevin::config::{Recipe, builtin_recipe, builtin_recipes};
use langevin::data::{write_npy, write_npz};
use langevin::interop::diffusers::parse_json;
use langevin::interop::torch::TorchFile;
use langevin::models::weights::{Weights, weights_of};
use langevin::tensor::{SampleShape, cpu};
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

const BREAK: &[u8] = b"\n--8<--\n";

fn main() {
    let folder = std::env::args().nth(1).expect("the folder is the first argument");
    let seeds = Seeds { folder: PathBuf::from(folder) };
    seeds.weights();
    seeds.state_dicts();
    seeds.torch();
    seeds.pipelines();
    seeds.checkpoints();
    seeds.recipes();
    seeds.arrays();
    seeds.pictures();
}

struct Seeds {
    folder: PathBuf,
}

impl Seeds {
    fn write(&self, target: &str, name: &str, bytes: &[u8]) {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(folder.join(name), bytes).expect("the seed can be written");
    }

    fn weights(&self) {
        let header = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"c":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]},"d":{"dtype":"F64","shape":[],"data_offsets":[14,22]}}"#;
        let data = [7u8; 22];
        self.write("safetensors", "types", &[header.as_bytes(), BREAK, &data].concat());
        let integers = r#"{"n":{"dtype":"I64","shape":[0,3],"data_offsets":[0,0]}}"#;
        let length = (integers.len() as u64).to_le_bytes();
        self.write("safetensors", "integers", &[&length[..], integers.as_bytes()].concat());
    }

    fn state_dicts(&self) {
        for case in ["openai/classes.pt", "openai/improved.pt", "ho/model.ckpt"] {
            let file = TorchFile::open(&parity(case)).expect("the file is sound");
            let weights = file.weights("").expect("the file is sound");
            let name = case.replace(['/', '.'], "-");
            let settings = b"16x24\nmodel.heads=2";
            self.write("state_dict", &name, &[lines(&weights).as_bytes(), BREAK, settings].concat());
        }
        let names = "model.temb.dense.0.weight 128 32\nmodel.down.0.block.0.conv1.weight 32 32 3 3\nmodel.conv_in.weight 32 1 3 3\n\
                     model.conv_out.weight 1 32 3 3\nema.temb.dense.0.weight 128 0\n";
        self.write("state_dict", "several", names.as_bytes());
        let names = "Mixed_5b.branch1x1.conv.weight 64 192 1 1\nfc.weight 8 4\nfc.bias 8\n_fc.weight 8 4\n_conv_stem.weight 32 3 3 3\n\
                     _bn0.running_var 32\nConv2d_1a_3x3.conv.weight 32 3 3 3\nConv2d_1a_3x3.bn.running_mean 32\n";
        self.write("classifier", "names", names.as_bytes());
    }

    fn torch(&self) {
        for name in ["zip", "legacy", "calls", "expanded"] {
            let path = parity(&format!("torch-files/{name}.pt"));
            let bytes = fs::read(&path).expect("the file is there");
            self.write("torch", name, &bytes);
            if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) {
                let pickle = (0..archive.len()).find_map(|index| {
                    let mut entry = archive.by_index(index).ok()?;
                    let mut bytes = Vec::new();
                    entry.name().ends_with("data.pkl").then(|| entry.read_to_end(&mut bytes))?.ok()?;
                    Some(bytes)
                });
                let storages = [&[1u8; 64][..], BREAK, &[2; 64]].concat();
                self.write(
                    "pickle",
                    name,
                    &[&pickle.expect("it holds a pickle")[..], BREAK, &storages].concat(),
                );
            }
        }
        self.write("torch", "plain", b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00b]q\x01(K\x02G?\xf0\x00\x00\x00\x00\x00\x00eu.");
    }

    fn pipelines(&self) {
        let read = |name: &str| fs::read(parity("pipelines").join(name)).expect("the file is there");
        for kind in ["plain", "parts"] {
            let index = r#"{"_class_name":"DDPMPipeline","scheduler":["diffusers","DDPMScheduler"],"unet":["diffusers","UNet2DModel"]}"#;
            let network = read(&format!("{kind}/unet/config.json"));
            let scheduler = read(&format!("{kind}/scheduler/scheduler_config.json"));
            let parts: &[u8] = if kind == "parts" {
                br#"{"weight_map":{"conv_in.weight":"part.safetensors"}}"#
            } else {
                b""
            };
            let names = b"conv_in.weight 8 3 3 3\nconv_in.bias 8\n";
            let all = [index.as_bytes(), &network, &scheduler, parts, names];
            self.write("pipeline", kind, &all.join(BREAK));
        }
        let schedulers: serde_json::Value =
            parse_json(&String::from_utf8_lossy(&read("schedulers.json"))).expect("it is JSON");
        let found = configurations(&schedulers);
        for (index, config) in found.into_iter().enumerate().step_by(8) {
            let scheduler = config.to_string();
            let all = [
                &b"{}"[..],
                br#"{"_class_name":"UNet2DModel","sample_size":8}"#,
                scheduler.as_bytes(),
                b"",
                b"",
            ];
            self.write("pipeline", &format!("scheduler-{index}"), &all.join(BREAK));
        }
    }

    fn checkpoints(&self) {
        let state = r#"{"format":1,"step":7,"shape":{"height":1,"width":1,"channels":2},"levels":null,"data":{"count":100,"checksum":5}}"#;
        let recipe = perceptron();
        let shape = SampleShape { height: 1, width: 1, channels: 2 };
        let network = recipe.model.init(shape, 0, &cpu());
        let names = lines(&weights_of(&network))
            + "counts 10\nlosses 10 10\nfirst.output.bias 2\nsecond.output.bias 2\n";
        let metrics = "{\"step\":5,\"loss\":0.5,\"grad_norm\":1.0,\"lr\":1e-3,\"images_per_second\":9.0}\n{\"step\":7}\n";
        let all = [state, &recipe.to_toml(), &names, metrics].map(str::as_bytes).join(BREAK);
        self.write("checkpoint", "perceptron", &all);
        let picture = r#"{"format":1,"step":7,"shape":{"height":8,"width":8,"channels":1},"levels":17,"data":{"count":100,"checksum":5},"bound":{"kind":"clip","range":1.0}}"#;
        let (_, digits) = builtin_recipes()[0];
        self.write("checkpoint", "pictures", &[picture, digits, "", ""].map(str::as_bytes).join(BREAK));
    }

    fn recipes(&self) {
        for (name, text) in builtin_recipes() {
            // What it says, without what it explains.
            let plain = Recipe::parse(name, text).expect("the recipe is sound").to_toml();
            self.write(
                "recipe",
                name,
                &[plain.as_bytes(), BREAK, b"diffusion.schedule.kind=cosine"].concat(),
            );
        }
        self.write(
            "recipe",
            "perceptron",
            &[perceptron().to_toml().as_bytes(), BREAK, b"model.hidden=8"].concat(),
        );
    }
}

/// The recipe of a network of a few parameters.
fn perceptron() -> Recipe {
    let changes = ["model.hidden=4", "model.layers=1", "diffusion.timesteps=10"];
    let recipe = builtin_recipe("swiss-roll").expect("the recipe is built in");
    changes
        .iter()
        .fold(recipe, |recipe, change| recipe.with_assignment(change).expect("the recipe has the key"))
}

/// What lies under `tests/parity`.
fn parity(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity").join(name)
}

/// Names and shapes, one a line, filled up to a multiple of 64 bytes: such lines make a whole network.
fn lines(weights: &Weights) -> String {
    let line = |(name, array): (&String, &langevin::models::weights::Array)| {
        let shape: Vec<String> = array.shape.iter().map(usize::to_string).collect();
        format!("{name} {}\n", shape.join(" "))
    };
    let mut lines: String = weights.iter().map(line).collect();
    lines += &"\n".repeat(lines.len().next_multiple_of(64) - lines.len());
    lines
}

/// Every object with a class's name, however deep.
fn configurations(value: &serde_json::Value) -> Vec<&serde_json::Value> {
    match value {
        serde_json::Value::Object(fields) if fields.contains_key("_class_name") => vec![value],
        serde_json::Value::Object(fields) => fields.values().flat_map(configurations).collect(),
        serde_json::Value::Array(items) => items.iter().flat_map(configurations).collect(),
        _ => Vec::new(),
    }
}

impl Seeds {
    fn arrays(&self) {
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let path = folder.path().join("array");
        let written = |path: &Path| fs::read(path).expect("it was written");
        let points: Vec<f32> = (0..8).map(|index| index as f32 * 0.25).collect();
        write_npy(&path, &points, &[4, 2]).expect("it can be written");
        let points = written(&path);
        self.write("npy", "points", &points);
        let bytes = |descr: &str, shape: &str, values: &[u8]| {
            let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
            let text = format!("{dictionary:117}\n");
            [b"\x93NUMPY\x01\x00v\x00", text.as_bytes(), values].concat()
        };
        let (grey, wide, labels) = (
            bytes("|u1", "(2, 3, 2)", &[9; 12]),
            bytes(">u2", "(2, 3, 1, 2)", &[1; 24]),
            bytes("<i8", "(2,)", &[[3u8, 0, 0, 0, 0, 0, 0, 0], [0; 8]].concat()),
        );
        self.write("npy", "grey", &grey);
        self.write("npy", "wide", &wide);
        let (mean, covariance) = (bytes("<f8", "(2,)", &[0; 16]), bytes("<f8", "(2, 2)", &[0; 32]));
        let entries: [(&str, &[&[u8]]); 4] = [
            ("labelled", &[b"arr_0.npy", &grey, b"arr_1.npy", &labels]),
            ("named", &[b"~images.npy", &wide, b"labels.npy", &labels]),
            ("points", &[b"~data.npy", &points]),
            ("statistics", &[b"mu.npy", &mean, b"sigma.npy", &covariance]),
        ];
        for (name, entries) in entries {
            self.write("npz", name, &entries.join(BREAK));
        }
        write_npz(&path, &[7; 12], [1, 2, 2, 3]).expect("it can be written");
        self.write("npz", "whole", &written(&path));
        let idx = |shape: &[u8], values: &[u8]| {
            let sides: Vec<u8> = shape.iter().flat_map(|&side| [0, 0, 0, side]).collect();
            [&[0, 0, 8, shape.len() as u8], &sides[..], values].concat()
        };
        let (images, labels) = (idx(&[2, 3, 2], &[5; 12]), idx(&[2], &[0, 1]));
        self.write("idx", "plain", &images);
        self.write("idx", "labelled", &[b"Z", &images[..], BREAK, &labels].concat());
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&images).expect("memory takes it");
        self.write("idx", "compressed", &encoder.finish().expect("memory takes it"));
    }

    fn pictures(&self) {
        use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
        let grey = image::GrayImage::from_fn(5, 4, |x, y| image::Luma([(17 * x + 40 * y) as u8]));
        let colour = image::RgbImage::from_fn(6, 7, |x, y| {
            image::Rgb([(40 * x) as u8, (30 * y) as u8, (x * y) as u8])
        });
        let (grey, colour) = (DynamicImage::from(grey), DynamicImage::from(colour));
        let kinds = [
            ("grey", grey.clone()),
            ("colour", colour.clone()),
            ("alpha", DynamicImage::from(colour.to_rgba8())),
            ("wide", DynamicImage::from(grey.to_luma16())),
        ];
        let mut pngs = Vec::new();
        for (name, picture) in &kinds {
            for (ending, format) in
                [("png", Png), ("jpg", Jpeg), ("webp", WebP), ("bmp", Bmp), ("gif", Gif), ("tif", Tiff)]
            {
                let mut bytes = Cursor::new(Vec::new());
                if picture.write_to(&mut bytes, format).is_ok() {
                    self.write("picture", &format!("{name}-{ending}"), bytes.get_ref());
                    if ending == "png" {
                        pngs.push(bytes.into_inner());
                    }
                }
            }
        }
        let entries: [&[u8]; 8] = [
            b"train/cat/1.png",
            &pngs[0],
            b"train/dog/2.png",
            &pngs[0],
            b"test/cat/3.png",
            &pngs[0],
            b"notes.txt",
            b"none",
        ];
        self.write("archive", "split", &entries.join(BREAK));
        self.write("archive", "slip", &[b"../../x.png", &pngs[0][..], b"C:\\y.png", &pngs[1]].join(BREAK));
        self.write("archive", "deflated", &[b"~a/1.png", &pngs[1][..], b"b/1.png", &pngs[1]].join(BREAK));
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file("a/1.png", stored).expect("memory takes it");
        archive.write_all(&pngs[0]).expect("memory takes it");
        self.write("archive", "whole", &archive.finish().expect("memory takes it").into_inner());
    }
}

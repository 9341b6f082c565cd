//! The classifier of noisy samples: its size, its gradient for guidance, and where it is kept.

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use common::{assert_close, perturbed, ramp};
use langevin::compute::kernels_from_environment;
use langevin::config::{Settings, builtin_recipe};
use langevin::diffusion::{Bound, ClassGradient};
use langevin::interop::diffusers::check_pipeline;
use langevin::math::categorical::log_softmax;
use langevin::math::rng::{Purpose, Stream};
use langevin::models::weights::{parameter_names, weights_of};
use langevin::models::{Classifier, ClassifierConfig, Conditioning, ConditioningError, ModelConfig, Network};
use langevin::pipeline::{TrainedClassifier, TrainedModel};
use langevin::tensor::{SampleShape, from_samples, to_vec};
use langevin::train::{Gradients, WeightsKind, write_converted};

const SHAPE: SampleShape = SampleShape { height: 12, width: 8, channels: 3 };
const CLASSES: usize = 5;

/// Timesteps between those of a process too.
const TIMESTEPS: [f64; 3] = [0.0, 312.25, 990.0];

/// Several heads, and attention before the pool's.
const RESIDUAL: &str = "attention_levels = [2]\nhead_size = 4\nresidual_levels_down = [1, 2]\n\
                        time_conditioning = \"scale-shift\"";

fn config(of_encoder: &str) -> ClassifierConfig {
    let encoder = "channels = [8, 8, 16]\nblocks_per_level = 1\ngroups = 4";
    let text = format!("classes = {CLASSES}\npool_head_size = 8\n[encoder]\n{encoder}\n{of_encoder}");
    let config: ClassifierConfig = toml::from_str(&text).unwrap();
    config.validate(SHAPE).unwrap();
    config
}

fn network(of_encoder: &str, device: &Device) -> Classifier {
    perturbed(config(of_encoder).init(SHAPE, 3, device), 0.1, 5)
}

fn logits(network: &Classifier, x: &[f32], timesteps: &[f64]) -> Vec<f32> {
    let x = from_samples(x.to_vec(), SHAPE, &langevin::cpu());
    to_vec(network.forward(x, Conditioning::at(timesteps), None))
}

fn guidance(network: &Classifier, x: &[f32], timesteps: &[f64], classes: &[usize]) -> Vec<f32> {
    let x = from_samples(x.to_vec(), SHAPE, &langevin::cpu());
    to_vec(network.log_probability_gradient(x, timesteps, classes))
}

#[test]
fn a_logit_a_class_and_as_many_parameters_as_counted() {
    let device = langevin::cpu();
    for more in ["", RESIDUAL, "middle = { blocks = false }\nactivation = \"gelu\"\ncenter_input = true"] {
        let model = ModelConfig::Classifier(config(more));
        let network = model.init(SHAPE, 0, &device);
        assert_eq!(network.num_params() as u64, model.parameter_count(SHAPE), "{more}");
        let x = from_samples(ramp(3 * SHAPE.elements()), SHAPE, &device);
        let y = network.forward(x, Conditioning::at(&TIMESTEPS), None);
        assert_eq!(y.dims(), [3, 1, 1, CLASSES], "{more}");
        let y = to_vec(y);
        assert!(y.iter().all(|logit| logit.is_finite()) && y[0] != y[1], "{more}");
        let written = toml::to_string(&model).unwrap();
        assert_eq!(toml::from_str::<ModelConfig>(&written).unwrap(), model, "{written}");
        let told = Conditioning::at(&TIMESTEPS).with_classes(Some(&[0, 1, 2]));
        assert_eq!(network.check(&told, 3), Err(ConditioningError::NoClasses));
    }
}

/// What comes before the way up is drawn first, in one order, so a U-Net and a classifier of a seed share it.
#[test]
fn its_encoder_is_that_of_a_unet() {
    let (device, config) = (langevin::cpu(), config(RESIDUAL));
    let ours = weights_of(&config.init(SHAPE, 7, &device));
    let unet = weights_of(&config.encoder.init(SHAPE.channels, 7, &device));
    let encoder: Vec<_> =
        unet.into_iter().filter(|(name, _)| !name.starts_with("up.") && !name.contains("_out.")).collect();
    assert!(encoder.len() > 50);
    for (name, array) in &encoder {
        assert_eq!(ours[name], *array, "{name}");
    }
    let rest: Vec<&String> =
        ours.keys().filter(|name| !encoder.iter().any(|(known, _)| known == *name)).collect();
    assert!(rest.iter().all(|name| name.starts_with("pool.") || name.starts_with("norm_out.")), "{rest:?}");
}

/// A new network can be trained: every parameter begins a graph of its own and has a gradient, in each of two passes.
#[test]
fn every_parameter_of_a_new_network_has_a_gradient() {
    let device = langevin::cpu().autodiff();
    let network = config(RESIDUAL).init(SHAPE, 0, &device);
    for _ in 0..2 {
        let x = from_samples(ramp(3 * SHAPE.elements()), SHAPE, &device);
        let logits = network.forward(x, Conditioning::at(&TIMESTEPS), None);
        let gradients = Gradients::of(&network, (logits.clone() * logits).sum().backward());
        for (name, gradient) in parameter_names(&network).iter().zip(&gradients.values) {
            // Before the residual blocks' last convolutions, which are zero, nothing is learned yet.
            if name.starts_with("pool.") && name != "pool.key.bias" || name == "conv_in.weight" {
                assert!(gradient.iter().any(|&g| g != 0.0), "{name}");
            }
        }
    }
    let weights = weights_of(&network);
    let positions = &weights["pool.positional_embedding"];
    assert_eq!(positions.shape, [1 + 3 * 2, 16]);
    let squares: f64 = positions.values.iter().map(|&p| f64::from(p).powi(2)).sum();
    assert!((squares / 7.0 - 1.0).abs() < 0.5, "a token's embedding has length 1, not {squares}/7");
}

/// (ln p(y | x + h d) − ln p(y | x − h d)) / 2h against ∇ ln p · d, along directions of unit length pulled towards the
/// gradient, so that the derivative is large against the rounding of the logits to fp32.
#[test]
fn the_gradient_agrees_with_central_differences() {
    let device = langevin::cpu();
    let (size, h) = (SHAPE.elements(), 1e-2f32);
    for more in ["", RESIDUAL] {
        let plain = network(more, &device);
        let guide = network(more, &device.clone().autodiff()).no_grad();
        let mut worst = 0.0f64;
        for timestep in TIMESTEPS {
            for class in 0..CLASSES {
                let x = ramp(size + class)[class..].to_vec();
                let gradient = guidance(&guide, &x, &[timestep], &[class]);
                let norm = gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
                for seed in 0..3 {
                    let mut noise = vec![0.0; size];
                    Stream::new(seed, Purpose::Data, class as u64).normal(0, &mut noise);
                    let direction: Vec<f32> = noise
                        .iter()
                        .zip(&gradient)
                        .map(|(noise, g)| noise / (size as f32).sqrt() + g / norm as f32)
                        .collect();
                    let moved = |h: f32| {
                        let x: Vec<f32> = x.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
                        let logits = logits(&plain, &x, &[timestep]);
                        let logits: Vec<f64> = logits.into_iter().map(f64::from).collect();
                        log_softmax(&logits)[class]
                    };
                    let difference = (moved(h) - moved(-h)) / f64::from(2.0 * h);
                    let derivative: f64 =
                        direction.iter().zip(&gradient).map(|(d, g)| f64::from(*d) * f64::from(*g)).sum();
                    worst = worst.max((difference - derivative).abs() / derivative.abs());
                }
            }
        }
        println!("{more:?}: the worst derivative is off by {worst:.1e} of itself");
        assert!(worst < 2e-3, "{more:?}: {worst:.1e}");
    }
}

/// Bit for bit with the kernels; Burn's own operations choose their order by the size of the batch.
fn assert_same(what: &str, a: &[f32], b: &[f32]) {
    if kernels_from_environment().unwrap() {
        assert!(a == b, "{what} differs");
    } else {
        assert_close(what, a, b, 1e-5, 1e-4);
    }
}

#[test]
fn no_sample_depends_on_its_batch_nor_on_the_threads() {
    const BATCH: usize = 7;
    let device = langevin::cpu();
    let size = SHAPE.elements();
    let x = ramp(BATCH * size);
    let timesteps: Vec<f64> = (0..BATCH).map(|i| 142.5 * i as f64).collect();
    let classes: Vec<usize> = (0..BATCH).map(|i| i % CLASSES).collect();
    for more in ["", RESIDUAL] {
        let (plain, guide) = (network(more, &device), network(more, &device.clone().autodiff()).no_grad());
        let both = |rows: std::ops::Range<usize>| {
            let x = &x[rows.start * size..rows.end * size];
            let times = &timesteps[rows.clone()];
            (logits(&plain, x, times), guidance(&guide, x, times, &classes[rows]))
        };
        let (logits, gradients) = both(0..BATCH);
        for rows in [0..1, 6..7, 2..5] {
            let (alone, gradient) = both(rows.clone());
            let of = |size: usize| rows.start * size..rows.end * size;
            assert_same("the logits", &alone, &logits[of(CLASSES)]);
            assert_same("the gradient", &gradient, &gradients[of(size)]);
        }
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (there, gradient) = pool.install(|| both(0..BATCH));
            assert_same("the logits on other threads", &there, &logits);
            assert_same("the gradient on other threads", &gradient, &gradients);
        }
    }
}

#[test]
fn a_checkpoint_keeps_it_and_a_pipeline_does_not() {
    let (device, folder) = (langevin::cpu(), tempfile::tempdir().unwrap());
    let mut settings = settings();
    let network = network(RESIDUAL, &device);
    settings.recipe.model = ModelConfig::Classifier(config(RESIDUAL));
    let error = check_pipeline(&settings.recipe.model, &settings.recipe.diffusion, SHAPE).unwrap_err();
    assert!(error.contains("classifier"), "{error}");
    let target = folder.path().join("checkpoint");
    write_converted(&target, &settings, Bound::Clip { range: 1.0 }, weights_of(&network)).unwrap();
    assert!(target.join("langevin/ema.safetensors").is_file() && !target.join("unet").exists());
    let refused = TrainedModel::load(&target, WeightsKind::Ema).err().unwrap().to_string();
    assert!(refused.contains("--classifier"), "{refused}");
    let trained = TrainedClassifier::load(&target, WeightsKind::Ema).unwrap();
    let again = &trained.network;
    assert_eq!(weights_of(again), weights_of(&network));
    assert_eq!(again.classes(), CLASSES);
    let x = ramp(SHAPE.elements());
    assert_eq!(logits(again, &x, &[3.0]), logits(&network, &x, &[3.0]));
    let gradient: Tensor<4> = trained.log_probability_gradient(from_samples(x, SHAPE, &device), &[3.0], &[2]);
    assert!(to_vec(gradient).iter().any(|&g| g != 0.0));
}

fn settings() -> Settings {
    let data = langevin::config::DataFacts { count: 0, checksum: 0 };
    Settings {
        recipe: builtin_recipe("cifar10").unwrap(),
        shape: SHAPE,
        levels: Some(256),
        data,
        class_names: Vec::new(),
    }
}

//! The U-Net against diffusers' `UNet2DModel`: outputs, every gradient, and ten training steps.
//!
//! The vectors are made in f64 by `tests/parity/unet/generate.py`.

mod common;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use common::{Vectors, assert_close};
use langevin::config::builtin_recipe;
use langevin::interop::diffusers::{from_diffusers, to_diffusers, unet_from_config};
use langevin::models::weights::{Array, Weights, parameter_names, weights_of, with_weights};
use langevin::models::{Conditioning, Network, UNet};
use langevin::tensor::to_vec;
use langevin::train::{Ema, Gradients as Summed, Optimizer};

const CASES: [&str; 3] = ["ddpm", "wide", "scale-shift"];

fn vectors() -> Vectors {
    Vectors::open("unet")
}

/// The network of a case with its weights, on `device`.
fn network(vectors: &Vectors, case: &str, device: &Device) -> UNet {
    let config = vectors.metadata(&format!("{case}.config"));
    let channels = config["in_channels"].as_u64().unwrap() as usize;
    let config = unet_from_config(&config).unwrap();
    let network = config.init(channels, 1, device);
    let names = parameter_names(&network);
    let weights = from_diffusers(vectors.prefixed(&format!("{case}.weights.")), &names);
    with_weights(network, weights).unwrap()
}

/// `[batch, channels, height, width]` as a channels-last tensor.
fn channels_last(array: &Array, device: &Device) -> Tensor<4> {
    let data = TensorData::new(array.values.clone(), array.shape.clone());
    let x = Tensor::<4>::from_data(data, device).permute([0, 2, 3, 1]);
    let shape = x.dims();
    Tensor::from_data(TensorData::new(to_vec(x), shape), device)
}

fn channels_first(x: Tensor<4>) -> Vec<f32> {
    to_vec(x.permute([0, 3, 1, 2]))
}

fn timesteps(vectors: &Vectors, case: &str) -> Vec<f64> {
    vectors.array(&format!("{case}.t")).values.iter().map(|&t| f64::from(t)).collect()
}

/// The gradient of every parameter, under diffusers' names.
struct Collector<'a> {
    gradients: &'a Gradients,
    values: Vec<Array>,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).expect("every parameter receives a gradient");
        self.values.push(Array { shape: gradient.dims().to_vec(), values: to_vec(gradient) });
    }
}

fn named_gradients(network: &UNet, gradients: &Gradients) -> Weights {
    let mut collector = Collector { gradients, values: Vec::new() };
    network.visit(&mut collector);
    to_diffusers(parameter_names(network).into_iter().zip(collector.values).collect())
}

#[test]
fn outputs_agree_with_diffusers() {
    let (vectors, device) = (vectors(), Device::flex());
    for case in CASES {
        let network = network(&vectors, case, &device);
        let x = channels_last(vectors.array(&format!("{case}.x")), &device);
        let y = network.forward(x, Conditioning::at(&timesteps(&vectors, case)), None);
        let expected = vectors.array(&format!("{case}.y"));
        assert_close(&format!("{case} output"), &channels_first(y), &expected.values, 1e-5, 1e-5);
    }
}

#[test]
fn gradients_agree_with_diffusers() {
    let (vectors, device) = (vectors(), Device::flex().autodiff());
    for case in CASES {
        let network = network(&vectors, case, &device);
        let x = channels_last(vectors.array(&format!("{case}.x")), &device).require_grad();
        let y = network.forward(x.clone(), Conditioning::at(&timesteps(&vectors, case)), None);
        let error = y - channels_last(vectors.array(&format!("{case}.target")), &device);
        let loss = (error.clone() * error).mean();
        let gradients = loss.backward();
        let expected = vectors.array(&format!("{case}.loss"));
        assert_close(&format!("{case} loss"), &[loss.into_scalar::<f32>()], &expected.values, 0.0, 1e-6);
        let grad_x = channels_first(x.grad(&gradients).unwrap());
        let expected = vectors.array(&format!("{case}.grad_x"));
        assert_close(&format!("{case} input gradient"), &grad_x, &expected.values, 1e-7, 1e-5);
        check_parameter_gradients(&vectors, case, &named_gradients(&network, &gradients));
    }
}

/// Every element that the vectors hold, and the norm of each whole gradient.
fn check_parameter_gradients(vectors: &Vectors, case: &str, ours: &Weights) {
    let theirs = vectors.prefixed(&format!("{case}.grad."));
    let norms = vectors.array(&format!("{case}.grad_norm"));
    assert_eq!(ours.len(), theirs.len());
    assert_eq!(ours.len(), norms.values.len());
    for ((name, gradient), norm) in ours.iter().zip(&norms.values) {
        let expected = &theirs[name].values;
        assert_close(&format!("{case} {name}"), &gradient.values[..expected.len()], expected, 2e-6, 1e-5);
        let squares = gradient.values.iter().map(|&g| f64::from(g).powi(2));
        let ours = squares.sum::<f64>().sqrt() as f32;
        assert_close(&format!("{case} norm of {name}"), &[ours], &[*norm], 2e-6, 1e-5);
    }
}

#[test]
fn ten_training_steps_agree_with_pytorch() {
    let (vectors, device) = (vectors(), Device::flex().autodiff());
    let mut network = network(&vectors, "ddpm", &device);
    let names = parameter_names(&network);
    let start = weights_of(&network);
    let values: Vec<Vec<f32>> = names.iter().map(|name| start[name].values.clone()).collect();
    let lengths: Vec<usize> = values.iter().map(Vec::len).collect();
    let mut config = builtin_recipe("digits").unwrap().train;
    config.learning_rate = 1e-3;
    let mut optimizer = Optimizer::new(&config, &lengths);
    let mut ema = Ema::new(0.9, values.clone());
    let mut warming = Ema::new(0.9, values);
    let recipe = builtin_recipe("digits").unwrap();
    let process = recipe.diffusion.process().unwrap();
    let (x0, eps) = (vectors.array("steps.x0"), vectors.array("steps.eps"));
    let steps = vectors.integers("steps.t");
    let size = 8 * 8;
    for step in 0..10 {
        let mut x_t = vec![0.0; 3 * size];
        let mut timesteps = Vec::new();
        for (row, x_t) in x_t.chunks_mut(size).enumerate() {
            let t = steps[step * 3 + row] as usize;
            let at = (step * 3 + row) * size;
            process.diffuse(t, &x0.values[at..at + size], &eps.values[at..at + size], x_t);
            timesteps.push(t as f64);
        }
        let at = step * 3 * size;
        let tensor =
            |values: Vec<f32>| Tensor::<4>::from_data(TensorData::new(values, [3, 8, 8, 1]), &device);
        let target = tensor(eps.values[at..at + 3 * size].to_vec());
        let error = network.forward(tensor(x_t), Conditioning::at(&timesteps), None) - target;
        let loss = (error.clone() * error).mean();
        let gradients = Summed::of(&network, loss.backward());
        let expected = vectors.array("steps.loss").values[step];
        // Adam divides gradients that are zero but for rounding (the attention key's bias) by themselves, so
        // fp32 drifts from f64 a little more with every step.
        assert_close(&format!("loss of step {step}"), &[loss.into_scalar::<f32>()], &[expected], 0.0, 1e-5);
        let (updated, norm) = optimizer.step(network, &gradients, 1e-3, &mut warming);
        network = updated;
        // The vectors' average has no warm-up; at step 1,000 ours is over.
        let weights = weights_of(&network);
        for (index, name) in names.iter().enumerate() {
            ema.update(index, &weights[name].values, 1_000);
        }
        let expected = vectors.array("steps.grad_norm").values[step];
        assert_close(&format!("gradient norm of step {step}"), &[norm as f32], &[expected], 0.0, 2e-5);
    }
    let trained = to_diffusers(weights_of(&network));
    let averaged = names.iter().zip(&ema.values).map(|(name, values)| {
        (name.clone(), Array { shape: start[name].shape.clone(), values: values.clone() })
    });
    let averaged = to_diffusers(averaged.collect());
    for (kind, ours) in [("weights", trained), ("ema", averaged)] {
        for (name, expected) in vectors.prefixed(&format!("steps.{kind}.")) {
            assert_close(&format!("final {kind} {name}"), &ours[&name].values, &expected.values, 2e-6, 1e-5);
        }
    }
}

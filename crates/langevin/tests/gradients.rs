//! Gradients of a whole tiny U-Net against finite differences, in fp32.

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use common::{perturbed, ramp};
use langevin::math::rng::{Purpose, Stream};
use langevin::models::weights::{Weights, parameter_names, weights_of, with_weights};
use langevin::models::{Conditioning, Network, UNet, UNetConfig};
use langevin::train::Gradients;

const SHAPE: [usize; 4] = [2, 6, 10, 3];
const TIMESTEPS: [f64; 2] = [20.0, 700.0];

fn config(extra: &str) -> UNetConfig {
    let text =
        format!("channels = [8, 16]\nblocks_per_level = 1\nattention_levels = [2]\ngroups = 4\n{extra}");
    let config: UNetConfig = toml::from_str(&text).unwrap();
    config.validate(SHAPE[1], SHAPE[2]).unwrap();
    config
}

fn loss(network: &UNet, device: &Device) -> Tensor<1> {
    let n = SHAPE.iter().product();
    let tensor = |values: Vec<f32>| Tensor::<4>::from_data(TensorData::new(values, SHAPE), device);
    let y = network.forward(tensor(ramp(n)), Conditioning::at(&TIMESTEPS), None);
    let error = y - tensor(ramp(n + 5)[5..].to_vec());
    (error.clone() * error).mean()
}

fn gradients(network: &UNet, device: &Device) -> Vec<Vec<f32>> {
    Gradients::of(network, loss(network, device).backward()).values
}

/// (L(θ + h d) − L(θ − h d)) / 2h.
fn difference(network: &UNet, direction: &Weights, h: f32) -> f64 {
    let device = Device::flex();
    let moved = |h: f32| {
        let mut weights = weights_of(network);
        for (name, array) in &mut weights {
            for (value, d) in array.values.iter_mut().zip(&direction[name].values) {
                *value += h * d;
            }
        }
        let network = with_weights(network.clone().valid(), weights).unwrap();
        f64::from(loss(&network, &device).into_scalar::<f32>())
    };
    (moved(h) - moved(-h)) / f64::from(2.0 * h)
}

/// Random directions of unit length over all parameters, pulled towards the gradient so that the derivative is
/// large against fp32 rounding of the loss.
fn direction(network: &UNet, gradients: &[Vec<f32>], seed: u64) -> (Weights, f64) {
    let names = parameter_names(network);
    let mut direction = weights_of(network);
    let norm =
        |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let gradient_norm = norm(&mut gradients.iter().flatten().copied());
    let count = gradients.iter().map(Vec::len).sum::<usize>() as f64;
    let mut derivative = 0.0;
    for (index, (name, gradient)) in names.iter().zip(gradients).enumerate() {
        let mut noise = vec![0.0; gradient.len()];
        Stream::new(seed, Purpose::Data, index as u64).normal(0, &mut noise);
        let values = &mut direction.get_mut(name).unwrap().values;
        for ((value, noise), g) in values.iter_mut().zip(noise).zip(gradient) {
            *value = noise / count.sqrt() as f32 + g / gradient_norm as f32;
            derivative += f64::from(*value) * f64::from(*g);
        }
    }
    (direction, derivative)
}

#[test]
fn directional_derivatives_agree_with_the_gradients() {
    let device = Device::flex().autodiff();
    for extra in
        ["", "time_conditioning = \"scale-shift\"\nhead_size = 4\ndownsample_padding = \"symmetric\""]
    {
        let network = perturbed(config(extra).init(3, 1, &device), 0.1, 2);
        let gradients = gradients(&network, &device);
        for seed in 0..4 {
            let (direction, derivative) = direction(&network, &gradients, seed);
            let difference = difference(&network, &direction, 4e-3);
            let error = (difference - derivative).abs() / derivative.abs();
            assert!(
                error < 2e-3,
                "seed {seed}, {extra:?}: {difference} by differences, {derivative} by gradients"
            );
        }
    }
}

/// Along the gradient of one parameter alone: a wrong gradient of a small one cannot hide behind the others.
#[test]
fn each_parameters_gradient_agrees_along_itself() {
    let device = Device::flex().autodiff();
    let network = perturbed(config("").init(3, 1, &device), 0.1, 2);
    let gradients = gradients(&network, &device);
    for (index, name) in parameter_names(&network).into_iter().enumerate() {
        let norm = gradients[index].iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let mut direction = weights_of(&network);
        for array in direction.values_mut() {
            array.values.fill(0.0);
        }
        // The attention key's bias has no effect, so any direction will do for it.
        let unit = gradients[index].iter().map(|g| if norm > 1e-6 { g / norm as f32 } else { 1.0 });
        direction.get_mut(&name).unwrap().values = unit.collect();
        let difference = difference(&network, &direction, 1e-2);
        // fp32 rounds a loss of about 1 by 6e-8: over 2h = 0.02, 3e-6, and sums of roundings some times that.
        let error = (difference - norm).abs();
        assert!(error < 5e-5 + 5e-3 * norm, "{name}: {difference} by differences, {norm} by the gradient");
    }
}

#[test]
fn every_parameter_receives_a_gradient() {
    let device = Device::flex().autodiff();
    let network = perturbed(config("").init(3, 1, &device), 0.1, 2);
    let names = parameter_names(&network);
    let gradients = gradients(&network, &device);
    assert_eq!(names.len(), gradients.len());
    for (name, gradient) in names.iter().zip(&gradients) {
        let largest = gradient.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        assert!(largest.is_finite());
        // A constant added to every key shifts all scores of a row alike, which softmax does not see.
        if name.ends_with("key.bias") {
            assert!(largest < 1e-6, "{name}: {largest}");
        } else {
            assert!(largest > 1e-6, "{name} receives no gradient: at most {largest:.1e}");
        }
    }
}

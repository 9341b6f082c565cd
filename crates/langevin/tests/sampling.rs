//! The sampling loop: noise by sample, exact denoisers, stopping.

mod common;

use burn::tensor::{Device, Tensor};
use common::perturbed;
use langevin::SampleShape;
use langevin::config::builtin_recipe;
use langevin::diffusion::{Bound, Denoiser, Process};
use langevin::math::{GridOptions, Prediction, Schedule, Variance};
use langevin::models::{Conditioning, Model, Network};
use langevin::nn::DropoutKey;
use langevin::sampler::{Generation, Knobs, Moment, Noise, Plan, SAMPLERS, Sampler};
use std::ops::ControlFlow;

const SHAPE: SampleShape = SampleShape { height: 8, width: 8, channels: 1 };

fn process(prediction: Prediction, variance: Variance) -> Process {
    Process::new(&Schedule::default(), 1000, prediction, variance).unwrap()
}

fn network() -> Model {
    perturbed(builtin_recipe("digits").unwrap().model.init(SHAPE, 0, &Device::flex()), 0.05, 1)
}

fn draw(network: &Model, count: usize, batch: usize, seed: u64) -> Vec<f32> {
    let process = process(Prediction::Epsilon, Variance::FixedLarge);
    let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
    generate(network, &process, "ddpm", (count, batch), seed, proceed).unwrap()
}

/// Ten steps of a sampler.
fn generate(
    network: &dyn Network,
    process: &Process,
    sampler: &str,
    (count, batch): (usize, usize),
    seed: u64,
    observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
) -> Option<Vec<f32>> {
    let denoiser = &Denoiser::new(network, process, Bound::Clip { range: 1.0 });
    let sampler = Sampler::named(sampler).unwrap();
    let knobs = Knobs::new(process.variance);
    let plan = &Plan::of(sampler, knobs, &process.table, GridOptions::default(), 10).unwrap();
    let noise = &Noise::Seed(seed);
    Generation { denoiser, plan, shape: SHAPE, noise, first: 0, count, batch }.run(&Device::flex(), observe)
}

/// Every sampler, those that draw noise at their steps too.
#[test]
fn no_samplers_samples_depend_on_the_batch() {
    let network = network();
    let process = process(Prediction::Epsilon, Variance::FixedLarge);
    for sampler in SAMPLERS {
        let draw = |batch| {
            let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
            generate(&network, &process, sampler.name, (3, batch), 3, proceed).unwrap()
        };
        let (alone, together) = (draw(1), draw(3));
        for (i, (a, b)) in alone.iter().zip(&together).enumerate() {
            assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{}, element {i}: {b} for {a}", sampler.name);
        }
    }
}

#[test]
fn a_sample_is_the_same_in_every_batch() {
    let network = network();
    let alone = draw(&network, 7, 1, 3);
    for batch in [2, 3, 7] {
        let together = draw(&network, 7, batch, 3);
        for (i, (a, b)) in alone.iter().zip(&together).enumerate() {
            assert!((a - b).abs() < 1e-4, "batch {batch}, element {i}: {b} for {a}");
        }
    }
    assert_eq!(alone[..3 * 64], draw(&network, 3, 1, 3));
}

#[test]
fn seeds_and_samples_differ() {
    let network = network();
    let samples = draw(&network, 2, 2, 3);
    assert_ne!(samples[..64], samples[64..]);
    assert_ne!(samples, draw(&network, 2, 2, 4));
}

#[test]
fn an_observer_sees_every_step_and_may_stop() {
    let network = network();
    let process = process(Prediction::Epsilon, Variance::FixedSmall);
    let mut seen = Vec::new();
    let stopped = generate(&network, &process, "ddpm", (1, 1), 0, &mut |_, moment| {
        seen.push(moment.t);
        if moment.left == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(stopped.is_none());
    assert_eq!(seen, [900.0, 800.0, 700.0, 600.0, 500.0, 400.0]);
}

/// The exact answer for data that are N(0, σ_d²): ε̂ = √(1 − ᾱ) x / (ᾱ σ_d² + 1 − ᾱ), and x̂_0, v̂ and μ̂ from it.
struct Gaussian {
    process: Process,
    variance: f64,
}

impl Network for Gaussian {
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let table = &self.process.table;
        let t = conditioning.timesteps[0] as usize;
        let total = table.alpha_bar(t) * self.variance + table.one_minus_alpha_bar(t);
        let x0 = table.sqrt_alpha_bar(t) * self.variance / total;
        let eps = table.sqrt_one_minus_alpha_bar(t) / total;
        let (of_x0, of_eps) = self.process.prediction.target_coefficients(table, t);
        x.mul_scalar(of_x0 * x0 + of_eps * eps)
    }
}

/// With the exact denoiser the chain is linear: its variance follows from its coefficients, step by step.
#[test]
fn gaussian_data_come_back_with_the_variance_that_the_chain_has() {
    let n = SampleShape { height: 100, width: 100, channels: 1 };
    for prediction in [Prediction::Epsilon, Prediction::X0, Prediction::V, Prediction::PosteriorMean] {
        for variance in [Variance::FixedLarge, Variance::FixedSmall] {
            let process = process(prediction, variance);
            let network = Gaussian { process: process.clone(), variance: 0.25 };
            let denoiser = &Denoiser::new(&network, &process, Bound::None);
            let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
            let knobs = Knobs::new(variance);
            let ddpm = Sampler::named("ddpm").unwrap();
            let plan = &Plan::of(ddpm, knobs, &process.table, GridOptions::default(), 1000).unwrap();
            let noise = &Noise::Seed(5);
            let run = Generation { denoiser, plan, shape: n, noise, first: 0, count: 1, batch: 1 };
            let samples = run.run(&Device::flex(), proceed).unwrap();
            let count = samples.len() as f64;
            let got = samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / count;
            let expected = chain_variance(&process, 0.25);
            // Five standard errors of a variance, √(2/n) of it.
            let tolerance = 5.0 * expected * (2.0 / count).sqrt();
            assert!((got - expected).abs() < tolerance, "{prediction:?}, {variance:?}: {got} for {expected}");
            // And the chain itself is close to the data: T = 1000 steps leave a few per cent.
            assert!((expected - 0.25).abs() < 0.01, "{variance:?}: {expected}");
        }
    }
}

/// Var x_0 of the reverse chain from N(0, 1): each step is x ← a x + σ z with a from Eqs. 7 and the exact x̂_0.
fn chain_variance(process: &Process, data: f64) -> f64 {
    let mut variance = 1.0;
    for t in (0..process.len()).rev() {
        let table = &process.table;
        let total = table.alpha_bar(t) * data + 1.0 - table.alpha_bar(t);
        let (of_x0, of_x) = table.posterior_mean_coefficients(t);
        let a = of_x0 * table.alpha_bar(t).sqrt() * data / total + of_x;
        let added = match process.variance {
            _ if t == 0 => 0.0,
            Variance::FixedLarge => table.beta(t),
            _ => table.posterior_variance(t),
        };
        variance = a * a * variance + added;
    }
    variance
}

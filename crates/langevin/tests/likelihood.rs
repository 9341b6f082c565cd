//! The variational bound: against a direct evaluation on a network that is known, and independent of how it is computed.

mod common;

use burn::tensor::{Device, Tensor};
use common::perturbed;
use langevin::compute::kernels_from_environment;
use langevin::config::builtin_recipe;
use langevin::diffusion::{Bound, Classes, Process};
use langevin::eval::{BoundTerms, Nll, NllOptions, evaluate_nll};
use langevin::math::rng::{Purpose, Stream};
use langevin::math::{Prediction, Schedule, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::tensor::SampleShape;
use std::ops::ControlFlow;

const SHAPE: SampleShape = SampleShape { height: 8, width: 8, channels: 1 };
const LEVELS: u32 = 17;

fn process(variance: Variance) -> Process {
    Process::new(&Schedule::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100, Prediction::Epsilon, variance)
        .unwrap()
}

/// Pictures of 17 levels without a pattern.
fn read(index: usize, out: &mut [f32]) {
    for (place, value) in out.iter_mut().enumerate() {
        *value = ((index * 31 + place * 7 + place * place) % 17) as f32 / 8.0 - 1.0;
    }
}

fn evaluate(
    network: &dyn Network,
    process: &Process,
    terms: Option<usize>,
    batch: usize,
    count: usize,
) -> Nll {
    let bound = Bound::Clip { range: 1.0 };
    let terms_of = BoundTerms { network, process, bound, shape: SHAPE, levels: LEVELS };
    let options = NllOptions { terms, seed: 3, batch, classes: Classes::None };
    let proceed = &mut |_, _| ControlFlow::Continue(());
    evaluate_nll(&terms_of, count, &read, options, &Device::flex(), proceed).unwrap()
}

/// ε̂ = 0, and v = 0.4 where the variance is learned: every part of the bound can be written down.
struct Silent(bool);

impl Network for Silent {
    fn forward(&self, x: Tensor<4>, _: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let zero = x.clone().mul_scalar(0.0);
        if self.0 { Tensor::cat(vec![zero.clone(), zero.add_scalar(0.4)], 3) } else { zero }
    }
}

/// Φ by Abramowitz and Stegun 7.1.26's error function, |error| < 1.5e-7: another one than the crate's.
fn cdf(z: f64) -> f64 {
    let (x, sign) = ((z / 2f64.sqrt()).abs(), z.signum());
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    0.5 * (1.0 + sign * (1.0 - series * (-x * x).exp()))
}

/// The bound of improved-diffusion's formulas, element by element, in bits/dim: L_0, Σ L_{1…T−1}, L_T.
fn directly(process: &Process, index: usize, variance: Variance) -> [f64; 3] {
    let betas: Vec<f64> = (0..100).map(|t| process.table.beta(t)).collect();
    let mut alpha_bar = vec![1.0];
    for beta in &betas {
        alpha_bar.push(alpha_bar[alpha_bar.len() - 1] * (1.0 - beta));
    }
    let tilde = |t: usize| betas[t] * (1.0 - alpha_bar[t]) / (1.0 - alpha_bar[t + 1]);
    let clipped = |t: usize| tilde(t.max(1));
    let mut x0 = vec![0.0; 64];
    read(index, &mut x0);
    let mut parts = [0.0; 3];
    for t in 0..100 {
        let mut eps = vec![0.0; 64];
        Stream::new(3, Purpose::EvaluationNoise, index as u64).normal(t as u32, &mut eps);
        let (now, before) = (alpha_bar[t + 1], alpha_bar[t]);
        let model_variance = match variance {
            Variance::FixedLarge => {
                if t == 0 {
                    clipped(1)
                } else {
                    betas[t]
                }
            }
            Variance::FixedSmall => clipped(t),
            Variance::Learned => (0.7 * betas[t].ln() + 0.3 * clipped(t).ln()).exp(),
        };
        for (x, e) in x0.iter().zip(&eps) {
            let (x, e) = (f64::from(*x), f64::from(*e));
            let x_t = now.sqrt() * x + (1.0 - now).sqrt() * e;
            let predicted = (x_t / now.sqrt()).clamp(-1.0, 1.0);
            let mean = |x: f64| {
                before.sqrt() * betas[t] / (1.0 - now) * x
                    + (1.0 - betas[t]).sqrt() * (1.0 - before) / (1.0 - now) * x_t
            };
            let (true_mean, model_mean) = (mean(x), mean(predicted));
            if t == 0 {
                let (std, half) = (model_variance.sqrt(), 1.0 / 16.0);
                let above = if x > 0.999 { 1.0 } else { cdf((x + half - model_mean) / std) };
                let below = if x < -0.999 { 0.0 } else { cdf((x - half - model_mean) / std) };
                parts[0] -= (above - below).max(1e-12).ln();
            } else {
                let ratio = clipped(t) / model_variance;
                parts[1] +=
                    0.5 * (ratio - 1.0 - ratio.ln() + (true_mean - model_mean).powi(2) / model_variance);
            }
        }
    }
    let last = alpha_bar[100];
    for x in &x0 {
        parts[2] += 0.5 * ((1.0 - last) - 1.0 - (1.0 - last).ln() + last * f64::from(*x).powi(2));
    }
    parts.map(|nats| nats / 64.0 / 2f64.ln())
}

#[test]
fn every_part_is_what_the_equations_say() {
    for variance in [Variance::FixedLarge, Variance::FixedSmall, Variance::Learned] {
        let process = process(variance);
        let nll = evaluate(&Silent(variance == Variance::Learned), &process, None, 37, 3);
        let parts: Vec<[f64; 3]> = (0..3).map(|index| directly(&process, index, variance)).collect();
        for (which, got) in [nll.decoder, nll.middle, nll.prior].into_iter().enumerate() {
            let expected = parts.iter().map(|part| part[which]).sum::<f64>() / 3.0;
            let error = (got.mean - expected).abs() / expected;
            assert!(error < 2e-4, "{variance:?}, part {which}: {} for {expected}", got.mean);
        }
        let sum = nll.decoder.mean + nll.middle.mean + nll.prior.mean;
        assert!((nll.total.mean - sum).abs() < 1e-9, "{variance:?}");
        assert_eq!(nll.rows.len(), 100);
    }
}

/// Bit for bit: what a sample gives follows from its own numbers.
#[test]
fn the_bound_depends_on_neither_batch_nor_threads() {
    let network = perturbed(builtin_recipe("digits").unwrap().model.init(SHAPE, 0, &Device::flex()), 0.05, 1);
    let process = process(Variance::FixedLarge);
    let whole = evaluate(&network, &process, Some(7), 21, 3);
    // Burn's own operations add up in an order that follows from the batch.
    if kernels_from_environment().unwrap() {
        for batch in [1, 4, 64] {
            assert_eq!(whole, evaluate(&network, &process, Some(7), batch, 3), "batches of {batch}");
        }
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let same = pool.install(|| evaluate(&network, &process, Some(7), 21, 3));
        assert_eq!(whole, same, "{threads} threads");
    }
}

/// Few terms a sample estimate what all of them give.
#[test]
fn few_terms_estimate_the_whole_bound() {
    let process = process(Variance::FixedSmall);
    let full = evaluate(&Silent(false), &process, None, 1000, 60);
    let few = evaluate(&Silent(false), &process, Some(10), 1000, 60);
    assert_eq!(few.rows.len(), 10);
    let apart = (few.total.mean - full.total.mean).abs();
    assert!(apart < 4.0 * few.total.error, "{:?} for {:?}", few.total, full.total);
    assert!(few.total.error < 0.1 * full.total.mean, "{:?}", few.total);
}

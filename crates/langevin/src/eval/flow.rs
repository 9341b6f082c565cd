//! The likelihood of data by the probability-flow ODE.

use super::Estimate;
use crate::diffusion::{Classes, Process};
use crate::models::{Conditioning, Network};
use crate::tensor::{SampleShape, from_samples, to_vec};
use burn::tensor::{Device, Tensor};
use langevin_math::rng::{Purpose, Stream};
use langevin_math::{gaussian, nats_to_bits_per_dim};
use std::ops::ControlFlow;

/// What the likelihood is computed with.
#[derive(Clone)]
pub struct Flow<'a> {
    /// The network, on a device with automatic differentiation.
    pub network: &'a dyn Network,
    /// The process that it was trained for.
    pub process: &'a Process,
    /// The shape of a sample.
    pub shape: SampleShape,
    /// Levels of an element's value, evenly spaced over [−1, 1].
    pub levels: u32,
    /// The classes of the samples, for a network that knows classes.
    pub classes: Classes,
}

/// How the ODE is solved.
#[derive(Clone, Copy, Debug)]
pub struct FlowOptions {
    /// Steps, even in ln ρ, of four evaluations each.
    pub steps: usize,
    /// Seed of the dequantisation and of the divergence's estimate.
    pub seed: u64,
    /// Samples at a time; the result does not depend on it.
    pub batch: usize,
}

/// What changes with u = ln ρ.
struct Slope {
    /// d(x/α)/du = ρ ε̂, of every element.
    x: Vec<f64>,
    /// ρ ∇·ε̂ with respect to x/α, of every sample.
    divergence: Vec<f64>,
}

impl Flow<'_> {
    /// The negative log-likelihood of `count` samples in bits/dim, which `read` gives by number    (Song et al. 2021, score-based
    /// SDEs, section 4.3 and appendix D.2)
    ///
    /// Along d(x/α)/dρ = ε̂ the density changes as d ln p/dρ = −∇·ε̂, from N(0, I) at the process's noisiest level down to its
    /// cleanest. The divergence is Hutchinson's vᵀ∇(vᵀε̂), v of random signs, one for each sample; x_0 is made continuous
    /// by uniform noise as wide as a level, which makes −ln p an upper bound on average. x̂_0 is not bounded.
    ///
    /// `observe` is told the evaluations done and to do, and may stop: the result is then `None`.
    ///
    /// # Panics
    /// If there are no samples, or the device does not differentiate.
    pub fn evaluate(
        &self,
        count: usize,
        read: &dyn Fn(usize, &mut [f32]),
        options: FlowOptions,
        device: &Device,
        observe: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Option<Estimate> {
        assert!(count > 0, "a mean over no samples");
        let size = self.shape.elements();
        let (mut bits, mut done) = (Vec::with_capacity(count), 0);
        for first in (0..count).step_by(options.batch.max(1)) {
            let samples = options.batch.max(1).min(count - first);
            let (mut x, mut signs) = (vec![0.0; samples * size], vec![0.0; samples * size]);
            for (index, (x, signs)) in (first..).zip(x.chunks_mut(size).zip(signs.chunks_mut(size))) {
                read(index, x);
                dequantise(x, self.levels, options.seed, index);
                Stream::new(options.seed, Purpose::Hutchinson, index as u64).uniform(0, signs);
                signs.iter_mut().for_each(|sign| *sign = if *sign < 0.5 { -1.0 } else { 1.0 });
            }
            let classes = self.classes.of(first..first + samples);
            let log_p =
                self.log_density(x, classes.as_deref(), &signs, options.steps, device, &mut |evaluations| {
                    observe(done + evaluations * samples, 4 * options.steps * count)
                })?;
            done += 4 * options.steps * samples;
            // The probability of a level is the density times the level's width.
            let width = (2.0 / (f64::from(self.levels) - 1.0)).ln();
            bits.extend(
                log_p.into_iter().map(|log_p| nats_to_bits_per_dim(-(log_p + size as f64 * width), size)),
            );
        }
        Some(Estimate::of(&bits))
    }

    /// ln p of each continuous sample, by Runge and Kutta's fourth order in u = ln ρ.
    fn log_density(
        &self,
        x: Vec<f32>,
        classes: Option<&[usize]>,
        signs: &[f32],
        steps: usize,
        device: &Device,
        observe: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Option<Vec<f64>> {
        let table = &self.process.table;
        let size = self.shape.elements();
        let (first, last) = (table.level(0).rho().ln(), table.level(table.len() - 1).rho().ln());
        let h = (last - first) / steps as f64;
        let signs = from_samples(signs.to_vec(), self.shape, device);
        let mut scaled: Vec<f64> = x.into_iter().map(f64::from).collect();
        let mut change = vec![0.0; scaled.len() / size];
        for step in 0..steps {
            let u = first + h * step as f64;
            let mut slopes: Vec<Slope> = Vec::with_capacity(4);
            for (stage, part) in [0.0, 0.5, 0.5, 1.0].into_iter().enumerate() {
                let at: Vec<f64> = match slopes.last() {
                    None => scaled.clone(),
                    Some(slope) => scaled.iter().zip(&slope.x).map(|(x, s)| x + part * h * s).collect(),
                };
                slopes.push(self.slope(&at, u + part * h, classes, &signs, device));
                if observe(4 * step + stage + 1).is_break() {
                    return None;
                }
            }
            let combined = |of: &dyn Fn(&Slope) -> f64| -> f64 {
                let [a, b, c, d] = [0, 1, 2, 3].map(|stage| of(&slopes[stage]));
                h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
            };
            for (index, x) in scaled.iter_mut().enumerate() {
                *x += combined(&|slope| slope.x[index]);
            }
            for (index, change) in change.iter_mut().enumerate() {
                *change += combined(&|slope| slope.divergence[index]);
            }
        }
        // x_T = α x/α is standard normal; the density of x/α is α^size times that of x_T.
        let alpha = table.sqrt_alpha_bar(table.len() - 1);
        let ends = scaled.chunks(size).map(|sample| -> f64 {
            sample.iter().map(|x| gaussian::log_prob(alpha * x, 0.0, 0.0) + alpha.ln()).sum()
        });
        Some(ends.zip(change).map(|(end, change)| end + change).collect())
    }

    /// At u = ln ρ.
    fn slope(
        &self,
        scaled: &[f64],
        u: f64,
        classes: Option<&[usize]>,
        signs: &Tensor<4>,
        device: &Device,
    ) -> Slope {
        let rho = u.exp();
        let level = self.process.table.level_of_rho(rho);
        let (alpha, size) = (level.alpha(), self.shape.elements());
        let x: Vec<f32> = scaled.iter().map(|x| (alpha * x) as f32).collect();
        let x = from_samples(x, self.shape, device).require_grad();
        let samples = scaled.len() / size;
        let timesteps = vec![level.t; samples];
        let told = Conditioning::at(&timesteps).with_classes(classes);
        let output = self.network.forward(x.clone(), told, None).narrow(3, 0, self.shape.channels);
        let (of_x, of_output) = self.process.prediction.eps_coefficients(&self.process.table, level);
        let eps = x.clone().mul_scalar(of_x) + output.mul_scalar(of_output);
        let gradients = (eps.clone() * signs.clone()).sum().backward();
        let gradient = x.grad(&gradients).expect("x asked for its gradient");
        let along = to_vec(eps.inner()).into_iter().map(|eps| rho * f64::from(eps)).collect();
        let products = to_vec(gradient * signs.clone().inner());
        let divergence = products
            .chunks(size)
            .map(|sample| rho * alpha * sample.iter().map(|&product| f64::from(product)).sum::<f64>());
        Slope { x: along, divergence: divergence.collect() }
    }
}

/// Adds uniform noise as wide as a level.
fn dequantise(x: &mut [f32], levels: u32, seed: u64, index: usize) {
    let mut uniform = vec![0.0; x.len()];
    Stream::new(seed, Purpose::Dequantisation, index as u64).uniform(0, &mut uniform);
    let width = 2.0 / (f64::from(levels) - 1.0);
    for (x, u) in x.iter_mut().zip(uniform) {
        *x = (f64::from(*x) + width * (f64::from(u) - 0.5)) as f32;
    }
}

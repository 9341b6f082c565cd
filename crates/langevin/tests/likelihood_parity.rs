//! The terms of the bound against improved-diffusion's.
//!
//! The vectors are made in f64 by `tests/parity/likelihood/generate.py`.

mod common;

use burn::tensor::{Device, Tensor};
use common::Vectors;
use langevin::diffusion::{Bound, Process};
use langevin::eval::BoundTerms;
use langevin::math::{Prediction, Schedule, Variance, nats_to_bits_per_dim, prior_kl};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::tensor::{SampleShape, channels_last};

const SHAPE: SampleShape = SampleShape { height: 4, width: 5, channels: 3 };
const STEPS: usize = 20;

/// 0.8 sin(3 x + t/5) for ε, and cos(2 x + t/3) for v where the variance is learned; all samples at one t.
struct Waves(bool);

impl Network for Waves {
    fn forward(&self, x: Tensor<4>, told: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let t = told.timesteps[0];
        let eps = x.clone().mul_scalar(3.0).add_scalar(t / 5.0).sin().mul_scalar(0.8);
        if self.0 { Tensor::cat(vec![eps, x.mul_scalar(2.0).add_scalar(t / 3.0).cos()], 3) } else { eps }
    }
}

#[test]
fn every_term_agrees() {
    let vectors = Vectors::open("likelihood");
    let schedule = Schedule::Linear { beta_start: 1e-3, beta_end: 0.3 };
    let x0 = channels_last(&vectors.array("x0").values, SHAPE);
    let size = SHAPE.elements();
    for (name, variance) in [
        ("fixed_large", Variance::FixedLarge),
        ("fixed_small", Variance::FixedSmall),
        ("learned_range", Variance::Learned),
    ] {
        let process = Process::new(&schedule, STEPS, Prediction::Epsilon, variance).unwrap();
        let network = Waves(variance == Variance::Learned);
        let bound = Bound::Clip { range: 1.0 };
        let terms = BoundTerms { network: &network, process: &process, bound, shape: SHAPE, levels: 256 };
        let expected = vectors.doubles(&format!("{name}.terms"));
        for t in 0..STEPS {
            let eps = channels_last(&vectors.array("eps").values[t * 2 * size..(t + 1) * 2 * size], SHAPE);
            let found = terms.of(&x0, &eps, &[t, t], None, &Device::flex());
            for (sample, term) in found.iter().enumerate() {
                let (ours, theirs) = (nats_to_bits_per_dim(term.nats, size), expected[2 * t + sample]);
                // Its normal distribution is an approximation, which L_0 shows.
                let tolerance = if t == 0 { 2e-3 } else { 2e-5 };
                let error = (ours - theirs).abs() / theirs.abs();
                assert!(error < tolerance, "{name}, timestep {t}, sample {sample}: {ours} for {theirs}");
            }
        }
        for (sample, expected) in x0.chunks(size).zip(vectors.doubles("prior")) {
            let nats: f64 = sample.iter().map(|&x| prior_kl(f64::from(x), &process.table)).sum();
            assert!((nats_to_bits_per_dim(nats, size) / expected - 1.0).abs() < 1e-6);
        }
    }
}

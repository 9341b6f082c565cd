//! The likelihood by the probability-flow ODE, on Gaussian data, where it is known.

use burn::tensor::{Device, Tensor};
use langevin::diffusion::{Classes, Process};
use langevin::eval::{Flow, FlowOptions};
use langevin::math::{Prediction, Schedule, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::tensor::SampleShape;
use std::f64::consts::{LN_2, TAU};
use std::ops::ControlFlow;

const SHAPE: SampleShape = SampleShape { height: 3, width: 4, channels: 2 };

/// Standard deviation of the data.
const DATA: f64 = 0.4;

/// What an exact model answers for data that are N(0, s²): ε̂ = σ x/(α² s² + σ²).
struct Gaussian<'a>(&'a Process);

impl Network for Gaussian<'_> {
    fn forward(&self, x: Tensor<4>, told: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let table = &self.0.table;
        let level = table.level_at(told.timesteps[0]);
        let (alpha, sigma) = (level.alpha(), level.sigma());
        let total = (alpha * DATA).powi(2) + sigma * sigma;
        let (x0, eps) = (alpha * DATA * DATA / total, sigma / total);
        match self.0.prediction {
            Prediction::V => x.mul_scalar(alpha * eps - sigma * x0),
            Prediction::X0 => x.mul_scalar(x0),
            _ => x.mul_scalar(eps),
        }
    }
}

/// Values without a pattern.
fn read(index: usize, out: &mut [f32]) {
    for (place, value) in out.iter_mut().enumerate() {
        *value = ((index * 5 + place * 3) % 11) as f32 / 5.0 - 1.0;
    }
}

fn evaluate(prediction: Prediction, steps: usize, batch: usize, levels: u32) -> f64 {
    let process = Process::new(&Schedule::default(), 1000, prediction, Variance::FixedSmall).unwrap();
    let network = Gaussian(&process);
    let flow = Flow { network: &network, process: &process, shape: SHAPE, levels, classes: Classes::None };
    let options = FlowOptions { steps, seed: 2, batch };
    let proceed = &mut |_, _| ControlFlow::Continue(());
    flow.evaluate(5, &read, options, &Device::flex().autodiff(), proceed).unwrap().mean
}

/// −log2 of the density of N(0, s² + ρ_0²), times a level's width, with levels so many that the dequantisation moves the values
/// by nothing. The Jacobian is diagonal, so that the divergence's estimate is exact.
#[test]
fn gaussian_data_have_their_analytic_likelihood() {
    let levels = 1 << 20;
    let table = Process::new(&Schedule::default(), 1000, Prediction::V, Variance::FixedSmall).unwrap().table;
    let variance = DATA * DATA + table.level(0).rho().powi(2);
    let mut nats = 0.0;
    for index in 0..5 {
        let mut x = vec![0.0; SHAPE.elements()];
        read(index, &mut x);
        nats +=
            x.iter().map(|&x| 0.5 * ((TAU * variance).ln() + f64::from(x).powi(2) / variance)).sum::<f64>();
    }
    let width = (2.0 / (f64::from(levels) - 1.0)).log2();
    let expected = nats / (5 * SHAPE.elements()) as f64 / LN_2 - width;
    for prediction in [Prediction::Epsilon, Prediction::V, Prediction::X0] {
        let got = evaluate(prediction, 60, 5, levels);
        assert!((got - expected).abs() < 2e-3, "{prediction:?}: {got} for {expected}");
    }
}

#[test]
fn more_steps_and_other_batches_change_little_and_nothing() {
    let fine = evaluate(Prediction::Epsilon, 80, 5, 256);
    let coarse = evaluate(Prediction::Epsilon, 50, 5, 256);
    assert!((fine - coarse).abs() < 2e-3, "{coarse} and {fine}");
    assert_eq!(fine, evaluate(Prediction::Epsilon, 80, 2, 256));
}

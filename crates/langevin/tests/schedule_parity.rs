//! Schedules, kept timesteps and the ancestral step against diffusers' `DDPMScheduler`.
//!
//! The vectors are made in f64 by `tests/parity/schedule/generate.py`.

mod common;

use burn::tensor::{Device, Tensor, TensorData};
use common::{Vectors, assert_close, worst_of};
use langevin::diffusion::{Bound, Denoiser, Process};
use langevin::math::{DiffusionTable, Grid, GridOptions, Prediction, Schedule, Spacing, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::sampler::{Ddpm, Solver, Step};
use langevin::tensor::to_vec;

const SPACINGS: [Spacing; 3] = [Spacing::Leading, Spacing::Trailing, Spacing::Linspace];

fn schedules() -> [(&'static str, Schedule); 4] {
    [
        ("linear", Schedule::Linear { beta_start: 1e-4, beta_end: 0.02 }),
        ("scaled_linear", Schedule::ScaledLinear { beta_start: 1e-4, beta_end: 0.02 }),
        ("squaredcos_cap_v2", Schedule::Cosine {}),
        ("sigmoid", Schedule::Sigmoid { beta_start: 1e-4, beta_end: 0.02 }),
    ]
}

fn assert_relative(what: &str, ours: &[f64], theirs: &[f64], rtol: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= rtol * b.abs(), "{what}, index {index}: {a}, expected {b} (rtol {rtol})");
    }
}

#[test]
fn betas_and_their_products_agree() {
    let vectors = Vectors::open("schedule");
    for (name, schedule) in schedules() {
        for total in [1000, 37] {
            let betas = schedule.betas(total).unwrap();
            let table = DiffusionTable::new(betas.clone()).unwrap();
            let alpha_bars: Vec<f64> = (0..total).map(|t| table.alpha_bar(t)).collect();
            let of = |origin: &str, what: &str| vectors.doubles(&format!("{origin}.{name}.{total}.{what}"));
            assert_relative(name, &betas, &of("numpy", "betas"), 1e-11);
            assert_relative(name, &alpha_bars, &of("numpy", "alphas_cumprod"), 1e-11);
            // diffusers computes in fp32, and β of the cosine as a small difference from 1.
            let absolute = betas.iter().zip(of("diffusers", "betas")).map(|(a, b)| (a - b).abs());
            assert!(worst_of(absolute) < 1e-6, "{name}");
        }
    }
}

#[test]
fn kept_timesteps_and_their_variances_agree() {
    let vectors = Vectors::open("schedule");
    let process = process(Prediction::Epsilon, Variance::FixedSmall);
    for steps in [1000, 30, 37] {
        for spacing in SPACINGS {
            let grid = grid(&process, spacing, steps);
            let name = format!("timesteps.{steps}.{spacing}");
            let ours: Vec<i64> = (0..steps).map(|index| grid.step(index).from.t as i64).collect();
            assert_eq!(ours, vectors.integers(&format!("{name}.all")), "{name}");
            let picked = [0, steps / 2, steps - 1];
            let of = |what: &str| vectors.doubles(&format!("{name}.{what}"));
            assert_relative(&name, &picked.map(|i| grid.step(i).beta()), &of("beta"), 1e-11);
            // diffusers bounds the posterior's variance from below; at the last step it is 0.
            let variances = picked.map(|i| grid.step(i).posterior_variance().max(1e-20));
            assert_relative(&name, &variances, &of("posterior_variance"), 1e-11);
        }
    }
}

fn process(prediction: Prediction, variance: Variance) -> Process {
    let schedule = Schedule::Linear { beta_start: 1e-4, beta_end: 0.02 };
    Process::new(&schedule, 1000, prediction, variance).unwrap()
}

fn grid(process: &Process, spacing: Spacing, steps: usize) -> Grid {
    process.table.grid(GridOptions { spacing, ..GridOptions::default() }, steps).unwrap()
}

/// A network whose answer is known beforehand.
struct Fixed(Tensor<4>);

impl Network for Fixed {
    fn forward(&self, _: Tensor<4>, _: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        self.0.clone()
    }
}

#[test]
fn ancestral_steps_agree() {
    let vectors = Vectors::open("schedule");
    for (prediction, name) in
        [(Prediction::Epsilon, "epsilon"), (Prediction::X0, "sample"), (Prediction::V, "v_prediction")]
    {
        for (variance, kind) in [(Variance::FixedSmall, "fixed_small"), (Variance::FixedLarge, "fixed_large")]
        {
            for (clip, clipping) in [(true, "clip"), (false, "noclip")] {
                let process = process(prediction, variance);
                check_steps(&vectors, &process, clip, &format!("step.{name}.{kind}.{clipping}"));
            }
        }
    }
}

fn check_steps(vectors: &Vectors, process: &Process, clip: bool, name: &str) {
    let device = Device::flex();
    let tensor = |what: &str| {
        let array = vectors.array(what);
        Tensor::<4>::from_data(TensorData::new(array.values.clone(), array.shape.clone()), &device)
    };
    let (x, noise) = (tensor("step.sample"), tensor("step.noise"));
    let network = Fixed(tensor("step.model_output"));
    let bound = if clip { Bound::Clip { range: 1.0 } } else { Bound::None };
    let denoiser = Denoiser::new(&network, process, bound);
    for steps in [1000, 30, 37] {
        for spacing in SPACINGS {
            let grid = grid(process, spacing, steps);
            let name = format!("{name}.{steps}.{spacing}.prev_sample");
            let expected = vectors.array(&name);
            let size = expected.values.len() / 3;
            for (row, index) in [0, steps / 2, steps - 1].into_iter().enumerate() {
                let mut draw = || noise.clone();
                let mut step = Step::new(x.clone(), grid.step(index), (index, steps), &denoiser, &mut draw);
                // At the last step z = 0 (Algorithm 2). diffusers draws one there unless the timestep is 0: as it does
                // here.
                let y = Ddpm { variance: process.variance, noise_at_last: true }.step(&mut step);
                let expected = &expected.values[row * size..(row + 1) * size];
                assert_close(&format!("{name}, step {index}"), &to_vec(y), expected, 2e-6, 2e-6);
            }
        }
    }
}

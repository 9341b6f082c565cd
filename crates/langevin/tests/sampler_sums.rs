//! The sums that diffusers' own tests of its schedulers expect.

use burn::tensor::{Device, Tensor};
use langevin::diffusion::{Denoiser, Process};
use langevin::interop::diffusers::Scheduler;
use langevin::math::{Prediction, Schedule, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::sampler::{Moment, Noise, NoiseSource, run};
use langevin::tensor::{SampleShape, from_samples, to_vec};
use serde_json::json;
use std::ops::ControlFlow;

/// x t/(t + 1), the network of diffusers' own tests.
struct Fixture;

impl Network for Fixture {
    fn forward(&self, x: Tensor<4>, told: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        x.mul_scalar(told.timesteps[0] / (told.timesteps[0] + 1.0))
    }
}

/// Σ|x| and mean |x| that diffusers' own tests expect of ten steps; a cross-check, the vectors decide.
#[test]
fn the_sums_of_diffusers_own_tests_come_out() {
    let minimum = json!({ "final_sigmas_type": "sigma_min" });
    let unlowered = json!({ "final_sigmas_type": "sigma_min", "lower_order_final": false });
    let cases = [
        ("DDIMScheduler", Prediction::Epsilon, json!({}), 172.0067, 1e-2),
        ("DDIMScheduler", Prediction::V, json!({}), 52.5302, 1e-2),
        ("PNDMScheduler", Prediction::Epsilon, json!({}), 198.1318, 1e-2),
        ("DEISMultistepScheduler", Prediction::Epsilon, json!({}), 0.23916 * 768.0, 1e-3 * 768.0),
        ("DPMSolverMultistepScheduler", Prediction::Epsilon, unlowered, 0.3301 * 768.0, 1e-3 * 768.0),
        ("UniPCMultistepScheduler", Prediction::Epsilon, minimum, 0.2464 * 768.0, 1e-3 * 768.0),
    ];
    for (class, prediction, config, expected, tolerance) in cases {
        let scheduler = Scheduler::new(class, &config).unwrap();
        let process = Process::new(&Schedule::default(), 1000, prediction, Variance::FixedSmall).unwrap();
        let plan = scheduler.plan(&process, 10).unwrap();
        // The order of the elements does not matter: everything is done to each alone.
        let shape = SampleShape { height: 8, width: 8, channels: 3 };
        let x = from_samples((0..768).map(|i| i as f32 / 768.0).collect(), shape, &Device::flex());
        let denoiser = Denoiser::new(&Fixture, &process, scheduler.bound());
        let seed = Noise::Seed(0);
        let noise = NoiseSource { noise: &seed, first: 0, samples: 4, shape };
        let proceed = &mut |_: Moment| ControlFlow::Continue(());
        let y = run(&mut *plan.solver(), &denoiser, &plan.grid, x, &noise, proceed).unwrap();
        let sum: f64 = to_vec(y).iter().map(|&y| f64::from(y).abs()).sum();
        assert!((sum - expected).abs() < tolerance, "{class}, {prediction:?}: {sum} for {expected}");
    }
}

//! Samplers against diffusers' schedulers and k-diffusion's functions: every step of every run.
//!
//! The vectors are made in f64 by `tests/parity/samplers/generate.py`.

mod common;

use burn::tensor::{Device, Tensor, TensorData};
use common::Vectors;
use langevin::diffusion::{Bound, Denoiser, Process};
use langevin::interop::diffusers::{CLASSES, Scheduler, SchedulerError};
use langevin::math::{GridOptions, Prediction, Schedule, Sigmas, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::sampler::{Churn, DpmMultistep, GivenNoise, Knobs, Noise, NoiseSource, Plan, Sampler, run};
use langevin::tensor::{SampleShape, from_samples, to_vec};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

const SHAPE: SampleShape = SampleShape { height: 2, width: 2, channels: 1 };

/// The exact denoiser of ½N(−m, c²) + ½N(m, c²) under ᾱ(t) = exp(−u (0.1 + 19.9 u/2)), u = (t + 1)/1000; it notes
/// what it is told.
struct Mixture {
    prediction: Prediction,
    variance: bool,
    told: RefCell<Vec<f64>>,
}

impl Mixture {
    fn answer(&self, x: f64, t: f64) -> f64 {
        let (m, c) = (0.6, 0.4);
        let u = (t + 1.0) / 1000.0;
        let log_alpha_bar = -u * (0.1 + 0.5 * 19.9 * u);
        let (a, s2) = ((0.5 * log_alpha_bar).exp(), -log_alpha_bar.exp_m1());
        let d = a * a * c * c + s2;
        let x0 = a * c * c / d * x + s2 / d * m * (a * m * x / d).tanh();
        let eps = (x - a * x0) / s2.sqrt();
        match self.prediction {
            Prediction::Epsilon => eps,
            Prediction::X0 => x0,
            _ => a * eps - s2.sqrt() * x0,
        }
    }
}

impl Network for Mixture {
    fn forward(&self, x: Tensor<4>, told: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        self.told.borrow_mut().push(told.timesteps[0]);
        let (shape, device) = (x.dims(), x.device());
        let x = to_vec(x);
        let answer =
            x.iter().map(|&x| self.answer(f64::from(x), told.timesteps[0]) as f32).collect::<Vec<_>>();
        let tensor = |values| Tensor::<4>::from_data(TensorData::new(values, shape), &device);
        let answer = tensor(answer);
        if !self.variance {
            return answer;
        }
        let extra = x.iter().map(|&x| (2.0 * f64::from(x) + told.timesteps[0] / 300.0).sin() as f32);
        Tensor::cat(vec![answer, tensor(extra.collect())], 3)
    }
}

struct Case {
    name: String,
    /// The case that holds the timesteps.
    told: String,
    class: String,
    steps: usize,
    prediction: Prediction,
    options: Value,
}

fn cases(vectors: &Vectors) -> Vec<Case> {
    let cases = vectors.metadata("cases");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let read = |case: &Value| {
        let mut options = case["options"].clone();
        options["timestep_spacing"] = case["spacing"].clone();
        Case {
            name: text(&case["name"]),
            told: text(&case["told"]),
            class: text(&case["class"]),
            steps: case["steps"].as_u64().unwrap() as usize,
            prediction: match case["prediction"].as_str().unwrap() {
                "epsilon" => Prediction::Epsilon,
                "sample" => Prediction::X0,
                _ => Prediction::V,
            },
            options,
        }
    };
    cases.as_array().unwrap().iter().map(read).collect()
}

/// x after every step, and what the network was told.
fn trajectory(
    vectors: &Vectors,
    case: &Case,
    plan: &Plan,
    bound: Bound,
    learned: bool,
) -> (Vec<f32>, Vec<f64>) {
    let variance = if learned { Variance::Learned } else { Variance::FixedSmall };
    let process = Process::new(&Schedule::default(), 1000, case.prediction, variance).unwrap();
    let network = Mixture { prediction: case.prediction, variance: learned, told: RefCell::new(Vec::new()) };
    let start = if case.class == "DDIMInverseScheduler" { "clean" } else { "start" };
    let given = GivenNoise {
        start: vectors.array(start).values.clone(),
        steps: vectors.array("noise").values.chunks(8).map(<[f32]>::to_vec).collect(),
    };
    let noise = Noise::Given(given);
    let source = NoiseSource { noise: &noise, first: 0, samples: 2, shape: SHAPE };
    let device = Device::flex();
    let x = from_samples(vectors.array(start).values.clone(), SHAPE, &device);
    let denoiser = Denoiser::new(&network, &process, bound);
    let mut xs = Vec::new();
    run(&mut *plan.solver(), &denoiser, &plan.grid, x, &source, &mut |moment| {
        xs.extend(to_vec(moment.x.clone()));
        ControlFlow::Continue(())
    });
    (xs, network.told.into_inner())
}

/// Every element within 1e-4 of its size, where sizes below a tenth count as a tenth.
fn compare(vectors: &Vectors, case: &Case, ours: &[f32]) -> Result<f32, String> {
    let theirs = &vectors.array(&format!("{}.x", case.name)).values;
    assert_eq!(ours.len(), theirs.len(), "{}", case.name);
    let mut worst = 0.0f32;
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let error = (a - b).abs() / b.abs().max(0.1);
        if error.is_nan() || error > 1e-4 {
            let (step, name) = (index / 8, &case.name);
            return Err(format!(
                "{name}, {} {} steps {:?} {}: step {step} gives {a}, expected {b}",
                case.class, case.steps, case.prediction, case.options
            ));
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

/// What diffusers has and is not followed, as its message says.
fn refused(options: &Value, class: &str) -> bool {
    let is = |key: &str, value: &str| options[key].as_str() == Some(value);
    is("algorithm_type", "dpmsolver")
        || is("variance_type", "learned")
        || options["predict_x0"] == Value::Bool(false)
        || class == "DPMSolverSinglestepScheduler" && is("algorithm_type", "sde-dpmsolver++")
}

#[test]
fn every_scheduler_of_diffusers_is_followed_step_by_step() {
    let vectors = Vectors::open("samplers");
    let (mut failures, mut followed, mut worst) = (Vec::new(), 0, 0.0f32);
    for case in cases(&vectors).iter().filter(|case| !case.class.starts_with("k_diffusion")) {
        let scheduler = match Scheduler::new(&case.class, &case.options) {
            Ok(scheduler) => scheduler,
            Err(SchedulerError::Values { .. }) if refused(&case.options, &case.class) => continue,
            Err(error) => panic!("{}: {error}", case.name),
        };
        let learned = case.options["variance_type"] == "learned_range";
        let variance = if learned { Variance::Learned } else { Variance::FixedSmall };
        let process = Process::new(&Schedule::default(), 1000, case.prediction, variance).unwrap();
        // Its churn with v mixes two noise levels.
        if case.options["s_churn"].is_number() && case.prediction == Prediction::V {
            assert!(scheduler.plan(&process, case.steps).is_err());
            continue;
        }
        let plan = scheduler.plan(&process, case.steps).unwrap();
        let (xs, told) = trajectory(&vectors, case, &plan, scheduler.bound(), learned);
        followed += 1;
        match compare(&vectors, case, &xs) {
            Ok(error) => worst = worst.max(error),
            Err(message) => failures.push(message),
        }
        let expected = vectors.doubles(&format!("{}.t", case.told));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6;
        if told.len() != expected.len() || !told.iter().zip(&expected).all(near) {
            failures.push(format!(
                "{}, {} {} steps {:?}: the network was told\n{told:?}, expected\n{expected:?}",
                case.name, case.class, case.steps, case.options
            ));
        }
    }
    assert!(failures.is_empty(), "{} of {followed} differ:\n{}", failures.len(), failures.join("\n"));
    assert!(followed > 650 && CLASSES.len() == 14, "{followed}");
    println!("{followed} runs, largest difference {worst:.1e}");
}

/// The solver that is k-diffusion's function, and whether it lowers its order at the end of a short run.
fn k_diffusion(case: &Case) -> Option<Plan> {
    let number = |key: &str| case.options[key].as_f64();
    let churn = Churn {
        amount: number("s_churn").unwrap_or(0.0),
        min: number("s_tmin").unwrap_or(0.0),
        max: number("s_tmax").unwrap_or(f64::INFINITY),
        scale: number("s_noise").unwrap_or(1.0),
    };
    let knobs = Knobs { eta: number("eta"), churn, ..Knobs::new(Variance::FixedSmall) };
    let table =
        Process::new(&Schedule::default(), 1000, case.prediction, Variance::FixedSmall).unwrap().table;
    let levels = GridOptions { sigmas: Sigmas::Karras, ..GridOptions::default() };
    let own = |name: &str| Some(Plan::of(Sampler::named(name)?, knobs, &table, levels, case.steps).unwrap());
    let multistep = |order: usize, eta: f64| {
        let grid = table.grid(levels, case.steps).unwrap();
        let heun = case.options["solver_type"] == "heun";
        Some(Plan::new(grid, true, move || {
            let mut solver = DpmMultistep::new(order, eta);
            solver.lower_at_end = false;
            solver.curvature = 1.0;
            if heun {
                solver.correction = langevin::sampler::Correction::Heun;
            }
            Box::new(solver)
        }))
    };
    match case.class.strip_prefix("k_diffusion.sample_")? {
        "euler" => own("euler"),
        "heun" => own("heun"),
        "dpm_2" if churn.amount == 0.0 => own("kdpm2"),
        "euler_ancestral" => own("euler-ancestral"),
        "dpm_2_ancestral" => own("kdpm2-ancestral"),
        "lms" => own("lms"),
        "dpmpp_2m" => multistep(2, 0.0),
        "dpmpp_2m_sde" => {
            // Its midpoint is the default there too; the change of x̂_0 is used as here.
            multistep(2, knobs.eta.unwrap_or(1.0))
        }
        "dpmpp_3m_sde" => multistep(3, knobs.eta.unwrap_or(1.0)),
        _ => None,
    }
}

#[test]
fn our_own_samplers_are_k_diffusions_step_by_step() {
    let vectors = Vectors::open("samplers");
    let (mut failures, mut followed, mut skipped) = (Vec::new(), 0, BTreeSet::new());
    let cases = cases(&vectors);
    for case in cases.iter().filter(|case| case.class.starts_with("k_diffusion")) {
        let Some(plan) = k_diffusion(case) else {
            skipped.insert(case.class.as_str());
            continue;
        };
        let (xs, _) = trajectory(&vectors, case, &plan, Bound::None, false);
        followed += 1;
        failures.extend(compare(&vectors, case, &xs).err());
    }
    assert!(failures.is_empty(), "{} of {followed} differ:\n{}", failures.len(), failures.join("\n"));
    // The first is not here, and the second not with churn.
    let expected = ["k_diffusion.sample_dpm_2", "k_diffusion.sample_dpmpp_2s_ancestral"];
    assert_eq!((followed, skipped.into_iter().collect::<Vec<_>>()), (45, expected.to_vec()));
}

//! Filling in one of two correlated pixels, where the exact denoiser and the exact answer are known.

use burn::tensor::{Tensor, TensorData};
use langevin::diffusion::{Bound, Process};
use langevin::math::{GridOptions, NoiseLevel, Prediction, Schedule, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::pipeline::Sampling;
use langevin::sampler::{Move, Walk};
use langevin::tensor::to_vec;
use langevin::{Inpainting, SampleOptions, SampleShape};
use std::ops::ControlFlow;

const SHAPE: SampleShape = SampleShape { height: 1, width: 2, channels: 1 };
/// Variance of a pixel, correlation of the two, and what the first is known to be.
const DATA: f64 = 0.25;
const CORRELATION: f64 = 0.8;
const KNOWN: f64 = 0.5;
/// Mean and variance of the second pixel, given the first: r a and s² (1 − r²).
const CONDITIONAL: (f64, f64) = (CORRELATION * KNOWN, DATA * (1.0 - CORRELATION * CORRELATION));

fn process() -> Process {
    Process::new(&Schedule::default(), 1000, Prediction::X0, Variance::FixedLarge).unwrap()
}

/// The coefficients of E[x_0 | x] = α Σ (α² Σ + σ² I)⁻¹ x: of a pixel itself, and of the other. The sum and the difference of
/// the pixels are independent, with the variances s² (1 ± r).
fn denoiser(level: NoiseLevel) -> (f64, f64) {
    let (alpha, noise) = (level.alpha(), level.sigma().powi(2));
    let of = |variance: f64| alpha * variance / (alpha * alpha * variance + noise);
    let (sum, difference) = (of(DATA * (1.0 + CORRELATION)), of(DATA * (1.0 - CORRELATION)));
    ((sum + difference) / 2.0, (sum - difference) / 2.0)
}

struct Correlated(Process);

impl Network for Correlated {
    fn forward(&self, x: Tensor<4>, told: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let (shape, device) = (x.dims(), x.device());
        let (own, other) = denoiser(self.0.table.level(told.timesteps[0] as usize));
        let answer = |x: &[f32; 2]| {
            let (a, b) = (f64::from(x[0]), f64::from(x[1]));
            [(own * a + other * b) as f32, (own * b + other * a) as f32]
        };
        let answers: Vec<f32> = to_vec(x).as_chunks().0.iter().flat_map(answer).collect();
        Tensor::from_data(TensorData::new(answers, shape), &device)
    }
}

/// Mean and variance of the second pixel at the end of RePaint's walk, which is linear in what it draws: Algorithm 1 on the
/// moments. After each step down the pixels are independent, as the known one is drawn anew.
fn chain(inpainting: &Inpainting, steps: usize) -> (f64, f64) {
    let grid = process().table.grid(GridOptions::default(), steps).unwrap();
    let walk = Walk { steps, jump: inpainting.jump, resamples: inpainting.resamples };
    let (mut mean, mut variance) = ([0.0; 2], [1.0; 2]);
    for step in walk.moves() {
        match step {
            Move::Up(place) => {
                let beta = grid.step(steps - place).beta();
                mean = mean.map(|mean| (1.0 - beta).sqrt() * mean);
                variance = variance.map(|variance| (1.0 - beta) * variance + beta);
            }
            Move::Down(place) => {
                let levels = grid.step(steps - 1 - place);
                let (own, other) = denoiser(levels.from);
                let (of_x0, of_x) = levels.posterior_mean_coefficients();
                let (of_second, of_first) = (of_x0 * own + of_x, of_x0 * other);
                let (alpha, noise) = (levels.to.alpha(), levels.to.sigma().powi(2));
                mean = [alpha * KNOWN, of_first * mean[0] + of_second * mean[1]];
                let drawn = of_first.powi(2) * variance[0] + of_second.powi(2) * variance[1];
                let added = if levels.to.is_data() { 0.0 } else { levels.beta() };
                variance = [noise, drawn + added];
            }
        }
    }
    (mean[1], variance[1])
}

/// Mean and variance of `count` fillings.
fn filled(inpainting: &Inpainting, steps: usize, count: usize) -> (f64, f64) {
    let process = process();
    let network = &Correlated(process.clone());
    let sampling = Sampling { network, process: &process, shape: SHAPE, bound: Bound::None, guide: None };
    let options = SampleOptions { count, batch: count, steps: Some(steps), ..SampleOptions::default() };
    let proceed = &mut |_: usize, _: langevin::sampler::Moment| ControlFlow::Continue(());
    let filled = sampling.inpaint(&options, inpainting, proceed).unwrap().unwrap();
    let second: Vec<f64> = filled.as_chunks::<2>().0.iter().map(|pair| f64::from(pair[1])).collect();
    assert!(filled.iter().step_by(2).all(|&first| first == KNOWN as f32));
    let mean = second.iter().sum::<f64>() / count as f64;
    (mean, second.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1) as f64)
}

fn inpainting(resamples: usize) -> Inpainting {
    Inpainting { resamples, ..Inpainting::new(vec![KNOWN as f32, 0.0], vec![false, true]) }
}

/// Within five standard errors of a mean and of a variance.
fn assert_moments(what: &str, got: (f64, f64), expected: (f64, f64), count: usize) {
    let n = count as f64;
    let (of_mean, of_variance) = ((expected.1 / n).sqrt(), expected.1 * (2.0 / n).sqrt());
    assert!((got.0 - expected.0).abs() < 5.0 * of_mean, "{what}: mean {} for {}", got.0, expected.0);
    assert!((got.1 - expected.1).abs() < 5.0 * of_variance, "{what}: variance {} for {}", got.1, expected.1);
}

#[test]
fn fillings_have_the_moments_of_the_papers_chain() {
    for (steps, resamples) in [(250, 1), (250, 10), (37, 3)] {
        let inpainting = inpainting(resamples);
        let what = format!("{steps} steps, {resamples} times");
        assert_moments(&what, filled(&inpainting, steps, 4000), chain(&inpainting, steps), 4000);
    }
}

/// Resampling is what makes the two parts fit. The method itself is an approximation: its limit nears the exact answer as the
/// steps become many.
#[test]
fn resampling_nears_the_conditional_distribution() {
    let off = |steps, resamples| {
        let (mean, variance) = chain(&inpainting(resamples), steps);
        ((mean / CONDITIONAL.0 - 1.0).abs(), (variance / CONDITIONAL.1 - 1.0).abs())
    };
    let (once, tenfold, all) = (off(250, 1), off(250, 10), off(1000, 100));
    println!("off by {once:?}, {tenfold:?}, {all:?}");
    assert!(once.0 > 0.35 && once.1 > 0.4, "{once:?}");
    assert!(tenfold.0 < 0.07 && tenfold.1 < 0.1, "{tenfold:?}");
    assert!(all.0 < 0.01 && all.1 < 0.01, "{all:?}");
    // And the fillings themselves, not their theory alone.
    let exact = CONDITIONAL;
    let (once, tenfold) = (filled(&inpainting(1), 250, 4000), filled(&inpainting(10), 250, 4000));
    assert!((once.0 - exact.0).abs() > 0.12 && (tenfold.0 - exact.0).abs() < 0.05, "{once:?}, {tenfold:?}");
}

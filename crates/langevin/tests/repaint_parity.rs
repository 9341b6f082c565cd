//! RePaint's walk against diffusers' `RePaintScheduler`: the order of its steps, and x after each.
//!
//! The vectors are made in f64 by `tests/parity/repaint/generate.py`.

mod common;

use burn::tensor::{Tensor, TensorData};
use common::{Vectors, assert_close};
use langevin::diffusion::{Bound, Denoiser, Process};
use langevin::math::{GridOptions, Prediction, Schedule, Variance};
use langevin::models::{Conditioning, Network};
use langevin::nn::DropoutKey;
use langevin::sampler::{Ddim, Draw, Moment, Move, Plan, Repaint, Walk};
use langevin::tensor::{channels_first, channels_last, from_samples, to_vec};
use langevin::{SampleShape, cpu};
use std::ops::ControlFlow;

const SHAPE: SampleShape = SampleShape { height: 3, width: 4, channels: 1 };
const WALK: Walk = Walk { steps: 37, jump: 5, resamples: 3 };

#[test]
fn the_steps_come_in_diffusers_order() {
    let vectors = Vectors::open("repaint");
    let cases = [
        (250, 10, 10),
        (30, 10, 10),
        (37, 10, 3),
        (37, 5, 3),
        (30, 1, 2),
        (20, 10, 4),
        (21, 10, 4),
        (10, 10, 5),
        (7, 20, 3),
        (5, 2, 1),
    ];
    for (steps, jump, resamples) in cases {
        let walk = Walk { steps, jump, resamples };
        // Their list holds where each step begins, as a timestep from 0: one less than the steps to the data.
        let moves: Vec<Move> = walk.moves().collect();
        let begins = std::iter::once(steps).chain(moves.iter().map(|step| step.ends()));
        let mut begins: Vec<i64> = begins.map(|place| place as i64 - 1).collect();
        assert_eq!(begins.pop(), Some(-1));
        assert_eq!(begins, vectors.integers(&format!("timesteps.{steps}.{jump}.{resamples}")), "{walk:?}");
        let downwards = moves.iter().filter(|step| matches!(step, Move::Down(_))).count();
        assert_eq!(walk.downwards(), Some(downwards), "{walk:?}");
        assert_eq!(walk.upwards(), Some(moves.len() - downwards), "{walk:?}");
    }
}

/// tanh(x + roll(x)/2) (0.4 + t/74)
struct Rolled;

impl Network for Rolled {
    fn forward(&self, x: Tensor<4>, told: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let (shape, device) = (x.dims(), x.device());
        let x = to_vec(x);
        let (scale, width) = (0.4 + told.timesteps[0] / 74.0, SHAPE.width);
        let answer = |i: usize| {
            let before = if i.is_multiple_of(width) { i + width - 1 } else { i - 1 };
            (scale * (f64::from(x[i]) + f64::from(x[before]) / 2.0).tanh()) as f32
        };
        Tensor::from_data(TensorData::new((0..x.len()).map(answer).collect::<Vec<_>>(), shape), &device)
    }
}

/// x after every step down of a whole walk with the vectors' noise, and at the end.
fn walked(vectors: &Vectors, eta: f64, bound: Bound) -> (Vec<Vec<f32>>, Vec<f32>) {
    let device = cpu();
    let schedule = Schedule::Linear { beta_start: 1e-4, beta_end: 0.2 };
    let process = Process::new(&schedule, WALK.steps, Prediction::Epsilon, Variance::FixedSmall).unwrap();
    let denoiser = Denoiser::new(&Rolled, &process, bound);
    let grid = process.table.grid(GridOptions::default(), WALK.steps).unwrap();
    let plan = Plan::new(grid, true, move || Box::new(Ddim { eta, unbounded_eps: true }));
    let tensor = |values: &[f32]| from_samples(channels_last(values, SHAPE), SHAPE, &device);
    let array = |name: &str| &vectors.array(name).values;
    let (noises, size) = (array("noise"), array("start").len());
    // Their steps down have one draw for both parts; ours ask for each.
    let mut draw = |draw: Draw| {
        let (down, left) = match draw {
            Draw::Step(left) | Draw::Known(left) => (true, left),
            Draw::Up(left) => (false, left),
        };
        let at = places(down)[places(down).len() - 1 - left];
        tensor(&noises[at * size..][..size])
    };
    let mut seen = Vec::new();
    let mut observe = |moment: Moment| {
        seen.push(channels_first(&to_vec(moment.x.clone()), SHAPE));
        ControlFlow::Continue(())
    };
    let mask = tensor(array("mask")).equal_elem(0.0);
    let repaint = Repaint { known: tensor(array("known")), mask, walk: WALK };
    let end = repaint.run(&plan, &denoiser, tensor(array("start")), &mut draw, &mut observe).unwrap();
    (seen, channels_first(&to_vec(end), SHAPE))
}

/// Where in the walk its steps down are, or those up.
fn places(down: bool) -> Vec<usize> {
    let wanted = |step: &Move| matches!(step, Move::Down(_)) == down;
    WALK.moves().enumerate().filter(|(_, step)| wanted(step)).map(|(at, _)| at).collect()
}

#[test]
fn every_step_of_a_walk_is_diffusers() {
    let vectors = Vectors::open("repaint");
    let size = vectors.array("start").values.len();
    for eta in [0, 1] {
        for (clip, bound) in [("clip", Bound::Clip { range: 1.0 }), ("noclip", Bound::None)] {
            let theirs = &vectors.array(&format!("walk.{eta}.{clip}.x")).values;
            let (seen, end) = walked(&vectors, f64::from(eta), bound);
            assert_eq!(seen.len(), WALK.downwards().unwrap());
            for (at, ours) in places(true).into_iter().zip(&seen) {
                let what = format!("eta {eta}, {clip}, step {at}");
                assert_close(&what, ours, &theirs[at * size..][..size], 2e-5, 2e-5);
            }
            assert_close(
                &format!("eta {eta}, {clip}, end"),
                &end,
                &theirs[theirs.len() - size..],
                2e-5,
                2e-5,
            );
        }
    }
}

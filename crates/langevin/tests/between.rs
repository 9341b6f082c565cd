//! From one seed's sample to another's, and to a noisy picture and back.

mod common;

use common::parts::Parts;
use langevin::interop::diffusers::Scheduler;
use langevin::math::{GridOptions, Variance};
use langevin::pipeline::Renoised;
use langevin::sampler::{Churn, Knobs, Moment, Noise, Sampler};
use langevin::{Renoising, SampleError, SampleOptions, SamplerChoice};
use serde_json::json;
use std::ops::ControlFlow;

fn between(parts: &Parts, options: &SampleOptions, seeds: [u64; 2]) -> Result<Vec<f32>, SampleError> {
    let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
    Ok(parts.sampling().interpolate(options, seeds, proceed)?.unwrap())
}

fn renoised(parts: &Parts, x0: &[f32], wanted: Renoising) -> Result<Renoised, SampleError> {
    let proceed = &mut |_: Moment| ControlFlow::Continue(());
    Ok(parts.sampling().renoise(x0, &wanted, proceed)?.unwrap())
}

fn options(sampler: SamplerChoice, count: usize, batch: usize) -> SampleOptions {
    SampleOptions { count, batch, sampler, steps: Some(6), ..SampleOptions::default() }
}

fn named(name: &str) -> SamplerChoice {
    SamplerChoice::named(name).unwrap()
}

#[test]
fn the_ends_are_the_samples_of_the_seeds_bit_by_bit() {
    let parts = Parts::new();
    for sampler in ["ddim", "heun", "dpmpp-2m", "unipc"] {
        let frames = between(&parts, &options(named(sampler), 5, 1), [3, 9]).unwrap();
        let ends = [3, 9].map(|seed| {
            let options = SampleOptions { noise: Noise::Seed(seed), ..options(named(sampler), 1, 1) };
            let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
            parts.sampling().sample(&options, proceed).unwrap().unwrap()
        });
        assert_eq!(frames[..64], ends[0], "{sampler}");
        assert_eq!(frames[4 * 64..], ends[1], "{sampler}");
        // What lies between is neither, and no mixture of the two pictures.
        let mixed: Vec<f32> = ends[0].iter().zip(&ends[1]).map(|(a, b)| (a + b) / 2.0).collect();
        let middle = &frames[2 * 64..3 * 64];
        assert!(middle != ends[0] && middle != ends[1] && middle != mixed, "{sampler}");
        let together = between(&parts, &options(named(sampler), 5, 3), [3, 9]).unwrap();
        assert!(frames.iter().zip(&together).all(|(a, b)| (a - b).abs() < 1e-4), "{sampler}");
    }
}

/// The way back is the same way.
#[test]
fn frames_lie_on_one_arc() {
    let parts = Parts::new();
    let there = between(&parts, &options(named("ddim"), 3, 1), [1, 2]).unwrap();
    let back = between(&parts, &options(named("ddim"), 3, 1), [2, 1]).unwrap();
    for (there, back) in there.chunks(64).zip(back.chunks(64).rev()) {
        assert!(there.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}

#[test]
fn samplers_that_draw_noise_are_refused_with_what_to_set() {
    let parts = Parts::new();
    let knobs = Knobs::new(Variance::FixedLarge);
    let own = |name, knobs| SamplerChoice::Own {
        sampler: Sampler::named(name).unwrap(),
        knobs: Some(knobs),
        levels: GridOptions::default(),
    };
    let churned = Knobs { churn: Churn { amount: 5.0, ..Churn::default() }, ..knobs };
    let scheduler = Scheduler::new("DDIMScheduler", &json!({ "eta": 0.5 })).unwrap();
    let cases = [
        (named("ddpm"), 3, "ddpm draws noise at its steps", "take ddim"),
        (own("ddim", Knobs { eta: Some(0.5), ..knobs }), 3, "ddim draws noise", "set eta to 0"),
        (named("euler-ancestral"), 3, "euler-ancestral draws noise", "set eta to 0"),
        (own("heun", churned), 3, "heun draws noise", "leave the churn out"),
        (SamplerChoice::Diffusers(scheduler), 3, "DDIMScheduler draws noise", "set eta to 0"),
        (named("ddim-inversion"), 3, "goes from data to noise", "ddim"),
        (named("ddim"), 1, "1 samples between two seeds are too few", "2"),
    ];
    for (sampler, count, what, advice) in cases {
        let told = between(&parts, &options(sampler, count, 2), [0, 1]).unwrap_err().to_string();
        assert!(told.contains(what) && told.contains(advice), "{told}");
    }
    assert!(
        between(&parts, &options(own("euler-ancestral", Knobs { eta: Some(0.0), ..knobs }), 2, 2), [0, 1])
            .is_ok()
    );
}

#[test]
fn all_timesteps_back_are_the_same_as_none_said() {
    let parts = Parts::new();
    let x0: Vec<f32> = (0..64).map(|i| (i as f32 / 10.0).sin()).collect();
    let wanted = Renoising { timestep: 39, steps: None, seed: 4, class: None };
    let (x_t, all) = renoised(&parts, &x0, wanted).unwrap();
    assert_eq!(
        renoised(&parts, &x0, Renoising { steps: Some(40), ..wanted }).unwrap(),
        (x_t.clone(), all.clone())
    );
    let (same, fewer) = renoised(&parts, &x0, Renoising { steps: Some(9), ..wanted }).unwrap();
    assert!(same == x_t && fewer != all);
}

#[test]
fn fewer_steps_back_are_even_and_begin_where_the_picture_is() {
    let parts = Parts::new();
    let mut seen = Vec::new();
    let wanted = Renoising { timestep: 39, steps: Some(4), seed: 4, class: None };
    let observe = &mut |moment: Moment| {
        seen.push((moment.t, moment.left));
        ControlFlow::Continue(())
    };
    parts.sampling().renoise(&[0.0; 64], &wanted, observe).unwrap().unwrap();
    assert_eq!(seen, [(30.0, 3), (20.0, 2), (10.0, 1), (0.0, 0)]);
}

#[test]
fn ways_back_that_cannot_be_are_told() {
    let parts = Parts::new();
    let usual = Renoising { timestep: 39, steps: None, seed: 4, class: None };
    let told = |x0: &[f32], wanted| renoised(&parts, x0, wanted).unwrap_err().to_string();
    let of = |timestep, steps| told(&[0.0; 64], Renoising { timestep, steps, ..usual });
    assert!(of(1000, None).contains("timestep 1000: counted from 0, this model's are 0 to 999"));
    for steps in [0, 41] {
        assert!(of(39, Some(steps)).contains(&format!("1 to 40 steps to the data, not {steps}")));
    }
    assert!(told(&[0.0; 63], usual).contains("picture has 63 values, but one of the model has 64"));
    assert!(told(&[0.0; 64], Renoising { class: Some(1), ..usual }).contains("knows no classes"));
}

//! Filling in: what is known stays, what is filled in does not depend on the batch, and wrong wishes are told.

mod common;

use common::parts::{Parts, SHAPE};
use langevin::diffusion::Classes;
use langevin::interop::diffusers::Scheduler;
use langevin::math::rng::{Purpose, Stream};
use langevin::math::{GridOptions, Last};
use langevin::pipeline::Sampling;
use langevin::sampler::{GivenNoise, Moment, Noise, SAMPLERS, Sampler};
use langevin::{Inpainting, SampleError, SampleOptions, SampleShape, SamplerChoice};
use serde_json::json;
use std::ops::ControlFlow;

fn fill(parts: &Parts, options: &SampleOptions, inpainting: &Inpainting) -> Result<Vec<f32>, SampleError> {
    let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
    Ok(parts.sampling().inpaint(options, inpainting, proceed)?.unwrap())
}

/// A picture that is no model's, the left half of which is known.
fn half() -> Inpainting {
    let mut known = vec![0.0; SHAPE.elements()];
    Stream::new(1, Purpose::Data, 0).uniform(0, &mut known);
    let mask = (0..64).map(|pixel| pixel % 8 >= 4).collect();
    Inpainting { jump: 3, resamples: 2, ..Inpainting::new(known, mask) }
}

fn options(sampler: &str, count: usize, batch: usize) -> SampleOptions {
    let sampler = SamplerChoice::named(sampler).unwrap();
    SampleOptions { count, batch, sampler, steps: Some(7), noise: Noise::Seed(5), ..SampleOptions::default() }
}

/// The known pixels of every filling, bit by bit, and what was filled in is something.
fn assert_known(filled: &[f32], inpainting: &Inpainting, name: &str) {
    for sample in filled.chunks(64) {
        for (pixel, (&got, &masked)) in sample.iter().zip(&inpainting.mask).enumerate() {
            if masked {
                assert!(got.is_finite(), "{name}, pixel {pixel}");
            } else {
                assert_eq!(got.to_bits(), inpainting.known[pixel].to_bits(), "{name}, pixel {pixel}");
            }
        }
    }
}

#[test]
fn every_sampler_keeps_what_is_known_bit_by_bit() {
    let (parts, inpainting) = (Parts::new(), half());
    for sampler in SAMPLERS.iter().filter(|sampler| !sampler.inverts()) {
        let filled = fill(&parts, &options(sampler.name, 2, 2), &inpainting).unwrap();
        assert_known(&filled, &inpainting, sampler.name);
        assert_ne!(filled[..64], filled[64..], "{}", sampler.name);
    }
}

#[test]
fn schedulers_of_diffusers_and_steps_that_end_above_the_data_keep_it_too() {
    let (parts, inpainting) = (Parts::new(), half());
    for name in ["DDIMScheduler", "PNDMScheduler", "DPMSolverSinglestepScheduler", "EulerDiscreteScheduler"] {
        let scheduler = Scheduler::new(name, &json!({ "num_train_timesteps": 1000 })).unwrap();
        let options = SampleOptions { sampler: SamplerChoice::Diffusers(scheduler), ..options("ddpm", 1, 1) };
        assert_known(&fill(&parts, &options, &inpainting).unwrap(), &inpainting, name);
    }
    let levels = GridOptions { last: Last::SigmaMin, ..GridOptions::default() };
    let sampler = SamplerChoice::Own { sampler: Sampler::named("ddpm").unwrap(), knobs: None, levels };
    let options = SampleOptions { sampler, ..options("ddpm", 1, 1) };
    assert_known(&fill(&parts, &options, &inpainting).unwrap(), &inpainting, "sigma-min");
}

/// The instruction sets and Burn's operations may round otherwise in another batch; each sample of a batch of its own may not.
#[test]
fn a_filling_does_not_depend_on_the_batch() {
    let (parts, inpainting) = (Parts::new(), half());
    for sampler in ["ddpm", "dpmpp-2m", "euler-ancestral"] {
        let alone = fill(&parts, &options(sampler, 5, 1), &inpainting).unwrap();
        for batch in [2, 5] {
            let together = fill(&parts, &options(sampler, 5, batch), &inpainting).unwrap();
            for (i, (a, b)) in alone.iter().zip(&together).enumerate() {
                assert!((a - b).abs() < 1e-4, "{sampler}, batch {batch}, element {i}: {b} for {a}");
            }
        }
        assert_eq!(alone[..128], fill(&parts, &options(sampler, 2, 1), &inpainting).unwrap());
    }
}

#[test]
fn with_nothing_known_and_no_jumps_it_is_sampling() {
    let parts = Parts::new();
    for sampler in ["ddpm", "dpmpp-2m", "dpmpp-2s"] {
        let options = options(sampler, 2, 2);
        let all = Inpainting { mask: vec![true; 64], resamples: 1, ..half() };
        let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
        let sampled = parts.sampling().sample(&options, proceed).unwrap().unwrap();
        assert_eq!(fill(&parts, &options, &all).unwrap(), sampled, "{sampler}");
        let none = Inpainting { mask: vec![false; 64], ..half() };
        assert_eq!(fill(&parts, &options, &none).unwrap(), none.known.repeat(2), "{sampler}");
    }
}

/// Jumps and the known part draw noise of their own: a jump that is not drawn for changes nothing, one that is does.
#[test]
fn seeds_and_resamples_change_what_is_filled_in() {
    let (parts, inpainting) = (Parts::new(), half());
    let first = fill(&parts, &options("ddim", 1, 1), &inpainting).unwrap();
    let seed = SampleOptions { noise: Noise::Seed(6), ..options("ddim", 1, 1) };
    assert_ne!(first, fill(&parts, &seed, &inpainting).unwrap());
    let once = Inpainting { resamples: 1, ..inpainting.clone() };
    let longer = Inpainting { jump: 7, ..inpainting.clone() };
    let once = fill(&parts, &options("ddim", 1, 1), &once).unwrap();
    assert_ne!(first, once);
    assert_eq!(
        fill(&parts, &options("ddim", 1, 1), &longer).unwrap(),
        once,
        "7 steps have no room for a jump of 7"
    );
}

#[test]
fn an_observer_counts_the_whole_walk_down_and_may_stop() {
    let (parts, inpainting) = (Parts::new(), half());
    let mut seen = Vec::new();
    let options = options("ddpm", 3, 2);
    let observe = &mut |first: usize, moment: Moment| {
        seen.push((first, moment.left, moment.evaluations));
        ControlFlow::Continue(())
    };
    parts.sampling().inpaint(&options, &inpainting, observe).unwrap().unwrap();
    // 7 + (2 − 1) · 3 · ⌊6/3⌋
    let steps = inpainting.steps(7);
    assert_eq!(steps, 13);
    let batch = |first| (0..steps).map(move |done| (first, steps - 1 - done, done + 1));
    assert_eq!(seen, batch(0).chain(batch(2)).collect::<Vec<_>>());
    let stop = &mut |_: usize, moment: Moment| {
        if moment.left == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert_eq!(parts.sampling().inpaint(&options, &inpainting, stop).unwrap(), None);
}

#[test]
fn wrong_wishes_are_told() {
    let parts = Parts::new();
    let told = |inpainting: Inpainting, options: SampleOptions| {
        fill(&parts, &options, &inpainting).unwrap_err().to_string()
    };
    let usual = || options("ddpm", 1, 1);
    let cases = [
        (
            told(Inpainting { mask: vec![true; 63], ..half() }, usual()),
            "mask has 63 pixels, but the model's pictures have 64",
        ),
        (
            told(Inpainting { known: vec![0.0; 65], ..half() }, usual()),
            "picture has 65 values, but one of the model has 64",
        ),
        (told(Inpainting { known: vec![f32::NAN; 64], ..half() }, usual()), "value 0 of the picture is NaN"),
        (told(Inpainting { jump: 0, ..half() }, usual()), "a jump goes back 0 steps: give 1"),
        (told(Inpainting { resamples: 0, ..half() }, usual()), "sampled 0 times: give 1"),
        (
            told(Inpainting { resamples: usize::MAX, ..half() }, usual()),
            "more than 16777216 steps: take fewer",
        ),
        (told(half(), options("ddim-inversion", 1, 1)), "ddim-inversion goes from data to noise"),
        (told(half(), SampleOptions { steps: Some(1001), ..usual() }), "between 1 and 1000 steps"),
        (told(half(), SampleOptions { classes: Classes::All(1), ..usual() }), "knows no classes"),
        (
            told(
                half(),
                SampleOptions {
                    noise: Noise::Given(GivenNoise { start: vec![0.0; 64], steps: Vec::new() }),
                    ..usual()
                },
            ),
            "give a seed",
        ),
    ];
    for (got, expected) in cases {
        assert!(got.contains(expected), "{got:?} lacks {expected:?}");
    }
    let point = SampleShape { height: 1, width: 1, channels: 2 };
    let sampling = Sampling { shape: point, ..parts.sampling() };
    let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
    let inpainting = Inpainting::new(vec![0.0; 2], vec![true]);
    assert_eq!(sampling.inpaint(&usual(), &inpainting, proceed), Err(SampleError::Points));
}

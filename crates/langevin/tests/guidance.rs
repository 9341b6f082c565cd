//! Guidance: what it must equal bit by bit, what it is by its equations, and what is refused.

mod common;

use burn::tensor::{Device, Tensor};
use common::assert_close;
use common::parts::{Parts, SHAPE};
use langevin::diffusion::{Bound, ClassGradient, Classes, ClassifierGuide, Denoiser, Guidance};
use langevin::math::{Prediction, Variance};
use langevin::models::{ClassEmbedding, Conditioning, Network};
use langevin::sampler::{Moment, Noise, SAMPLERS};
use langevin::tensor::{from_samples, to_vec};
use langevin::{SampleOptions, SamplerChoice};
use std::ops::ControlFlow;

/// A network that knows five classes, and none.
fn parts() -> Parts {
    Parts::of(Some(ClassEmbedding::table(5)), Prediction::Epsilon, Variance::FixedLarge)
}

fn draw(parts: &Parts, options: &SampleOptions) -> Vec<f32> {
    let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
    parts.sampling().sample(options, proceed).unwrap().unwrap()
}

fn options(sampler: &str, classes: Classes, guidance: Guidance) -> SampleOptions {
    let sampler = SamplerChoice::named(sampler).unwrap();
    let noise = Noise::Seed(5);
    SampleOptions {
        count: 3,
        batch: 3,
        sampler,
        steps: Some(4),
        noise,
        classes,
        guidance,
        ..SampleOptions::default()
    }
}

/// Every sampler from noise to data.
fn samplers() -> impl Iterator<Item = &'static str> {
    SAMPLERS.iter().filter(|sampler| !sampler.inverts()).map(|sampler| sampler.name)
}

#[test]
fn weight_1_is_the_class_and_weight_0_is_none_bit_by_bit_with_every_sampler() {
    let parts = parts();
    for sampler in samplers() {
        let drawn = |classes: Classes, weight| draw(&parts, &options(sampler, classes, Guidance::of(weight)));
        let conditional = draw(&parts, &options(sampler, Classes::All(2), Guidance::default()));
        let unconditional = draw(&parts, &options(sampler, Classes::None, Guidance::default()));
        assert_ne!(conditional, unconditional, "{sampler}");
        assert_eq!(drawn(Classes::All(2), 1.0), conditional, "{sampler}");
        assert_eq!(drawn(Classes::All(2), 0.0), unconditional, "{sampler}");
        let guided = drawn(Classes::All(2), 2.0);
        assert!(guided != conditional && guided.iter().all(|x| x.is_finite()), "{sampler}");
    }
}

#[test]
fn a_guided_sample_does_not_depend_on_the_batch() {
    let parts = parts();
    for sampler in ["ddpm", "dpmpp-2m", "heun"] {
        let whole = options(sampler, Classes::Each([0, 4, 2].into()), Guidance::of(3.0));
        let together = draw(&parts, &whole);
        for batch in [1, 2] {
            assert_eq!(draw(&parts, &SampleOptions { batch, ..whole.clone() }), together, "{sampler}");
        }
        // Sample 1 is of class 4 wherever it is drawn.
        let of_one = SampleOptions { classes: Classes::All(4), ..whole.clone() };
        let size = SHAPE.elements();
        assert_eq!(draw(&parts, &of_one)[size..2 * size], together[size..2 * size], "{sampler}");
    }
}

/// ε̂ = (1 − w) ε̂(x) + w ε̂(x, y) of single passes, for every kind of prediction; v of a learned variance is that of y.
#[test]
fn both_predictions_are_mixed_as_the_equation_says() {
    for prediction in [Prediction::Epsilon, Prediction::X0, Prediction::V] {
        let parts = Parts::of(Some(ClassEmbedding::table(5)), prediction, Variance::Learned);
        let x = from_samples(common::ramp(2 * SHAPE.elements()), SHAPE, &Device::flex());
        let level = parts.1.table.level(400);
        let denoiser = |classes, weight: f64| {
            let plain = Denoiser::new(&parts.0, &parts.1, Bound::None);
            plain.guided(classes, Guidance::of(weight), None).unwrap().denoise(x.clone(), level)
        };
        let (with, without) = (denoiser(Classes::All(3), 1.0), denoiser(Classes::None, 1.0));
        let guided = denoiser(Classes::All(3), 2.5);
        let mixed = |with: Tensor<4>, without: Tensor<4>| -> Vec<f32> {
            to_vec(with).iter().zip(to_vec(without)).map(|(c, u)| 2.5 * c - 1.5 * u).collect()
        };
        assert_close("ε̂", &to_vec(guided.eps), &mixed(with.eps, without.eps), 1e-4, 1e-4);
        assert_close("x̂_0", &to_vec(guided.x0), &mixed(with.x0, without.x0), 1e-4, 1e-4);
        assert_eq!(to_vec(guided.variance.unwrap()), to_vec(with.variance.unwrap()));
    }
}

#[test]
fn outside_of_its_interval_the_weight_is_1() {
    let parts = parts();
    let x = from_samples(common::ramp(SHAPE.elements()), SHAPE, &Device::flex());
    let interval = Some([0.5, 2.0]);
    let at = |weight: f64, interval, t: usize| {
        let guidance = Guidance { interval, ..Guidance::of(weight) };
        let plain = Denoiser::new(&parts.0, &parts.1, Bound::None);
        let guided = plain.guided(Classes::All(1), guidance, None).unwrap();
        to_vec(guided.denoise(x.clone(), parts.1.table.level(t)).eps)
    };
    for t in [0, 100, 250, 400, 900] {
        let inside = (0.5..=2.0).contains(&parts.1.table.level(t).rho());
        let expected = if inside { at(3.0, None, t) } else { at(1.0, None, t) };
        assert_eq!(at(3.0, interval, t), expected, "timestep {t}");
        assert_ne!(at(3.0, None, t), at(1.0, None, t));
    }
}

/// A classifier whose gradient is known: (y + 1) (0.1 − x).
struct Pull;

impl ClassGradient for Pull {
    fn log_probability_gradient(&self, x: Tensor<4>, _: &[f64], classes: &[usize]) -> Tensor<4> {
        let factors: Vec<f32> = classes.iter().map(|&class| class as f32 + 1.0).collect();
        let factors = Tensor::<1>::from_floats(&factors[..], &x.device()).reshape([classes.len(), 1, 1, 1]);
        (x.neg() + 0.1) * factors
    }

    fn classes(&self) -> usize {
        3
    }
}

/// Algorithms 1 and 2 of Dhariwal & Nichol 2021, one step of each by hand.
#[test]
fn a_classifier_moves_the_mean_by_its_variance_and_eps_by_sigma() {
    let parts = Parts::new();
    let x = from_samples(common::ramp(2 * SHAPE.elements()), SHAPE, &Device::flex());
    let (level, weight) = (parts.1.table.level(300), 4.0);
    let denoiser = |weight: f64| {
        let guide = ClassifierGuide { classifier: &Pull, network_is_told: false };
        let plain = Denoiser::new(&parts.0, &parts.1, Bound::Clip { range: 1.0 });
        let guided = plain.guided(Classes::Each([2, 0].into()), Guidance::of(weight), Some(guide)).unwrap();
        (guided.denoise(x.clone(), level), guided.denoise_apart(x.clone(), level))
    };
    let ((guided, (apart, gradient)), (plain, (_, none))) = (denoiser(weight), denoiser(0.0));
    assert!(none.is_none());
    assert_eq!(to_vec(apart.x0), to_vec(plain.x0.clone()));
    let size = SHAPE.elements();
    let values = to_vec(x.clone());
    let pull = |i: usize| (if i < size { 3.0 } else { 1.0 }) * (0.1 - f64::from(values[i])) * weight;
    let pulls: Vec<f32> = (0..2 * size).map(|i| pull(i) as f32).collect();
    assert_close("w ∇ ln p", &to_vec(gradient.unwrap()), &pulls, 1e-6, 1e-6);
    let eps = to_vec(plain.eps);
    let moved: Vec<f32> =
        (0..2 * size).map(|i| (f64::from(eps[i]) - level.sigma() * pull(i)) as f32).collect();
    assert_close("ε̂", &to_vec(guided.eps), &moved, 1e-5, 1e-5);
    let x0: Vec<f32> = (0..2 * size)
        .map(|i| ((f64::from(values[i]) - level.sigma() * f64::from(moved[i])) / level.alpha()) as f32)
        .collect();
    assert_close("x̂_0", &to_vec(guided.x0), &x0, 1e-4, 1e-4);
}

/// The last step of a walk of one step has no noise, and its mean moves by β̃ or β all the same.
#[test]
fn an_ancestral_step_adds_the_variance_times_the_pull() {
    let parts = Parts::new();
    let step = |weight: f64| {
        let mut sampling = parts.sampling();
        sampling.guide = Some(ClassifierGuide { classifier: &Pull, network_is_told: false });
        let wanted = options("ddpm", Classes::Each([0, 1, 2].into()), Guidance::of(weight));
        let mut first = None;
        let observe = &mut |_: usize, moment: Moment| {
            first.get_or_insert_with(|| to_vec(moment.x.clone()));
            ControlFlow::Continue(())
        };
        sampling.sample(&wanted, observe).unwrap();
        (first.unwrap(), sampling.plan(&wanted).unwrap().grid.step(0))
    };
    let ((guided, levels), (plain, _)) = (step(2.0), step(0.0));
    let noise = Noise::Seed(5);
    let start = langevin::sampler::NoiseSource { noise: &noise, first: 0, samples: 3, shape: SHAPE };
    let start = to_vec(start.start(&Device::flex()));
    let size = SHAPE.elements();
    let moved: Vec<f32> = (0..3 * size)
        .map(|i| {
            let pull = 2.0 * (i / size + 1) as f64 * (0.1 - f64::from(start[i]));
            (f64::from(plain[i]) + levels.beta() * pull) as f32
        })
        .collect();
    assert_close("x after a step", &guided, &moved, 1e-5, 1e-5);
}

#[test]
fn what_cannot_be_guided_is_said() {
    let told = |parts: &Parts, classes: Classes, guidance: Guidance| {
        let proceed = &mut |_: usize, _: Moment| ControlFlow::Continue(());
        parts.sampling().sample(&options("ddim", classes, guidance), proceed).unwrap_err().to_string()
    };
    let (labelled, plain) = (parts(), Parts::new());
    let never_without = Some(ClassEmbedding::Table { classes: 5, null_class: false });
    let never_without = Parts::of(never_without, Prediction::Epsilon, Variance::FixedLarge);
    let twice = Guidance::of(2.0);
    for (message, part) in [
        (told(&labelled, Classes::None, twice), "none is given"),
        (told(&labelled, Classes::All(6), twice), "knows 5 classes"),
        (told(&plain, Classes::None, twice), "none is given"),
        (told(&plain, Classes::All(1), twice), "knows no classes"),
        (told(&never_without, Classes::All(1), twice), "train.label_dropout"),
        (told(&never_without, Classes::None, Guidance::default()), "none are given"),
        (told(&labelled, Classes::All(1), Guidance::of(f64::INFINITY)), "finite"),
    ] {
        assert!(message.contains(part), "{message}");
    }
    let mut sampling = plain.sampling();
    sampling.guide = Some(ClassifierGuide { classifier: &Pull, network_is_told: false });
    let wanted = options("ddim", Classes::All(3), twice);
    let message = sampling.denoiser(&wanted).err().unwrap().to_string();
    assert!(message.contains("knows 3 classes"), "{message}");
}

#[test]
fn a_network_told_nothing_is_told_of_no_class() {
    let parts = parts();
    let x = from_samples(common::ramp(2 * SHAPE.elements()), SHAPE, &Device::flex());
    let told = Conditioning::at(&[3.0, 700.0]);
    let none = to_vec(parts.0.forward(x.clone(), told, None));
    let null = to_vec(parts.0.forward(x, told.with_classes(Some(&[5, 5])), None));
    assert_eq!(none, null);
}

//! Training losses and their gradients against improved-diffusion's, whose derivatives PyTorch records.
//!
//! The vectors are made in f64 by `tests/parity/objectives/generate.py`.

mod common;

use common::Vectors;
use langevin::config::{DataFacts, Recipe, Settings};
use langevin::math::{Prediction, Variance};
use langevin::tensor::{SampleShape, channels_last};
use langevin::train::{Batch, Losses};

const SHAPE: SampleShape = SampleShape { height: 4, width: 5, channels: 3 };
const STEPS: usize = 20;

fn settings(prediction: Prediction, variance: Variance, objective: &str) -> Settings {
    let text = format!(
        r#"
        objective = {{ kind = "{objective}" }}
        [diffusion]
        timesteps = {STEPS}
        schedule = {{ kind = "linear", beta_start = 1e-3, beta_end = 0.3 }}
        prediction = "{}"
        variance = "{}"
        [model]
        kind = "mlp"
        [train]
        steps = 1
        batch = {STEPS}
        learning_rate = 1e-3
        ema = 0.9
        checkpoint_every = 1
        "#,
        prediction.name(),
        variance.name()
    );
    let recipe = Recipe::parse("test", &text).unwrap();
    Settings {
        recipe,
        shape: SHAPE,
        levels: Some(256),
        data: DataFacts { count: 0, checksum: 0 },
        class_names: Vec::new(),
    }
}

/// Doubles `[samples, channels, height, width]`, channels last.
fn last(values: &[f64], channels: usize) -> Vec<f64> {
    let positions = SHAPE.height * SHAPE.width;
    let sample = |sample: &[f64]| -> Vec<f64> {
        (0..positions * channels).map(|i| sample[i % channels * positions + i / channels]).collect()
    };
    values.chunks(positions * channels).flat_map(sample).collect()
}

#[test]
fn every_loss_and_gradient_agrees() {
    let vectors = Vectors::open("objectives");
    let weights: Vec<f64> = (1..=STEPS).map(|k| 0.05 * k as f64).collect();
    let (x0, eps) = (&vectors.array("x0").values, &vectors.array("eps").values);
    let (x0, eps) = (channels_last(x0, SHAPE), channels_last(eps, SHAPE));
    let (mut compared, mut worst) = (0, 0.0f64);
    for prediction in [Prediction::Epsilon, Prediction::X0, Prediction::PosteriorMean] {
        for variance in Variance::ALL {
            let learned = variance == Variance::Learned;
            for objective in if learned { ["hybrid", "vlb"] } else { ["simple", "vlb"] } {
                let case = format!("{}.{}.{objective}", prediction.name(), variance.name());
                let settings = settings(prediction, variance, objective);
                let process = settings.recipe.diffusion.process().unwrap();
                let size = SHAPE.elements();
                let mut target = vec![0.0; x0.len()];
                for (t, target) in target.chunks_mut(size).enumerate() {
                    let row = t * size..(t + 1) * size;
                    process.target(t, &x0[row.clone()], &eps[row], target);
                }
                let timesteps = (0..STEPS).map(|t| t as f64).collect();
                let batch = Batch {
                    labels: None,
                    classes: None,
                    first_sample: 0,
                    x0: x0.clone(),
                    x: vec![],
                    timesteps,
                    weights: vec![1.0; STEPS],
                    target,
                };
                let channels = if learned { 6 } else { 3 };
                let wide = SampleShape { channels: 6, ..SHAPE };
                let output = &vectors.array(&format!("{}.output", prediction.name())).values;
                let output: Vec<f32> = channels_last(output, wide)
                    .chunks(6)
                    .flat_map(|outputs| &outputs[..channels])
                    .copied()
                    .collect();
                let found = Losses::of(&settings, &process, &batch, &output, &weights);
                let expected = vectors.doubles(&format!("{case}.losses"));
                for (t, (ours, theirs)) in found.samples.iter().zip(&expected).enumerate() {
                    // The target is an f32, as the network's output is.
                    let error = (ours - theirs).abs() / theirs.abs();
                    assert!(error < 3e-6, "{case}, timestep {t}: {ours} for {theirs}");
                    worst = worst.max(error);
                }
                let expected = last(&vectors.doubles(&format!("{case}.gradient")), channels);
                for t in 0..STEPS {
                    let row = t * size / 3 * channels..(t + 1) * size / 3 * channels;
                    let largest = expected[row.clone()].iter().fold(0.0f64, |most, g| most.max(g.abs()));
                    for i in row {
                        let error = (f64::from(found.gradient[i]) - expected[i]).abs();
                        let allowed = 3e-6 * largest;
                        assert!(
                            error < allowed,
                            "{case}, timestep {t}, output {i}: {} for {} (of at most {largest})",
                            found.gradient[i],
                            expected[i]
                        );
                        compared += 1;
                    }
                }
            }
        }
    }
    println!("{compared} derivatives; the losses within {worst:.1e}");
    assert_eq!(compared, 3 * STEPS * (4 * 60 + 2 * 120));
}

//! Samples of a class, guided: what the library draws, and what is refused.

mod common;

use common::{MODEL, Served, trained};
use langevin::data::{encode_npz, to_bytes};
use langevin::diffusion::{Classes, Guidance};
use langevin::sampler::Noise;
use langevin::train::WeightsKind;
use langevin::{SampleOptions, SamplerChoice, TrainedModel};
use langevin_serve::Limits;
use serde_json::{Value, json};

/// A server with a model that knows the digits by their labels.
fn served() -> Served {
    let runs = tempfile::tempdir().unwrap();
    trained("digits", &runs.path().join("digits-001"), &["data.labels=true"]);
    Served::start(runs, Limits::default(), |_| {})
}

fn body(class: Option<usize>, guidance: Option<f64>) -> Value {
    json!({
        "model": MODEL, "sampler": "ddim", "steps": 5, "seed": 3, "count": 4, "class": class, "guidance": guidance,
    })
}

#[test]
fn guided_samples_are_those_of_the_library() {
    let served = served();
    let about = served.get(&format!("/api/v1/models/describe?model={MODEL}")).json();
    let named = about["class_names"].as_array().unwrap();
    assert_eq!((about["classes"].clone(), named.len(), &named[7]), (json!(10), 10, &json!("7")));
    assert_eq!(about["guidable"], true);
    let model = TrainedModel::load(served.runs.path().join("digits-001"), WeightsKind::Ema).unwrap();
    for (class, weight) in [(Some(7), Some(3.0)), (Some(7), Some(0.0)), (Some(2), None), (None, None)] {
        let job = served.done("/api/v1/samples", &body(class, weight));
        let reply = served.get(&format!("/api/v1/jobs/{}/samples.npz", job["id"].as_str().unwrap()));
        let options = SampleOptions {
            count: 4,
            batch: 4,
            sampler: SamplerChoice::named("ddim").unwrap(),
            steps: Some(5),
            classes: Classes::from(class),
            guidance: weight.map_or_else(Guidance::default, Guidance::of),
            noise: Noise::Seed(3),
            ..SampleOptions::default()
        };
        let alone = model.sample(&options).unwrap();
        let expected = encode_npz(&to_bytes(&alone), model.shape().batch(4)).unwrap();
        assert_eq!(reply.body, expected, "class {class:?}, weight {weight:?}");
    }
}

#[test]
fn guidance_that_leads_nowhere_is_refused() {
    let served = served();
    for (class, weight, part) in [
        (None, Some(2.0), "give one"),
        (Some(10), Some(2.0), "0 to 9"),
        (Some(1), Some(1e6), "from -100 to 100"),
    ] {
        let reply = served.post("/api/v1/samples", &body(class, weight));
        assert_eq!(reply.status, 400);
        assert!(reply.sentence().contains(part), "{}", reply.sentence());
    }
}

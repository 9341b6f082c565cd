//! What the server gives is what the library gives, whoever else asks at the same time.

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{MODEL, Served, trained};
use langevin::config::Settings;
use langevin::data::{self, encode_npz, encode_png, picture_from_bytes, to_bytes};
use langevin::diffusion::Classes;
use langevin::eval::{BoundTerms, NllOptions, evaluate_nll};
use langevin::sampler::Noise;
use langevin::train::WeightsKind;
use langevin::{SampleOptions, SamplerChoice, TrainedModel};
use langevin_serve::Limits;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::thread;

fn model(served: &Served) -> TrainedModel {
    TrainedModel::load(served.runs.path().join("digits-001"), WeightsKind::Ema).unwrap()
}

/// The file of a job that a client downloads.
fn file(served: &Served, job: &Value, name: &str) -> Vec<u8> {
    let reply = served.get(&format!("/api/v1/jobs/{}/{name}", job["id"].as_str().unwrap()));
    assert_eq!(reply.status, 200, "{name}: {}", reply.text());
    reply.body
}

/// What the library draws by itself, one sample at a time.
fn alone(model: &TrainedModel, sampler: &str, steps: Option<usize>, seed: u64, count: usize) -> Vec<f32> {
    let sampler = SamplerChoice::named(sampler).unwrap();
    let options =
        SampleOptions { count, sampler, steps, noise: Noise::Seed(seed), batch: 1, ..Default::default() };
    model.sample(&options).unwrap()
}

fn npz(model: &TrainedModel, samples: &[f32]) -> Vec<u8> {
    let shape = model.shape();
    encode_npz(&to_bytes(samples), shape.batch(samples.len() / shape.elements())).unwrap()
}

fn body(sampler: &str, steps: usize, seed: u64, count: usize) -> Value {
    json!({"model": MODEL, "sampler": sampler, "steps": steps, "seed": seed, "count": count})
}

#[test]
fn a_sample_is_what_the_seed_gives_alone_whoever_shares_its_passes() {
    let served = Served::digits(Limits::default());
    let model = model(&served);
    // Samplers with different steps, evaluations a step and ends, all at once.
    let wishes = [
        ("ddim", 20, 3, 4),
        ("ddpm", 50, 3, 2),
        ("heun", 7, 11, 5),
        ("dpmpp-2m", 9, 3, 1),
        ("unipc", 6, 5, 3),
        ("euler-ancestral", 13, 1, 7),
        ("pndm", 11, 2, 6),
        ("ddim", 50, 4, 16),
    ];
    let done: Vec<Value> = thread::scope(|scope| {
        let served = &served;
        let ask = |(sampler, steps, seed, count)| {
            scope.spawn(move || served.done("/api/v1/samples", &body(sampler, steps, seed, count)))
        };
        let asked: Vec<_> = wishes.into_iter().map(ask).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    for ((sampler, steps, seed, count), job) in wishes.into_iter().zip(done) {
        let expected = alone(&model, sampler, Some(steps), seed, count);
        assert!(file(&served, &job, "samples.npz") == npz(&model, &expected), "{sampler} in {steps} steps");
        // The picture has the data's own levels, so a last bit may show there.
        let (shape, levels) = (model.shape(), model.settings().levels.unwrap());
        for (index, sample) in expected.chunks(shape.elements()).enumerate() {
            let png = encode_png(sample, [shape.height, shape.width, shape.channels], levels).unwrap();
            assert!(file(&served, &job, &format!("{index}.png")) == png, "{sampler}: {index}");
        }
    }
}

#[test]
fn points_are_equal_to_the_last_bit() {
    let runs = tempfile::tempdir().unwrap();
    trained("swiss-roll", &runs.path().join("roll"), &[]);
    let model = TrainedModel::load(runs.path().join("roll"), WeightsKind::Ema).unwrap();
    let served = Served::start(runs, Limits::default(), |_| {});
    let ask = |sampler: &'static str, seed: u64, count: usize| json!({"model": "roll/step-0000004", "sampler": sampler, "steps": 10, "seed": seed, "count": count});
    let wishes = [("ddim", 1, 300), ("heun", 2, 41), ("dpmpp-2m", 3, 7), ("ddpm", 4, 100)];
    thread::scope(|scope| {
        for (sampler, seed, count) in wishes {
            let (served, model) =
                (&served, TrainedModel::of(model.checkpoint.clone(), WeightsKind::Ema).unwrap());
            scope.spawn(move || {
                let job = served.done("/api/v1/samples", &ask(sampler, seed, count));
                let points: Vec<[f32; 2]> = serde_json::from_value(job["result"]["points"].clone()).unwrap();
                assert_eq!(points.as_flattened(), alone(&model, sampler, Some(10), seed, count), "{sampler}");
            });
        }
    });
    let job = served.done("/api/v1/trajectories", &ask("ddim", 1, 20));
    let result = &job["result"];
    let moments: Vec<Vec<[f32; 2]>> = serde_json::from_value(result["points"].clone()).unwrap();
    let times: Vec<f64> = serde_json::from_value(result["t"].clone()).unwrap();
    assert_eq!((moments.len(), times.len(), times[0], times[10]), (11, 11, 50.0, 0.0));
    assert_eq!(moments[10].as_flattened(), alone(&model, "ddim", Some(10), 1, 20));
    // The field is the score of the same network.
    let field = served.get("/api/v1/field?model=roll/step-0000004&t=25&cells=5").json();
    assert_eq!(field["u"].as_array().map(Vec::len), Some(25));
    assert_eq!(served.post("/api/v1/inpaint", &json!({"model": "roll/step-0000004", "sampler": "ddpm", "count": 1, "picture": "", "mask": ""})).status, 400);
}

#[test]
fn inpainting_changes_the_masked_pixels_alone() {
    let served = Served::digits(Limits::default());
    let digits = data::load("digits", &Default::default()).unwrap();
    let mut known = vec![0.0; 64];
    digits.read(7, &mut known);
    let picture = encode_png(&known, [8, 8, 1], 17).unwrap();
    let mask: Vec<f32> = (0..64).map(|pixel| if pixel % 8 < 3 && pixel >= 24 { 1.0 } else { -1.0 }).collect();
    let mut body = body("ddpm", 20, 0, 3);
    body["picture"] = json!(format!("data:image/png;base64,{}", STANDARD.encode(&picture)));
    body["mask"] = json!(STANDARD.encode(encode_png(&mask, [8, 8, 1], 256).unwrap()));
    body["jump"] = json!(5);
    body["resamples"] = json!(2);
    let job = served.done("/api/v1/inpaint", &body);
    assert!(job["request"].get("picture").is_none());
    let command = job["command"].as_str().unwrap();
    assert!(
        command.contains("--steps 20") && command.contains("--jump 5 --resamples 2 -n 3 --seed 0"),
        "{command}"
    );
    let samples = |bytes: &[u8]| picture_from_bytes(bytes, 100).unwrap().samples;
    let original = samples(&file(&served, &job, "original.png"));
    assert_eq!(original, samples(&picture));
    let mut changed = 0;
    for index in 0..3 {
        let filled = samples(&file(&served, &job, &format!("{index}.png")));
        for pixel in 0..64 {
            match mask[pixel] > 0.0 {
                true => changed += usize::from(filled[pixel] != original[pixel]),
                false => assert_eq!(filled[pixel], original[pixel], "picture {index}, pixel {pixel}"),
            }
        }
    }
    assert!(changed > 20, "{changed} of 45 pixels changed");
    body["mask"] = json!(STANDARD.encode(encode_png(&[1.0; 12], [3, 4, 1], 256).unwrap()));
    assert!(served.post("/api/v1/inpaint", &body).sentence().contains("3x4"));
}

#[test]
fn interpolation_ends_in_the_samples_of_its_seeds() {
    let served = Served::digits(Limits::default());
    let model = model(&served);
    let body =
        json!({"model": MODEL, "sampler": "ddim", "steps": 8, "from_seed": 5, "to_seed": 9, "frames": 4});
    let job = served.done("/api/v1/interpolate", &body);
    let frame = |index: usize| file(&served, &job, &format!("{index}.png"));
    for (index, seed) in [(0, 5), (3, 9)] {
        let expected = encode_png(&alone(&model, "ddim", Some(8), seed, 1), [8, 8, 1], 17).unwrap();
        assert!(frame(index) == expected, "seed {seed}");
    }
    assert!(frame(1) != frame(0) && frame(1) != frame(2));
    for (key, value) in [("sampler", json!("ddpm")), ("eta", json!(0.5)), ("frames", json!(1))] {
        let mut body = body.clone();
        body[key] = value;
        let reply = served.post("/api/v1/interpolate", &body);
        assert_eq!(reply.status, 400, "{key}: {}", reply.text());
    }
}

#[test]
fn denoising_starts_from_the_noisy_picture() {
    let served = Served::digits(Limits::default());
    let picture = STANDARD.encode(encode_png(&[0.25; 64], [8, 8, 1], 256).unwrap());
    let job =
        served.done("/api/v1/denoise", &json!({"model": MODEL, "picture": picture, "from": 12, "seed": 3}));
    assert_eq!((job["steps"].as_u64(), job["result"]["count"].as_u64()), (Some(12), Some(3)));
    let x_t = file(&served, &job, "1.png");
    let shown = served
        .post("/api/v1/diffuse", &json!({"picture": picture, "model": MODEL, "t": [0, 12], "seed": 3}))
        .json();
    let shown = |index: usize| {
        let uri = shown["frames"][index]["png"].as_str().unwrap().split_once(',').unwrap().1.to_owned();
        picture_from_bytes(&STANDARD.decode(uri).unwrap(), 100).unwrap().samples
    };
    // The digits have 17 levels in a PNG of 8 bits, so both are the same bytes.
    assert_eq!(picture_from_bytes(&x_t, 100).unwrap().samples, shown(1));
    let fewer = json!({"model": MODEL, "picture": picture, "from": 12, "steps": 4});
    assert_eq!(served.done("/api/v1/denoise", &fewer)["steps"], 4);
    // What a browser sends of a grey picture has three equal channels and no holes: its noise is grey all the same.
    let colours: Vec<f32> = [0.25, 0.25, 0.25, 1.0].repeat(64);
    let colours = STANDARD.encode(encode_png(&colours, [8, 8, 4], 256).unwrap());
    let body = json!({"picture": colours, "schedule": "linear", "timesteps": 50, "t": [12], "seed": 3});
    let uri = served.post("/api/v1/diffuse", &body).json()["frames"][0]["png"].as_str().unwrap().to_owned();
    let grey = picture_from_bytes(&STANDARD.decode(uri.split_once(',').unwrap().1).unwrap(), 100).unwrap();
    assert_eq!((grey.channels, grey.samples), (1, shown(1)));
    for (from, steps) in [(0, 1), (51, 1), (12, 13), (12, 0)] {
        let body = json!({"model": MODEL, "picture": picture, "from": from, "steps": steps});
        assert_eq!(served.post("/api/v1/denoise", &body).status, 400, "{from} {steps}");
    }
}

#[test]
fn the_terms_are_those_of_evaluate() {
    let served = Served::digits(Limits::default());
    let model = model(&served);
    let job = served.done("/api/v1/terms", &json!({"model": MODEL, "count": 10, "seed": 4}));
    let Settings { levels, .. } = model.settings();
    let data = data::load("digits", &Default::default()).unwrap();
    let terms = BoundTerms {
        network: &model.network,
        process: &model.process,
        bound: model.checkpoint.bound(),
        shape: model.shape(),
        levels: levels.unwrap(),
    };
    let read = |index: usize, out: &mut [f32]| data.read(index * data.len() / 10, out);
    let options = NllOptions { terms: Some(50), seed: 4, batch: 3, classes: Classes::None };
    let go = &mut |_, _| ControlFlow::Continue(());
    let nll = evaluate_nll(&terms, 10, &read, options, &langevin::cpu(), go).unwrap();
    let result = &job["result"];
    assert_eq!(result["total"].as_f64(), Some(nll.total.mean));
    assert_eq!(result["prior"].as_f64(), Some(nll.prior.mean));
    assert_eq!(result["terms"].as_array().map(Vec::len), Some(nll.rows.len()));
}

#[test]
fn schedules_are_those_of_the_library() {
    let served = Served::digits(Limits::default());
    let of_model = served.get(&format!("/api/v1/schedule?model={MODEL}")).json();
    let of_name = served.get("/api/v1/schedule?schedule=linear&timesteps=50").json();
    assert_eq!(of_model["alpha_bar"], of_name["alpha_bar"]);
    let table = model(&served).process.table;
    assert_eq!(of_model["alpha_bar"][49].as_f64(), Some(table.alpha_bar(49)));
    assert_eq!(of_model["posterior_variance"][7].as_f64(), Some(table.posterior_variance(7)));
    let long = served.get("/api/v1/schedule?schedule=cosine&timesteps=4000").json();
    let t: Vec<u64> = serde_json::from_value(long["t"].clone()).unwrap();
    assert_eq!((t.len(), t[0], t[999]), (1000, 1, 4000));
    let some = served.get(&format!("/api/v1/data?model={MODEL}&count=10")).json();
    assert_eq!((some["count"].as_u64(), some["indices"][1].as_u64()), (Some(10), Some(179)));
}

#[test]
fn everything_that_answers_is_described() {
    let served = Served::digits(Limits::default());
    let description = served.get("/api/v1/openapi.json").json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() >= 24, "{}", paths.len());
    for (path, methods) in paths {
        for (method, what) in methods.as_object().unwrap() {
            assert!(what["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            assert!(
                what["responses"].as_object().is_some_and(|responses| !responses.is_empty()),
                "{method} {path}"
            );
        }
    }
    // Every schema that is referred to is there.
    let text = description.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(description["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

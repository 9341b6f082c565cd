//! `langevin inspect`: facts for people, and for programs.

mod common;

use common::files::grey16_folder;
use common::{Place, assert_says};
use serde_json::Value;

fn facts(place: &Place, what: &str) -> Value {
    let text = place.done(&format!("inspect {what} --json")).out;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_model_says_what_it_is() {
    let place = Place::with_digits_model();
    let model = facts(&place, "model");
    assert_eq!((&model["step"], &model["levels"]), (&4.into(), &17.into()));
    assert_eq!(model["shape"], serde_json::json!({"height": 8, "width": 8, "channels": 1}));
    assert_eq!(model["config"]["model"]["channels"], serde_json::json!([8, 16]));
    assert_eq!(model["config"]["train"]["batch"], 4);
    // The parameters are as many as the weights file has numbers: its header says where the last one ends.
    let weights = place.bytes("model/checkpoints/step-0000004/unet/diffusion_pytorch_model.safetensors");
    let header = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    assert_eq!(model["parameters"], (weights.len() - 8 - header) / 4);
    assert_eq!(facts(&place, "model/checkpoints/step-0000004"), model);
    let text = place.done("inspect model").out;
    assert_says(&text, &["4 of 4 steps", "8x8", "U-Net", "parameters", "[train]"]);
}

#[test]
fn a_data_set_says_what_it_is() {
    let place = Place::new();
    let digits = facts(&place, "digits");
    // UCI's own count of each digit in this set.
    let counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
    for (digit, count) in counts.iter().enumerate() {
        assert_eq!(digits["classes"][digit.to_string()], *count);
    }
    assert_eq!((&digits["count"], &digits["kind"]), (&1797.into(), &"pictures".into()));
    let roll = facts(&place, "swiss-roll");
    assert_eq!((&roll["kind"], &roll["levels"]), (&"points".into(), &Value::Null));
    grey16_folder(&place.path("pictures"), 3, 20, 28);
    let folder = facts(&place, "pictures");
    for (name, value) in [("count", 3), ("height", 20), ("width", 28), ("channels", 1), ("levels", 65_536)] {
        assert_eq!(folder[name], value, "{name}");
    }
    assert_eq!(facts(&place, "pictures --size 10x14 --channels rgb")["channels"], 3);
    assert_says(&place.done("inspect pictures").out, &["3 pictures", "20x28", "mean"]);
}

#[test]
fn a_run_without_a_checkpoint_is_no_data_set() {
    let place = Place::with_digits_model();
    std::fs::remove_dir_all(place.path("model/checkpoints")).unwrap();
    assert_says(&place.failed("inspect model"), &["model was stopped before its first checkpoint", "--out"]);
}

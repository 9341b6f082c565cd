//! Files with one thing changed: a key of TOML or JSON, an entry of a safetensors header.

use serde_json::{Value, json};

/// Values that few settings expect, as TOML has them: the ends of each type, and other types.
pub const ODD: &[&str] = &[
    "0",
    "1",
    "-1",
    "3",
    "0.5",
    "1e-300",
    "1e300",
    "inf",
    "nan",
    "100000",
    "9223372036854775807",
    "18446744073709551615",
    "\"x\"",
    "[]",
    "[0]",
    "[1,2,3]",
    "true",
    "{}",
];

/// The text once without each of its keys, and once with each value for each of them.
pub fn toml(text: &str, values: &[&str]) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut edited = Vec::new();
    for (at, key) in lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.split_once(" = ")?.0))) {
        let with = |line: Option<String>| {
            let (before, after) = (&lines[..at], &lines[at + 1..]);
            let kept = before.iter().map(|line| (*line).to_owned());
            kept.chain(line).chain(after.iter().map(|line| (*line).to_owned())).collect::<Vec<_>>().join("\n")
        };
        edited.push(with(None));
        edited.extend(values.iter().map(|value| with(Some(format!("{key} = {value}")))));
    }
    edited
}

/// The document once without each of its fields, and once with each of some odd values for each of them.
pub fn json(text: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(text).unwrap();
    let mut places = Vec::new();
    collect(&document, "", &mut places);
    let odd = [
        json!(0),
        json!(-1),
        json!(3),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!("x"),
        json!([]),
        json!([8, 16, 16]),
        json!(true),
        json!({}),
        Value::Null,
    ];
    let mut edited = Vec::new();
    for place in places {
        for value in &odd {
            let mut document = document.clone();
            *document.pointer_mut(&place).unwrap() = value.clone();
            edited.push(document.to_string());
        }
        let (parent, key) = place.rsplit_once('/').unwrap();
        let mut document = document.clone();
        if let Some(Value::Object(fields)) = document.pointer_mut(parent) {
            fields.remove(key);
            edited.push(document.to_string());
        }
    }
    edited
}

/// The pointers of everything in a document.
fn collect(value: &Value, place: &str, places: &mut Vec<String>) {
    let mut below = |key: String, value: &Value| {
        let place = format!("{place}/{key}");
        places.push(place.clone());
        collect(value, &place, places);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value))
        }
        _ => {}
    }
}

/// A safetensors file with other numbers, other entries, or other lengths.
pub fn safetensors(bytes: &[u8]) -> Vec<Vec<u8>> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let data = &bytes[8 + length..];
    let join = |header: &Value, data: &[u8]| {
        let header = header.to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    };
    let mut edited: Vec<Vec<u8>> = [f32::NAN, f32::INFINITY, f32::MAX, 0.0]
        .iter()
        .map(|value| join(&header, &value.to_le_bytes().repeat(data.len() / 4)))
        .collect();
    edited.push(join(&json!({}), data));
    edited.push(Vec::new());
    edited.push(bytes[..8].to_vec());
    edited.push(bytes[..bytes.len() - 1].to_vec());
    edited.push([bytes, &[0]].concat());
    edited.extend([1 << 40, u64::MAX].map(|length: u64| [&length.to_le_bytes()[..], &bytes[8..]].concat()));
    let names: Vec<&String> =
        header.as_object().unwrap().keys().filter(|name| !name.starts_with('_')).collect();
    for name in [names[0], names[names.len() / 2], names[names.len() - 1]] {
        for (field, value) in [
            ("dtype", json!("F16")),
            ("dtype", json!("I64")),
            ("dtype", json!("X")),
            ("shape", json!([])),
            ("shape", json!([0])),
            ("shape", json!([1])),
            ("shape", json!([1_u64 << 32, 1_u64 << 32])),
            ("data_offsets", json!([0, 0])),
            ("data_offsets", json!([4, 0])),
            ("data_offsets", json!([0, u64::MAX])),
        ] {
            let mut header = header.clone();
            header[name][field] = value;
            edited.push(join(&header, data));
        }
        let mut other = header.clone();
        let entry = other.as_object_mut().unwrap().remove(name).unwrap();
        edited.push(join(&other, data));
        other[format!("{name}.other")] = entry;
        edited.push(join(&other, data));
    }
    edited
}

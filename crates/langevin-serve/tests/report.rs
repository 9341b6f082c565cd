//! The report of a run, read by a parser of HTML that is not ours.

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::trained;
use html5gum::{DefaultEmitter, Token, Tokenizer};
use langevin_serve::{ReportError, report};
use serde_json::Value;
use std::fs;

/// A name that a careless page would run.
const NAME: &str = "<img src=x onerror=alert(1)>&\"'";

/// An element: its name, its attributes, and the text that follows it.
type Element = (String, Vec<(String, String)>, String);

/// Elements in order.
fn elements(page: &str) -> Vec<Element> {
    let mut found: Vec<Element> = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut emitter = DefaultEmitter::default();
    // So that scripts and styles are text.
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page, emitter).flatten() {
        match token {
            Token::StartTag(tag) => {
                let attributes =
                    tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect();
                found.push((text(&tag.name), attributes, String::new()));
            }
            Token::String(words) => {
                if let Some((_, _, text_of_it)) = found.last_mut() {
                    text_of_it.push_str(&text(&words));
                }
            }
            Token::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    found
}

fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_report_has_everything_and_asks_for_nothing() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join(NAME);
    trained(
        "digits",
        &run,
        &["train.steps=6", "sample.grid_every=2", "description=</script><script>alert(2)</script>"],
    );
    let page = report(&run).unwrap();
    let elements = elements(&page);
    let of = |name: &'static str| elements.iter().filter(move |(known, ..)| known == name);
    // Nothing is loaded, and nothing runs but what was written down by its hash.
    for (name, attributes, _) in &elements {
        for (key, value) in attributes {
            assert!(!key.starts_with("on"), "{name} {key}");
            if ["src", "href", "action", "srcset", "data", "poster"].contains(&key.as_str()) {
                assert!(value.starts_with("data:") || value.starts_with('#'), "{name} {key}={value}");
            }
        }
    }
    let meta = of("meta").find_map(|(_, attributes, _)| {
        let policy = attribute(attributes, "http-equiv") == Some("Content-Security-Policy");
        policy.then(|| attribute(attributes, "content")).flatten()
    });
    let policy = meta.expect("a policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src 'unsafe"), "{policy}");
    assert_eq!(of("script").count(), 3, "the metrics, the charts and the page's own");
    // Text stays text.
    let (.., title) = of("title").next().unwrap();
    let (.., heading) = of("h1").next().unwrap();
    assert!(title.contains(NAME) && heading.contains(NAME), "{title} {heading}");
    let (.., config) =
        of("code").find(|(_, attributes, _)| attribute(attributes, "id") == Some("config")).unwrap();
    assert_eq!(config.trim_end(), fs::read_to_string(run.join("config.toml")).unwrap().trim_end());
    assert!(config.contains("</script><script>"));
    // The numbers, and the pictures.
    let (.., metrics) =
        of("script").find(|(_, attributes, _)| attribute(attributes, "id") == Some("metrics")).unwrap();
    let metrics: Vec<Value> = serde_json::from_str(metrics).unwrap();
    let written = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let written: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(metrics.len(), 6);
    for (shown, written) in metrics.iter().zip(&written) {
        for key in ["step", "loss", "grad_norm", "images_per_second", "loss_quarters"] {
            assert_eq!(shown[key], written[key], "{key}");
        }
    }
    let files = ["samples/step-0000002.png", "samples/step-0000004.png", "final.png"];
    let shown: Vec<Vec<u8>> = of("img")
        .map(|(_, attributes, _)| {
            let source =
                attribute(attributes, "src").unwrap().strip_prefix("data:image/png;base64,").unwrap();
            assert!(attribute(attributes, "alt").is_some_and(|words| !words.is_empty()));
            STANDARD.decode(source).unwrap()
        })
        .collect();
    assert_eq!(shown.len(), files.len());
    for (shown, file) in shown.iter().zip(files) {
        assert!(*shown == fs::read(run.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn what_is_no_run_has_no_report() {
    let place = tempfile::tempdir().unwrap();
    let error = report(place.path()).unwrap_err();
    assert!(matches!(error, ReportError::NotARun { .. }), "{error}");
}

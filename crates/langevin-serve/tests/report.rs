//! The report of a run, read by a parser of HTML that is not ours.

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::trained;
use html5gum::{DefaultEmitter, Token, Tokenizer};
use langevin::config::builtin_recipe;
use langevin::render::{RgbImage, save_png};
use langevin_serve::{ReportError, report};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

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

/// The text of the first element of a kind, or of the one with an id.
fn text_of(page: &str, kind: &str, id: Option<&str>) -> String {
    let is_it =
        |(name, attributes, _): &Element| name == kind && (id.is_none() || attribute(attributes, "id") == id);
    elements(page).into_iter().find(is_it).map(|(.., text)| text).unwrap()
}

/// A run that was written by hand: metrics of so many lines, measured each hundredth, and grids at some steps.
fn written(lines: u64, grids: &[u64]) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join(NAME);
    fs::create_dir_all(run.join("checkpoints/step-0000400")).unwrap();
    fs::create_dir_all(run.join("samples")).unwrap();
    let config =
        format!("# </script></pre><!-- {{{{name}}}} &amp;\n{}", builtin_recipe("digits").unwrap().to_toml());
    fs::write(run.join("config.toml"), config).unwrap();
    let line = |step: u64| {
        let measured = step.is_multiple_of(100).then_some(3.5 + 1.0 / step as f64);
        json!({"step": step, "loss": 0.1 + 1.0 / step as f64, "loss_quarters": [0.5, null, 0.25, 0.125], "grad_norm": 2.0,
            "lr": 1e-3, "images_per_second": 812.5, "frechet": measured})
    };
    let metrics: String = (1..=lines).map(|step| format!("{}\n", line(step))).collect();
    fs::write(run.join("metrics.jsonl"), metrics).unwrap();
    grids.iter().for_each(|&step| grid(&run, step));
    (place, run)
}

fn grid(run: &Path, step: u64) {
    let image = RgbImage::from_pixel(6, 4, [step as u8, 90, 200].into());
    save_png(run.join(format!("samples/step-{step:07}.png")), &image).unwrap();
}

#[test]
fn a_comment_and_a_name_stay_text_in_html_and_in_a_shell() {
    let (_place, run) = written(250, &[]);
    let page = report(&run).unwrap();
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    assert_eq!(text_of(&page, "code", Some("config")).trim_end(), config.trim_end());
    let text: String = elements(&page).into_iter().map(|(.., text)| text).collect();
    assert!(
        text.contains(
            "langevin sample '<img src=x onerror=alert(1)>&\"'\\''/checkpoints/step-0000400' -n 16"
        )
    );
    let table = "Loss</th><td>0.104</td><td>250</td><td>0.104 <small>least</small></td><td>250<";
    assert!(page.contains(table) && page.contains("<td>3.505</td><td>200</td>"));
}

#[test]
fn long_metrics_are_thinned_and_the_page_says_so() {
    let (_place, run) = written(9_000, &[]);
    let page = report(&run).unwrap();
    let metrics: Vec<Value> = serde_json::from_str(&text_of(&page, "script", Some("metrics"))).unwrap();
    assert!((1_900..=2_001).contains(&metrics.len()), "{}", metrics.len());
    assert_eq!(metrics.iter().filter(|line| line["frechet"].is_number()).count(), 90);
    assert!(page.contains("of 9,000 lines of metrics are drawn"));
}

#[test]
fn grids_beyond_twenty_megabytes_are_thinned_and_what_is_no_picture_is_left_out() {
    let (_place, run) = written(10, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for step in 1..=9 {
        // A PNG may be followed by anything.
        let path = run.join(format!("samples/step-{step:07}.png"));
        let png = fs::read(&path).unwrap();
        fs::write(&path, [png, vec![0; 3 << 20]].concat()).unwrap();
    }
    let captions = |page: &str| -> Vec<String> {
        elements(page)
            .into_iter()
            .filter(|(name, ..)| name == "figcaption")
            .map(|(.., text)| text.trim().into())
            .collect()
    };
    let page = report(&run).unwrap();
    assert_eq!(captions(&page), ["step 1", "step 2", "step 4", "step 5", "step 7", "step 9"]);
    assert!(page.contains("6 of 9 grids are in this file"));
    fs::write(run.join("samples/step-0000001.png"), "<svg onload=alert(1)>, which is long enough to be one")
        .unwrap();
    assert_eq!(captions(&report(&run).unwrap())[0], "step 2");
}

#[test]
fn a_run_that_has_only_begun_has_a_report_too() {
    let (_place, run) = written(0, &[]);
    fs::remove_file(run.join("metrics.jsonl")).unwrap();
    fs::write(run.join("config.toml"), b"no = \xffTOML").unwrap();
    let page = report(&run).unwrap();
    for said in ["Nothing was measured yet", "No grid of samples was drawn", "step-0000400"] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!(text_of(&page, "code", Some("config")).trim_end(), "no = \u{fffd}TOML");
}

#[test]
fn what_is_no_run_has_no_report() {
    let (place, run) = written(1, &[]);
    let error = report(place.path()).unwrap_err();
    assert!(matches!(error, ReportError::NotARun { .. }), "{error}");
    fs::remove_file(run.join("metrics.jsonl")).unwrap();
    fs::create_dir(run.join("metrics.jsonl")).unwrap();
    assert!(matches!(report(&run).unwrap_err(), ReportError::Read { .. }));
}

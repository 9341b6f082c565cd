//! Our records against those of TensorBoard's own package, byte by byte.
//!
//! They are made by `tests/parity/tensorboard/generate.py`, which has values, tags and the form of each event once more.

use super::event::Event;
use super::record::record;
use super::{EventLog, has_events, last_time};
use crate::train::metrics::MetricsLine;
use prost::Message;
use safetensors::SafeTensors;
use std::path::Path;

/// A line with every number that there can be.
const LINE: MetricsLine = MetricsLine {
    step: 1_234_567,
    loss: Some(0.1),
    loss_max: Some(0.2),
    loss_quarters: Some([Some(0.75), None, Some(0.0), Some(1e-3)]),
    vlb: Some(3.75),
    holdout_loss: Some(0.3),
    holdout_accuracy: None,
    grad_norm: Some(1.5),
    grad_norm_max: Some(1e30),
    lr: 2e-4,
    skipped: Some(3),
    spikes: Some(16_777_217),
    images_per_second: 1234.5,
    frechet: Some(12.5),
    nll: Some(2.9),
};

#[test]
fn every_record_is_that_of_tensorboards_package() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tensorboard/vectors.safetensors");
    let bytes = std::fs::read(file).unwrap();
    let vectors = SafeTensors::deserialize(&bytes).unwrap();
    let array = |name: &str| vectors.tensor(name).unwrap().data();
    let config = std::str::from_utf8(array("config")).unwrap();
    let without = MetricsLine { step: 7, loss: None, loss_max: None, loss_quarters: None, ..LINE };
    let small = MetricsLine {
        vlb: None,
        holdout_loss: None,
        holdout_accuracy: None,
        grad_norm: None,
        grad_norm_max: None,
        skipped: None,
        spikes: None,
        frechet: None,
        nll: None,
        ..without
    };
    let mut version = Event::version(1.75e9);
    version.source.as_mut().unwrap().writer = "langevin".to_owned();
    let events = [
        ("version", version),
        ("start", Event::start(1_750_000_000.25, 500)),
        ("line", Event::scalars(1_750_000_001.125, &LINE)),
        ("small_line", Event::scalars(1_750_000_002.5, &small)),
        ("grid", Event::grid(1_750_000_003.0, 1000, array("png").to_vec()).unwrap()),
        ("grey_grid", Event::grid(1_750_000_003.5, 2000, array("grey_png").to_vec()).unwrap()),
        ("config", Event::config(1_750_000_004.0, 0, config)),
        ("long_config", Event::config(1_750_000_005.0, 20, &format!("{config}\n\n"))),
    ];
    for (name, event) in events {
        let (ours, theirs) = (record(&event.encode_to_vec()), array(&format!("record.{name}")));
        assert_eq!(ours, theirs, "{name}: {event:?}");
        assert_eq!(Event::decode(&ours[12..ours.len() - 4]).unwrap(), event);
    }
    assert_eq!(vectors.names().iter().filter(|name| name.starts_with("record.")).count(), 8);
}

#[test]
fn what_is_no_png_is_no_grid() {
    assert!(Event::grid(0.0, 0, b"GIF89a".to_vec()).is_err());
    let folder = tempfile::tempdir().unwrap();
    let (mut log, path) = (EventLog::begin(folder.path(), 0).unwrap(), folder.path().join("grid.png"));
    let missing = log.add_grid(1, &path).unwrap_err().to_string();
    assert!(missing.contains("grid.png"), "{missing}");
}

#[test]
fn every_file_sorts_after_those_before() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!has_events(folder.path()));
    // One of a clock that was ahead, and names that are not ours to count from.
    for name in ["4000000000.elsewhere", "99999999999999", "x.y", ""] {
        std::fs::write(folder.path().join(format!("events.out.tfevents.{name}")), b"").unwrap();
    }
    for number in 1..4 {
        let log = EventLog::begin(folder.path(), number).unwrap();
        assert_eq!(last_time(folder.path()).unwrap(), Some(4_000_000_000 + number));
        assert!(log.path().ends_with(format!("events.out.tfevents.{}.langevin", 4_000_000_000 + number)));
    }
    assert!(has_events(folder.path()));
}

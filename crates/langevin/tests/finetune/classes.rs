//! Classes of the model and of the new data.

use super::{LABELS, Place, answer, begun, near, settled, steps, trainer};
use langevin::data;
use langevin::train::{Checkpoint, InitError, Transfer, TransferError, WeightsKind, check_samples};
use std::fs;

#[test]
fn classes_that_stay_are_drawn_as_before_and_new_ones_as_no_class() {
    let place = Place::new();
    let (old, new) = (place.classes("old", &["b", "d", "e"]), place.classes("new", &["a", "b", "c", "d"]));
    let (trained, model) = place.trained("model", &old, &[LABELS]);
    let (before, begun) = (trained.network(WeightsKind::Ema), begun(&model, &new, &[LABELS]));
    for kind in [WeightsKind::Raw, WeightsKind::Ema] {
        let after = begun.network(kind);
        for (old, new) in [(0, 1), (1, 3)] {
            assert_eq!(answer(&before, Some(old)), answer(&after, Some(new)));
        }
        let none = answer(&before, None);
        for class in [None, Some(0), Some(2), Some(4)] {
            assert_eq!(answer(&after, class), none, "{class:?}");
        }
        assert_ne!(none, answer(&after, Some(1)));
    }
    let summary = Transfer::plan(&model, begun.settings()).unwrap().summary.unwrap();
    let expected =
        "2 of 4 classes keep their vectors; new, beginning as the model's null class: a, c; left out: e";
    assert_eq!(summary, expected);
}

#[test]
fn a_model_without_classes_begins_to_learn_them_as_it_was() {
    let place = Place::new();
    let pictures = place.classes("pictures", &["a", "b", "c"]);
    let (trained, model) = place.trained("model", &pictures, &[]);
    let before = answer(&trained.network(WeightsKind::Ema), None);
    assert!(before.iter().any(|&value| value != 0.0));
    let mut begun = begun(&model, &pictures, &[LABELS]);
    let after = begun.network(WeightsKind::Raw);
    for class in [None, Some(0), Some(2), Some(3)] {
        assert_eq!(answer(&after, class), before, "{class:?}");
    }
    steps(&mut begun, 3);
    let learned = begun.network(WeightsKind::Raw);
    assert_ne!(answer(&learned, Some(0)), answer(&learned, Some(1)));
}

#[test]
fn a_network_without_classes_begins_as_the_null_class() {
    let place = Place::new();
    let pictures = place.classes("pictures", &["a", "b"]);
    let (trained, model) = place.trained("model", &pictures, &[LABELS]);
    let before = answer(&trained.network(WeightsKind::Ema), None);
    let begun = begun(&model, &pictures, &[]);
    assert!(near(&answer(&begun.network(WeightsKind::Raw), None), &before));
    let (_, bare) = place.trained("bare", &pictures, &[LABELS, "train.label_dropout=0"]);
    let mut refused = trainer(&pictures, &[]);
    let error = refused.init_from(&bare, WeightsKind::Ema).unwrap_err();
    assert!(matches!(error, InitError::Transfer(TransferError::NoNullClass { classes: 2, .. })), "{error}");
    assert!(error.to_string().contains("add --labels"), "{error}");
}

/// What diffusers saved knows classes by their numbers.
#[test]
fn classes_of_a_pipeline_are_matched_by_number() {
    let place = Place::new();
    let (old, new) = (place.classes("old", &["a", "b"]), place.classes("new", &["c", "d"]));
    let (trained, model) = place.trained("model", &old, &[LABELS, "train.label_dropout=0"]);
    fs::remove_dir_all(model.folder.join("langevin")).unwrap();
    let pipeline = Checkpoint::open(&model.folder).unwrap();
    assert!(pipeline.pipeline.is_some());
    let (before, begun) = (trained.network(WeightsKind::Ema), begun(&pipeline, &new, &[LABELS]));
    let after = begun.network(WeightsKind::Raw);
    for class in [0, 1] {
        assert_eq!(answer(&before, Some(class)), answer(&after, Some(class)));
    }
    let summary = Transfer::plan(&pipeline, begun.settings()).unwrap().summary.unwrap();
    assert!(summary.contains("all 2 classes") && summary.contains("matched by number"), "{summary}");
    let record = begun.settings().recipe.train.init.clone().unwrap();
    assert_eq!((record.step, record.manifest), (None, None));
}

#[test]
fn data_of_other_channels_are_refused_in_words() {
    let place = Place::new();
    let pictures = place.classes("pictures", &["a", "b"]);
    let (_, model) = place.trained("model", &pictures, &[]);
    let (_, grey) = settled(&pictures, &[]);
    check_samples(&model, &grey).unwrap();
    let colour = data::DataOptions { channels: Some(data::Channels::Rgb), ..Default::default() };
    let message = check_samples(&model, &data::load(&pictures, &colour).unwrap()).unwrap_err().to_string();
    assert!(message.contains("1 channel") && message.contains("--channels grey"), "{message}");
    let points = data::load("two-moons", &data::DataOptions::default()).unwrap();
    let message = check_samples(&model, &points).unwrap_err().to_string();
    assert!(message.contains("the data are points") && message.contains("another model"), "{message}");
}

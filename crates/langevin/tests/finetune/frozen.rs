//! Parts of a network that keep their weights.

use super::{LABELS, Place, begun, settled, steps};
use langevin::models::weights::weights_of;
use langevin::train::{Checkpoint, Trainer, TrainerError, WeightsKind, learning_parameters};
use std::fs;
use std::path::Path;

const FREEZE: &str = "train.freeze=[\"down\", \"time\", \"up.0.attention\", \"middle.block1.conv1.weight\"]";

fn is_frozen(name: &str) -> bool {
    ["down.", "time.", "up.0.attention.", "middle.block1.conv1.weight"]
        .iter()
        .any(|part| name.starts_with(part))
}

#[test]
fn frozen_parts_keep_every_bit_and_all_others_learn() {
    let place = Place::new();
    let pictures = place.classes("pictures", &["a", "b"]);
    let (_, model) = place.trained("model", &pictures, &[LABELS]);
    let mut begun = begun(&model, &pictures, &[LABELS, FREEZE]);
    let before = weights_of(&begun.network(WeightsKind::Raw));
    let learns =
        before.iter().filter(|(name, _)| !is_frozen(name)).map(|(_, array)| array.values.len() as u64);
    assert_eq!(learning_parameters(begun.settings()).unwrap(), learns.sum::<u64>());
    steps(&mut begun, 4);
    for kind in [WeightsKind::Raw, WeightsKind::Ema] {
        for (name, array) in weights_of(&begun.network(kind)) {
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let same = bits(&array.values) == bits(&before[&name].values);
            assert_eq!(same, is_frozen(&name), "{name}, {kind:?}");
        }
    }
}

/// The squares of the norms of two parts of a gradient add up to that of the whole.
#[test]
fn frozen_parts_do_not_count_in_the_norm() {
    let place = Place::new();
    let pictures = place.classes("pictures", &["a", "b"]);
    let (_, model) = place.trained("model", &pictures, &[]);
    let norm = |freeze: &str| begun(&model, &pictures, &[freeze]).step().grad_norm;
    let (lower, upper) =
        ("\"time\", \"conv_in\", \"down\"", "\"middle\", \"up\", \"norm_out\", \"conv_out\"");
    let whole = norm("train.freeze=[]");
    let (one, other) = (norm(&format!("train.freeze=[{lower}]")), norm(&format!("train.freeze=[{upper}]")));
    assert!(one > 0.0 && other > 0.0);
    assert!(((one * one + other * other).sqrt() - whole).abs() < 1e-5 * whole, "{one} {other} {whole}");
}

#[test]
fn what_cannot_be_frozen_is_said() {
    let place = Place::new();
    let pictures = place.classes("pictures", &["a", "b"]);
    let all = "[\"time\", \"conv_in\", \"down\", \"middle\", \"up\", \"norm_out\", \"conv_out\"]";
    for (freeze, said) in [
        ("[\"classes\"]", "it has conv_in, conv_out, down, middle, norm_out, time, up"),
        ("[\"up.0.attentions\"]", "\"up.0\" has attention, blocks, upsample"),
        (all, "nothing would learn"),
    ] {
        let (settings, data) = settled(&pictures, &[&format!("train.freeze={freeze}")]);
        let error = learning_parameters(&settings).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        let refused = Trainer::new(settings, data, &langevin::cpu()).err().unwrap();
        assert!(matches!(refused, TrainerError::Freeze(_)) && refused.to_string() == error, "{refused}");
    }
}

/// The model that the run began from is gone by then.
#[test]
fn a_frozen_run_goes_on_as_if_it_had_never_stopped() {
    let place = Place::new();
    let (old, new) = (place.classes("old", &["a", "b"]), place.classes("new", &["b", "c", "d"]));
    let (_, model) = place.trained("model", &old, &[LABELS]);
    let changes = [LABELS, FREEZE];
    let mut whole = begun(&model, &new, &changes);
    let mut first = begun(&model, &new, &changes);
    let record = first.settings().recipe.train.init.clone().unwrap();
    assert_eq!(Path::new(&record.model), fs::canonicalize(&model.folder).unwrap());
    assert_eq!((record.step, record.manifest.as_ref().map(String::len)), (Some(5), Some(64)));
    fs::remove_dir_all(&model.folder).unwrap();
    let losses = steps(&mut whole, 7);
    steps(&mut first, 3);
    first.save(&place.path("step-0000003")).unwrap();
    let checkpoint = Checkpoint::open(&place.path("step-0000003")).unwrap();
    assert_eq!(checkpoint.settings.recipe, first.settings().recipe);
    assert_eq!(checkpoint.settings.recipe.train.init, Some(record));
    let (_, data) = settled(&new, &changes);
    let mut second = Trainer::new(checkpoint.settings.clone(), data, &langevin::cpu()).unwrap();
    second.resume_from(&checkpoint).unwrap();
    assert_eq!(steps(&mut second, 4), losses[3..]);
    let (one, other) = (place.path("one"), place.path("other"));
    whole.save(&one).unwrap();
    second.save(&other).unwrap();
    for file in fs::read_dir(one.join("langevin")).unwrap() {
        let name = Path::new("langevin").join(file.unwrap().file_name());
        // Where the time goes is another matter.
        if !["state.json", "manifest.json"].iter().any(|timed| name.ends_with(timed)) {
            assert!(fs::read(one.join(&name)).unwrap() == fs::read(other.join(&name)).unwrap(), "{name:?}");
        }
    }
}

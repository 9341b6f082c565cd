//! What computes is chosen by the environment; every choice gives the same training, to within rounding.

mod common;

use common::files::npy;
use common::{Place, TINY, assert_says};

/// The losses of three steps on the digits, with a variable set.
fn losses(place: &Place, variable: &str, word: &str) -> Vec<f64> {
    let run = format!("{variable}-{word}");
    let arguments =
        format!("train digits {TINY} --steps 3 --set train.log_every=1 --no-grid --quiet --out {run}");
    let ran = place.command(&arguments).env(variable, word).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    place.metrics(&run).iter().map(|line| line["loss"].as_f64().unwrap()).collect()
}

#[test]
fn slower_ways_to_compute_give_the_same_losses() {
    let place = Place::new();
    let expected = losses(&place, "LANGEVIN_OPS", "kernels");
    assert_eq!(expected.len(), 3);
    for (variable, word) in [("LANGEVIN_OPS", "burn"), ("LANGEVIN_ISA", "portable")] {
        for (step, (loss, expected)) in losses(&place, variable, word).into_iter().zip(&expected).enumerate()
        {
            let message = format!("{variable}={word}, step {}: {loss} for {expected}", step + 1);
            assert!((loss / expected - 1.0).abs() < 1e-3, "{message}");
        }
    }
}

#[test]
fn a_choice_that_there_is_not_is_refused() {
    let place = Place::new();
    for (variable, parts) in
        [("LANGEVIN_ISA", ["portable", "LANGEVIN_ISA"]), ("LANGEVIN_OPS", ["kernels", "burn"])]
    {
        let ran = place.command("train digits --steps 1 --out run").env(variable, "abacus").output().unwrap();
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
        let message = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(message.lines().count(), 1, "{message}");
        assert_says(&message, &["error: ", variable, "'abacus'", parts[0], parts[1]]);
        assert!(!place.exists("run"));
    }
}

#[test]
fn exact_samples_are_the_same_to_within_rounding() {
    let place = Place::with_digits_model();
    let draw = |out: &str, more: &str| {
        let arguments = format!("sample model -n 2 --steps 3 --quiet --out {out}.npy {more}");
        let ran = place.command(&arguments).env("LANGEVIN_OPS", "kernels").output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        npy(&place.path(format!("{out}.npy"))).1
    };
    let (fast, exact) = (draw("fast", ""), draw("exact", "--exact"));
    let worst = fast.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(fast.iter().chain(&exact).all(|v| v.is_finite()) && worst > 0.0 && worst < 1e-3, "{worst}");
}

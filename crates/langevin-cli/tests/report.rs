//! `langevin report`: a run as one file.

mod common;

use common::{Place, assert_says};

#[test]
fn a_run_becomes_one_file() {
    let place = Place::new();
    place.done("train --steps 2 --batch 4 --no-grid --quiet --out first");
    let told = place.done("report first").out;
    assert_says(&told, &["first.html", "no other file"]);
    let page = place.text("first.html");
    assert!(
        page.to_ascii_lowercase().starts_with("<!doctype html>")
            && page.contains("first")
            && page.contains("</html>")
    );
    place.done("report first --out other.HTML");
    assert!(place.exists("other.HTML"));
}

#[test]
fn what_cannot_be_told_of_is_refused_in_a_sentence() {
    let place = Place::new();
    std::fs::create_dir(place.path("empty")).unwrap();
    assert_says(&place.refused("report nothing"), &["nothing", "no run"]);
    assert_says(&place.refused("report empty"), &["empty", "no run"]);
    place.done("train --steps 1 --batch 4 --no-grid --quiet --out run");
    assert_says(&place.refused("report run --out run.pdf"), &["run.pdf", ".html"]);
}

//! `langevin report`: a run as one file.

mod common;

use common::{Place, TINY, assert_says};

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

#[test]
fn the_page_tells_what_inspect_tells_wherever_it_is_called() {
    let place = Place::new();
    place.done(&format!("train digits {TINY} --steps 4 --quiet --out runs/mine"));
    place.done("report runs/mine/");
    let page = place.text("mine.html");
    assert_says(
        &page,
        &["<h1>mine</h1>", "finished", "4 of 4", "data:image/png;base64,", "[model]", "step 4<"],
    );
    assert_says(&page, &["langevin sample mine/checkpoints/step-0000004 -n 16"]);
    let inspected = place.done("inspect runs/mine").out;
    let parameters = inspected.lines().find_map(|line| line.strip_prefix("parameters")).unwrap().trim();
    assert_says(&page, &[&format!("<dt>Parameters</dt><dd>{parameters}</dd>")]);
    let here = place.command("report .").current_dir(place.path("runs/mine")).output().unwrap();
    assert!(here.status.success() && place.text("runs/mine/mine.html") == page);
}

#[test]
fn points_have_one_and_a_page_that_cannot_be_written_is_told() {
    let place = Place::with_points_model();
    place.done("report model");
    assert_says(&place.text("model.html"), &["Points per second", "No grid of samples was drawn"]);
    assert_says(&place.failed("report model --out no/such/page.html"), &["cannot write no/such/page.html"]);
}

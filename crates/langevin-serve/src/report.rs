//! A run as one HTML file: curves, grids, settings and measures, for a colleague who has neither the run nor Langevin.
//!
//! The file needs no other. Its scripts are named in its policy by their hashes: the browser runs no other and loads
//! nothing, so that the file stays what it was made to be wherever it is opened.

mod html;
mod numbers;
mod parts;
mod values;

use crate::runs::{Record, RecordError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use html::{Html, fill, json, text};
use sha2::{Digest, Sha256};
use std::path::Path;

const TEMPLATE: &str = include_str!("../assets/report.html");
const STYLE: &str = include_str!("../assets/report.css");
const SCRIPT: &str = include_str!("../assets/report.js");
const UPLOT: &str = include_str!("../assets/uplot.iife.min.js");
const UPLOT_STYLE: &str = include_str!("../assets/uplot.min.css");
const ICON: &str = include_str!("../assets/icon.svg");

/// Why there is no report of a run.
pub type ReportError = RecordError;

/// The run in `root` as one file.
///
/// It is told as it stands: of one that is in training or was stopped there is a report as well.
///
/// # Errors
/// If there is no run, or one of its files cannot be read.
pub fn report(root: &Path) -> Result<String, ReportError> {
    let record = Record::read(root)?;
    let drawn = values::drawn(&record.lines);
    let points = record.summary.shape.as_deref() == Some("points");
    let pieces = [
        ("policy", policy()),
        ("icon", Html::ours(STANDARD.encode(ICON))),
        ("style", Html::ours(format!("{UPLOT_STYLE}\n{STYLE}"))),
        ("name", text(&record.summary.name)),
        ("state", parts::state(&record.summary)),
        ("facts", parts::facts(&record)),
        ("values", parts::values(&record.lines, points)),
        ("curves", parts::curves(&record.lines, drawn.len())),
        ("samples", parts::samples(&record, points)),
        ("config", text(&record.config)),
        ("checkpoints", parts::checkpoints(&record.summary)),
        ("version", text(env!("CARGO_PKG_VERSION"))),
        ("metrics", json(&drawn)),
        ("uplot", Html::ours(UPLOT)),
        ("script", Html::ours(SCRIPT)),
    ];
    Ok(fill(TEMPLATE, &pieces))
}

/// What a browser may do for the file: run its two scripts, use its style, show the pictures that are in it.
fn policy() -> Html {
    let hash = |script: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
    Html::ours(format!(
        "default-src 'none'; script-src {} {}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(UPLOT),
        hash(SCRIPT),
    ))
}

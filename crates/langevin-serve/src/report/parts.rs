//! The parts of the page that differ from run to run.

use super::html::{Html, text};
use super::numbers::{date, thousands};
use super::values::rows;
use crate::runs::{Grid, Record, RunState, RunSummary};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use langevin::train::MetricsLine;

/// How the run stands, in a word.
pub fn state(summary: &RunSummary) -> Html {
    Html::ours(match summary.state {
        RunState::Training => "in training",
        RunState::Finished => "finished",
        RunState::Stopped => "stopped",
    })
}

/// What the run is, as terms and their descriptions; what is not known is left out.
pub fn facts(record: &Record) -> Html {
    let (summary, recipe) = (&record.summary, record.recipe.as_ref());
    let facts = [
        ("Steps", Some(format!("{} of {}", thousands(summary.step), thousands(summary.steps)))),
        ("Data", summary.data.clone()),
        ("Samples", summary.shape.as_ref().map(|shape| shape.replace('x', "×"))),
        ("Network", summary.model.clone()),
        ("Parameters", record.parameters.map(thousands)),
        ("Batch", recipe.map(|recipe| thousands(recipe.train.batch as u64))),
        ("Seed", recipe.map(|recipe| recipe.train.seed.to_string())),
        ("Changed", date(summary.changed).filter(|_| summary.changed > 0.0)),
        ("Langevin", Some(env!("CARGO_PKG_VERSION").to_owned())),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Html::all(
        known
            .map(|(name, value)| Html::ours(format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", text(value)))),
    )
}

/// The table of the last and the best values.
pub fn values(lines: &[MetricsLine], points: bool) -> Html {
    if lines.is_empty() {
        return Html::ours("<p class=\"small\">Nothing was measured yet.</p>");
    }
    Html::ours(format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Last and best values\"><table>\n<thead><tr>\
         <th scope=\"col\">Measure</th><th scope=\"col\">Last</th><th scope=\"col\">at step</th>\
         <th scope=\"col\">Best</th><th scope=\"col\">at step</th></tr></thead>\n<tbody>\n{}</tbody></table></div>",
        rows(lines, points)
    ))
}

/// What is said under the curves.
pub fn curves(lines: &[MetricsLine], drawn: usize) -> Html {
    Html::ours(match lines.len() {
        0 => "No curves yet: nothing was measured.".to_owned(),
        all if all > drawn => {
            let (drawn, all) = (thousands(drawn as u64), thousands(all as u64));
            format!("{drawn} of {all} lines of metrics are drawn, evenly chosen; the table is of all.")
        }
        _ => String::new(),
    })
}

/// The grids in order; the last of them is shown first and large.
pub fn samples(record: &Record, points: bool) -> Html {
    let (grids, all) = (&record.grids, record.summary.grids.len());
    let Some(last) = grids.last() else {
        return Html::ours("<p class=\"small\">No grid of samples was drawn.</p>");
    };
    let figures = Html::all(grids.iter().map(|grid| figure(grid, grid.step == last.step, points)));
    let left_out = match grids.len() < all {
        true => format!(
            "<p class=\"small\">{} of {} grids are in this file, evenly chosen, so that it does not grow too large.</p>\n",
            thousands(grids.len() as u64),
            thousands(all as u64)
        ),
        false => String::new(),
    };
    Html::ours(format!("{left_out}<div class=\"grids\" id=\"grids\">\n{figures}</div>"))
}

fn figure(grid: &Grid, last: bool, points: bool) -> Html {
    let class = match (last, points) {
        (true, true) => "last",
        (true, false) => "last pixels",
        (false, true) => "",
        (false, false) => "pixels",
    };
    let (step, (width, height)) = (thousands(grid.step), grid.size);
    Html::ours(format!(
        "<figure class=\"{class}\" data-step=\"{}\"><img width=\"{width}\" height=\"{height}\" alt=\"Samples after {step} \
         steps\" src=\"data:image/png;base64,{}\"><figcaption>step {step}</figcaption></figure>\n",
        grid.step,
        STANDARD.encode(&grid.png),
    ))
}

/// The checkpoints, and command lines that draw from the newest and the best of them.
pub fn checkpoints(summary: &RunSummary) -> Html {
    let names = &summary.checkpoints;
    let newest = names.iter().rev().find(|name| *name != "best");
    let best = names.iter().find(|name| *name == "best");
    if names.is_empty() {
        return Html::ours("<p class=\"small\">There is no checkpoint yet.</p>");
    }
    let commands = newest.into_iter().chain(best).map(|name| {
        let path = quoted(&format!("{}/checkpoints/{name}", summary.name));
        format!("langevin sample {path} -n 16 --out samples.png")
    });
    let commands = commands.collect::<Vec<_>>().join("\n");
    let names = names.iter().map(|name| Html::ours(format!("<li><code>{}</code></li>\n", text(name))));
    Html::ours(format!(
        "<ul class=\"names\">\n{}</ul>\n<p>To draw from {}, in the folder that the run's folder is in:</p>\n\
         <pre tabindex=\"0\"><code>{}</code></pre>",
        Html::all(names),
        if best.is_some() { "the newest and from the best, by Fréchet distance" } else { "the newest" },
        text(commands),
    ))
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    // An option begins so; a path from here does not.
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let plain = |letter: char| letter.is_alphanumeric() || "/-_.".contains(letter);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_every_name() {
        assert_eq!(quoted("digits-001/best"), "digits-001/best");
        assert_eq!(quoted("-n/best"), "./-n/best");
        assert_eq!(quoted("two words; rm $x/best"), "'two words; rm $x/best'");
        assert_eq!(quoted("it's/best"), "'it'\\''s/best'");
    }
}

//! The measures of a run: the last value of each and the best, and the lines that are drawn.

use super::html::{Html, text};
use super::numbers::{number, thousands};
use langevin::train::MetricsLine;

/// Lines that are drawn: as many as a chart has pixels, and a little more.
const MOST_LINES: usize = 2000;

/// Which values of a measure are good.
#[derive(Clone, Copy, PartialEq)]
enum Best {
    Least,
    Greatest,
}

/// A measure: its name, where it stands in a line, and which values of it are good.
type Measure = (&'static str, fn(&MetricsLine) -> Option<f64>, Best);

const MEASURES: &[Measure] = &[
    ("Loss", |line| line.loss, Best::Least),
    ("Held-out loss", |line| line.holdout_loss, Best::Least),
    ("Held-out accuracy", |line| line.holdout_accuracy, Best::Greatest),
    ("Variational bound, bits/dim", |line| line.vlb, Best::Least),
    ("Gradient norm", |line| line.grad_norm, Best::Least),
    ("Learning rate", |line| Some(line.lr), Best::Greatest),
    ("Pictures per second", |line| Some(line.images_per_second), Best::Greatest),
    ("Fréchet distance", |line| line.frechet, Best::Least),
    ("Negative log-likelihood, bits/dim", |line| line.nll, Best::Least),
];

/// The rows of the table: what was never measured has none.
pub fn rows(lines: &[MetricsLine], points: bool) -> Html {
    Html::all(MEASURES.iter().filter_map(|(name, value, best)| {
        let values = lines.iter().filter_map(|line| Some((line.step, value(line)?)));
        let values: Vec<(u64, f64)> = values.filter(|(_, value)| value.is_finite()).collect();
        let last = values.last()?;
        // Of equal ones the first: that is when it was reached.
        let (word, best) = match best {
            Best::Least => ("least", values.iter().min_by(|a, b| a.1.total_cmp(&b.1))?),
            Best::Greatest => ("greatest", values.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))?),
        };
        let name = if points { name.replace("Pictures", "Points") } else { (*name).to_owned() };
        Some(Html::ours(format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{} <small>{word}</small></td><td>{}</td></tr>\n",
            text(name),
            number(last.1),
            thousands(last.0),
            number(best.1),
            thousands(best.0),
        )))
    }))
}

/// The lines to draw: evenly chosen, but those with a measurement first, up to a half of all; the last always.
pub fn drawn(lines: &[MetricsLine]) -> Vec<MetricsLine> {
    if lines.len() <= MOST_LINES {
        return lines.to_vec();
    }
    let measured = |index: &usize| {
        let line = &lines[*index];
        line.frechet.is_some() || line.nll.is_some() || line.holdout_loss.is_some()
    };
    let (rare, common): (Vec<usize>, Vec<usize>) = (0..lines.len()).partition(measured);
    let mut kept = evenly(&rare, MOST_LINES / 2);
    kept.extend(evenly(&common, MOST_LINES - kept.len()));
    kept.push(lines.len() - 1);
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| lines[index]).collect()
}

/// So many of them at the most, at even distances, the first and the last among them.
fn evenly(indices: &[usize], most: usize) -> Vec<usize> {
    let count = indices.len().min(most);
    (0..count).map(|at| indices[at * (indices.len() - 1) / (count - 1).max(1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(step: u64, loss: f64, frechet: Option<f64>) -> MetricsLine {
        let line =
            json!({"step": step, "loss": loss, "lr": 0.001, "images_per_second": 9.0, "frechet": frechet});
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn the_best_value_is_told_with_the_step_that_reached_it_first() {
        let lines = [line(1000, 0.5, None), line(2000, 0.25, Some(7.0)), line(3000, 0.25, None)];
        let rows = rows(&lines, false).to_string();
        assert!(
            rows.contains("Loss</th><td>0.25</td><td>3,000</td><td>0.25 <small>least</small></td><td>2,000<")
        );
        assert!(
            rows.contains("distance</th><td>7</td><td>2,000</td><td>7 <small>least</small></td><td>2,000<")
        );
        assert!(
            rows.contains("second</th><td>9</td><td>3,000</td><td>9 <small>greatest</small></td><td>1,000<")
        );
        assert!(!rows.contains("Held-out") && !rows.contains("likelihood"), "{rows}");
    }

    #[test]
    fn long_runs_are_thinned_and_keep_what_was_measured() {
        let of = |count: u64, every: u64| -> Vec<MetricsLine> {
            (1..=count).map(|step| line(step, 1.0, step.is_multiple_of(every).then_some(1.0))).collect()
        };
        assert_eq!(drawn(&of(2000, 10)).len(), 2000);
        let few = drawn(&of(50_000, 500));
        assert_eq!(few.iter().filter(|line| line.frechet.is_some()).count(), 100);
        assert!(few.len() <= 2001 && few.windows(2).all(|pair| pair[0].step < pair[1].step), "{}", few.len());
        assert_eq!((few[0].step, few[few.len() - 1].step), (1, 50_000));
        assert!(drawn(&of(50_001, 1)).len() <= 2001);
        assert!(drawn(&[]).is_empty());
    }
}

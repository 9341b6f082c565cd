//! The tables that contests come to, in Markdown.

use super::field::{PEERS, Peer, Task};
use super::{Contest, Outcome};
use std::fmt::Write;

/// The ratios, every time, and what was run.
pub fn all(contests: &[Contest]) -> String {
    [ratios(contests), times(contests), footnotes(contests)].join("\n")
}

/// Ours against the peer that it is held against.
fn ratios(contests: &[Contest]) -> String {
    let mut table = "| work | Langevin, ms a picture | peer, ms a picture | ratio | peak memory, Langevin | the peer's |\n\
                     |---|---|---|---|---|---|\n"
        .to_owned();
    for contest in contests {
        let ours = median(&contest.ours.rounds);
        let (theirs, ratio, memory) = match best(contest) {
            Some((peer, outcome)) => {
                let theirs = median(&outcome.rounds);
                (
                    format!("{} ({})", decimal(theirs), peer.title),
                    format!("**{:.2}**", theirs / ours),
                    memory_of(outcome),
                )
            }
            None => ("–".into(), "–".into(), "–".into()),
        };
        let (name, ours, own) = (title(contest), decimal(ours), memory_of(&contest.ours));
        line(&mut table, &[name, ours, theirs, ratio, own, memory]);
    }
    table
}

/// Everyone's time.
fn times(contests: &[Contest]) -> String {
    let mut table = "| ms a picture | Langevin |".to_owned();
    for peer in &PEERS {
        let _ = write!(table, " {} |", peer.title);
    }
    table += &format!("\n|---|---|{}\n", "---|".repeat(PEERS.len()));
    for contest in contests {
        let mut cells = vec![title(contest), spread(&contest.ours)];
        cells.extend(PEERS.iter().map(|peer| match outcome_of(contest, peer) {
            Some(Ok(outcome)) => spread(outcome),
            Some(Err(_)) => "not available".to_owned(),
            None => "–".to_owned(),
        }));
        line(&mut table, &cells);
    }
    table
}

/// Versions, what failed, and what was disturbed.
fn footnotes(contests: &[Contest]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for contest in contests {
        for (peer, outcome) in &contest.peers {
            lines.push(match outcome {
                Ok(outcome) => format!("- {}, {}: {}", peer.title, contest.task.name(), outcome.version),
                Err(reason) => format!("- {}, {}: not available: {reason}", peer.title, title(contest)),
            });
        }
        if contest.disturbed > 0 {
            let disturbed = contest.disturbed;
            lines.push(format!("- {}: {disturbed} rounds while something else was running", title(contest)));
        }
    }
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}

/// The fastest of the peers that the task is held against.
fn best(contest: &Contest) -> Option<(&'static Peer, &Outcome)> {
    let finished = contest.peers.iter().filter_map(|(peer, outcome)| Some((*peer, outcome.as_ref().ok()?)));
    finished
        .filter(|(peer, _)| peer.is_measure_of(contest.task))
        .min_by(|a, b| median(&a.1.rounds).total_cmp(&median(&b.1.rounds)))
}

fn outcome_of<'a>(contest: &'a Contest, peer: &Peer) -> Option<&'a Result<Outcome, String>> {
    contest.peers.iter().find(|(other, _)| other.name == peer.name).map(|(_, outcome)| outcome)
}

fn title(contest: &Contest) -> String {
    let task = match contest.task {
        Task::Train => "training step",
        Task::Forward => "forward pass",
    };
    format!("`{}`, batch {}, {task}", contest.work.recipe, contest.work.batch)
}

fn memory_of(outcome: &Outcome) -> String {
    outcome.peak_memory_mb.map_or_else(|| "–".to_owned(), |memory| format!("{memory:.0} MB"))
}

/// The median, and from where to where the rounds went.
fn spread(outcome: &Outcome) -> String {
    let smallest = outcome.rounds.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = outcome.rounds.iter().copied().fold(0.0, f64::max);
    format!("{} ({}–{})", decimal(median(&outcome.rounds)), decimal(smallest), decimal(largest))
}

/// A number to three digits.
pub fn decimal(value: f64) -> String {
    let places = (2 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.places$}")
}

fn line(table: &mut String, cells: &[String]) {
    // Writing to a String cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

/// The middle value, or the mean of the middle two; NaN of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length.is_multiple_of(2) => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::WORKS;
    use super::*;

    fn outcome(rounds: &[f64], memory: f64) -> Outcome {
        Outcome { rounds: rounds.to_vec(), peak_memory_mb: Some(memory), version: "7.0".to_owned() }
    }

    fn contest(task: Task) -> Contest {
        let peers = PEERS.iter().filter(|peer| peer.does(task)).map(|peer| {
            let outcome = match peer.name {
                "pytorch" => Ok(outcome(&[20.0, 21.0, 90.0], 1000.0)),
                "channels-last" => Ok(outcome(&[30.0, 30.0, 30.0], 2000.0)),
                "openvino" => Ok(outcome(&[6.0, 5.0, 7.0], 300.0)),
                "compiled" => Ok(outcome(&[14.0, 14.0, 14.0], 900.0)),
                _ => Err("no compiler".to_owned()),
            };
            (peer, outcome)
        });
        let peers = peers.collect();
        Contest { work: &WORKS[0], task, ours: outcome(&[10.0, 10.5, 9.0], 500.0), peers, disturbed: 2 }
    }

    #[test]
    fn training_is_held_against_eager_and_the_forward_pass_against_all() {
        let table = ratios(&[contest(Task::Train), contest(Task::Forward)]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert!(rows[0].contains("| 10.0 | 21.0 (PyTorch) | **2.10** | 500 MB | 1000 MB |"), "{table}");
        assert!(rows[1].contains("| 10.0 | 6.00 (OpenVINO) | **0.60** | 500 MB | 300 MB |"), "{table}");
    }

    #[test]
    fn what_is_missing_or_disturbed_is_said() {
        let text = all(&[contest(Task::Train)]);
        assert!(text.contains("| 21.0 (20.0–90.0) |") && text.contains("| not available |"), "{text}");
        assert!(text.contains("not available: no compiler") && text.contains(": 2 rounds while"), "{text}");
        let columns = |row: &str| row.matches('|').count();
        let widths: Vec<usize> = times(&[contest(Task::Forward)]).lines().map(columns).collect();
        assert_eq!(widths, [9, 9, 9]);
    }

    #[test]
    fn numbers_have_three_digits() {
        let cases = [(0.2718, "0.272"), (1.2345, "1.23"), (22.46, "22.5"), (271.8, "272"), (35.746, "35.7")];
        for (value, text) in cases {
            assert_eq!(decimal(value), text);
        }
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])), (2.0, 2.5));
        assert!(median(&[]).is_nan());
    }
}

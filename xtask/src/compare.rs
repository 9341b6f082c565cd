//! Langevin and its peers at the same work: live processes that take turns, so that each meets the same machine.

mod contestant;
mod field;
mod line;
mod load;
mod machine;
mod options;
mod page;
mod table;

pub use line::number_of;

use crate::commands::{cargo, line as command_line, run as run_command};
use crate::python;
use anyhow::{Context, Result, bail};
use contestant::Contestant;
use field::{Peer, Task, Work};
use load::{Load, wait_for_idle};
use options::Options;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Seconds of a round; where one step takes longer, it is the round.
const ROUND_SECONDS: f64 = 1.5;

/// What a peer may take to prepare: torch.compile needs minutes for a large network.
const PREPARATION: Duration = Duration::from_secs(1200);

/// What is done to have the machine to ourselves: what others do meanwhile hits contestants differently, those that
/// spin at barriers hardest.
#[derive(Clone, Copy)]
struct Patience {
    /// How long the rounds of a task wait for an idle machine, altogether.
    waiting: Duration,
    /// Rounds of a task that are made again because they were disturbed, at most.
    repeats: usize,
}

/// What one contestant came to at one task of one work.
struct Outcome {
    /// Milliseconds a picture, of each round.
    rounds: Vec<f64>,
    peak_memory_mb: Option<f64>,
    /// Versions and variants, in words.
    version: String,
}

/// What the contestants came to at one task of one work.
struct Contest {
    work: &'static Work,
    task: Task,
    ours: Outcome,
    /// Each peer's outcome, or why there is none.
    peers: Vec<(&'static Peer, Result<Outcome, String>)>,
    /// Rounds that were kept although something else was using the machine.
    disturbed: usize,
}

/// Times every work that is asked for, prints the tables, and writes `docs/performance.md` if no work was left out.
///
/// # Errors
/// If an option is wrong, Langevin itself fails, or a peer computes another network.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let options = options::parse(arguments)?;
    let python = python::for_peers(root)?;
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let mut contests = Vec::new();
    for &(work, task) in &options.works {
        contests.push(hold(root, &python, &options, work, task)?);
    }
    let tables = table::all(&contests);
    println!("{tables}");
    if !options.is_whole() {
        println!("docs/performance.md is left as it is: not every work was timed in five rounds");
        return Ok(());
    }
    let mut command = Command::new("cargo");
    command.arg("xtask").arg("compare").args(arguments);
    let section = page::section(&command_line(&command), &options, &machine::describe(), &tables);
    page::write(&root.join("docs/performance.md"), &section)
}

/// Starts the contestants one after the other, and lets them take turns.
fn hold(root: &Path, python: &Path, options: &Options, work: &'static Work, task: Task) -> Result<Contest> {
    eprintln!("{}, {}: preparing langevin", work.recipe, task.name());
    let ours = Contestant::start(work.ours(root, &program()?, task, options.threads), PREPARATION)
        .map_err(|reason| anyhow::anyhow!("langevin bench did not start: {reason}"))?;
    let mut entrants = Vec::new();
    for peer in options.peers.iter().filter(|peer| peer.does(task)) {
        eprintln!("{}, {}: preparing {}", work.recipe, task.name(), peer.name);
        let started = Contestant::start(peer.command(root, python, work, task, options.threads), PREPARATION);
        entrants.push((*peer, started));
    }
    check_sizes(work, &ours, &entrants)?;
    let mut live = vec![Ok(ours)];
    let (peers, started): (Vec<_>, Vec<_>) = entrants.into_iter().unzip();
    live.extend(started);
    let patience = Patience { waiting: Duration::from_secs(300), repeats: 3 * options.rounds };
    let (rounds, disturbed) = alternate(&mut live, options.rounds, patience);
    let mut outcomes = live.into_iter().zip(rounds).map(|(contestant, rounds)| {
        let (version, peak) = contestant.and_then(Contestant::finish)?;
        Ok(Outcome { rounds, peak_memory_mb: peak, version })
    });
    let ours = outcomes.next().context("there is always langevin")?;
    let ours = ours.map_err(|reason: String| anyhow::anyhow!("langevin bench failed: {reason}"))?;
    let peers: Vec<(&Peer, Result<Outcome, String>)> = peers.into_iter().zip(outcomes).collect();
    for (peer, outcome) in &peers {
        if let Err(reason) = outcome {
            eprintln!("{}, {}: {} is not available: {reason}", work.recipe, task.name(), peer.name);
        }
    }
    Ok(Contest { work, task, ours, peers, disturbed })
}

/// The networks are the same, or the comparison means nothing.
fn check_sizes(
    work: &Work,
    ours: &Contestant,
    peers: &[(&'static Peer, Result<Contestant, String>)],
) -> Result<()> {
    let theirs =
        peers.iter().filter_map(|(peer, started)| Some((peer.name, started.as_ref().ok()?.parameters)));
    for (name, parameters) in std::iter::once(("langevin", ours.parameters)).chain(theirs) {
        if parameters != work.parameters {
            bail!("{name} built {} of {parameters} parameters, expected {}", work.recipe, work.parameters);
        }
    }
    Ok(())
}

/// Rounds of all contestants in turn, the first of a turn another one each time; a contestant that fails is out.
/// Gives the milliseconds a picture of each, and how many rounds were disturbed and kept.
fn alternate(
    live: &mut [Result<Contestant, String>],
    rounds: usize,
    mut patience: Patience,
) -> (Vec<Vec<f64>>, usize) {
    let mut figures = vec![Vec::new(); live.len()];
    let mut kept = 0;
    for turn in 0..rounds {
        for offset in 0..live.len() {
            let index = (turn + offset) % live.len();
            let entry = &mut live[index];
            while let Ok(contestant) = entry {
                patience.waiting = patience.waiting.saturating_sub(wait_for_idle(patience.waiting));
                let load = Load::begin(contestant.process());
                match contestant.round(ROUND_SECONDS) {
                    Ok(figure) => {
                        let disturbed = load.is_disturbed();
                        if disturbed && patience.repeats > 0 {
                            patience.repeats -= 1;
                            continue;
                        }
                        kept += usize::from(disturbed);
                        figures[index].push(figure);
                        break;
                    }
                    Err(reason) => *entry = Err(reason),
                }
            }
        }
    }
    (figures, kept)
}

/// The `langevin` that was built beside this program.
fn program() -> Result<PathBuf> {
    Ok(std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(script: &str) -> Result<Contestant, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Contestant::start(command, Duration::from_secs(20))
    }

    #[test]
    fn contestants_take_turns_and_one_that_fails_is_out() {
        let log = std::env::temp_dir().join(format!("langevin-turns-{}", std::process::id()));
        let steady = |name: &str| {
            format!(
                "echo '{{\"parameters\": 7}}'; while read s; do echo {name} >> {}; echo '{{\"ms_per_picture\": 2.5}}'; done; \
                 echo '{{\"peak_memory_mb\": 9}}'",
                log.display()
            )
        };
        let weak =
            "echo '{\"parameters\": 7}'; read s; echo '{\"ms_per_picture\": 1}'; read s; echo tired >&2";
        let mut live = vec![fake(&steady("a")), fake(weak), fake(&steady("b"))];
        let (figures, _) = alternate(&mut live, 3, Patience { waiting: Duration::ZERO, repeats: 0 });
        assert_eq!((&figures[0], &figures[2]), (&vec![2.5; 3], &vec![2.5; 3]));
        assert!(live[1].as_ref().is_err_and(|reason| reason.contains("tired")));
        let last = live.pop().unwrap().and_then(Contestant::finish).unwrap();
        assert_eq!(last, (String::new(), Some(9.0)));
        let turns = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        assert!(turns.contains("a\nb\n") && turns.contains("b\na\n"), "{turns}");
    }

    #[test]
    fn another_network_is_no_peer() {
        let work = &field::WORKS[0];
        let of = |parameters: u64| fake(&format!("echo '{{\"parameters\": {parameters}}}'; read s"));
        let (ours, peer) = (of(work.parameters).unwrap(), &field::PEERS[0]);
        assert!(
            check_sizes(work, &ours, &[(peer, of(work.parameters)), (peer, Err("absent".into()))]).is_ok()
        );
        let message = check_sizes(work, &ours, &[(peer, of(5))]).unwrap_err().to_string();
        assert!(message.contains(peer.name) && message.contains(" 5 "), "{message}");
    }
}

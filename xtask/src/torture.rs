//! The long half of the tests of docs/trust.md: many kills, more random inputs, sanitizers, fuzzing.

use crate::commands::{cargo, line, run as run_command};
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::{Duration, Instant};

/// Kills in any case; more where there is time.
const KILLS: u64 = 100;

/// Seconds that a kill takes, with what it takes to go on.
const KILL_SECONDS: u64 = 1;

/// The part of the time that goes to kills; the rest, what the tests between leave of it, is fuzzing.
const KILL_PART: u64 = 4;

/// How often tests of random inputs are run: they draw others at each.
const REPEATS: usize = 8;

/// Spends some `--minutes N` on everything that `validate` does less of.
///
/// # Errors
/// Names the first command that failed.
pub fn run(options: &[String]) -> Result<()> {
    let minutes = match options {
        [flag, number] if flag == "--minutes" => number.parse().ok().filter(|minutes| *minutes > 0),
        _ => None,
    };
    let minutes: u64 = minutes.context("'torture' takes --minutes N, at least 1")?;
    let begun = Instant::now();
    for mut command in commands(minutes) {
        println!("==> {}", line(&command));
        run_command(&mut command)?;
    }
    println!("==> cargo xtask sanitize");
    crate::sanitize::run(crate::root())?;
    let targets = crate::fuzz::targets(crate::root())?;
    if targets.is_empty() {
        bail!("there is no fuzz target");
    }
    let left = Duration::from_secs(60 * minutes).saturating_sub(begun.elapsed()).as_secs();
    let seconds = (left / targets.len() as u64).max(10);
    println!("==> cargo xtask fuzz --seconds {seconds}");
    crate::fuzz::run(crate::root(), &["--seconds".to_owned(), seconds.to_string()])?;
    println!("==> torture: passed in {} minutes", begun.elapsed().as_secs().div_ceil(60));
    Ok(())
}

fn commands(minutes: u64) -> Vec<Command> {
    let kills = KILLS.max(60 * minutes / KILL_PART / KILL_SECONDS);
    let test = |more: &[&str]| cargo(&[&["test", "--release"], more].concat());
    let mut killing = test(&["-p", "langevin-cli", "--test", "kills", "--", "--nocapture"]);
    killing.env("LANGEVIN_KILLS", kills.to_string());
    let random = (0..REPEATS).flat_map(|_| {
        [
            test(&["-p", "langevin", "--test", "hostile"]),
            test(&["-p", "langevin-cli", "--test", "any_network"]),
        ]
    });
    std::iter::once(killing).chain(random).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_minutes_are_more_kills_and_never_fewer_than_promised() {
        let first = |minutes| line(&commands(minutes)[0]);
        assert!(first(1).starts_with("LANGEVIN_KILLS=100 cargo test --release -p langevin-cli --test kills"));
        assert!(first(120).starts_with("LANGEVIN_KILLS=1800 "));
    }

    #[test]
    fn a_time_must_be_named() {
        for options in [&[][..], &["--minutes"], &["--minutes", "0"], &["--minutes", "soon"], &["5"]] {
            let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
            assert!(run(&options).unwrap_err().to_string().contains("--minutes N"));
        }
    }
}

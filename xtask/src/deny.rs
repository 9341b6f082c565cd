//! What others' crates may be: their licences, their origin, and what is known against them. The rules are in deny.toml.

use crate::commands::cargo;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How to get the program that this needs.
pub const ADVICE: &str =
    "cargo-deny is not there: `cargo install cargo-deny --locked` makes it, in some minutes";
/// The database of advisories is small; what takes longer is a network that does not answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether cargo-deny is there.
pub fn is_there() -> bool {
    let quiet = cargo(&["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Checks licences, bans and sources, and advisories where their database can be reached.
///
/// # Errors
/// If cargo-deny is not there, or finds something; if its database cannot be reached, that is said and no error.
pub fn run() -> Result<()> {
    if !is_there() {
        bail!("{ADVICE}");
    }
    let rules = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    let found = deny(&rules).output().context("cannot start cargo-deny")?;
    if !found.status.success() {
        let said = told(&found);
        let broken = said.split("\n\n").filter(|part| !part.trim_start().starts_with("warning[duplicate]"));
        bail!("dependencies break the rules of deny.toml:\n{}", broken.collect::<Vec<_>>().join("\n\n"));
    }
    let several = told(&found).matches("warning[duplicate]").count();
    println!(
        "deny: {} crates, all from Rust's public registry, under licences that deny.toml allows; {several} of them in several versions",
        count()?
    );
    let start = deny(&["check", "--hide-inclusion-graph", "advisories"]).stderr(Stdio::piped()).spawn();
    match advisories(start.context("cannot start cargo-deny")?, PATIENCE)? {
        Advisories::None => println!("deny: no advisory is known against them"),
        Advisories::Unreachable => {
            println!("deny: advisories were not checked: their database cannot be reached")
        }
        Advisories::Some(text) => bail!("advisories against dependencies:\n{text}"),
    }
    Ok(())
}

fn deny(arguments: &[&str]) -> Command {
    let mut command = cargo(&["deny", "--color", "never"]);
    // What git waits for when a network swallows its packets.
    command.args(arguments).env("GIT_HTTP_LOW_SPEED_LIMIT", "1000").env("GIT_HTTP_LOW_SPEED_TIME", "20");
    command
}

/// What is said of a run: cargo-deny speaks on its error output.
fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// How many crates of others there are.
fn count() -> Result<usize> {
    let output = deny(&["list", "--format", "json"]).output().context("cannot start cargo-deny")?;
    let list = String::from_utf8_lossy(&output.stdout);
    crates(&list).context("`cargo deny list` prints what is not expected")
}

/// The crates of a registry in a list of licences, each with its crates.
fn crates(list: &str) -> Option<usize> {
    let list: serde_json::Value = serde_json::from_str(list).ok()?;
    let licences = list["licenses"].as_array()?;
    let names = licences.iter().filter_map(|licence| licence[1].as_array()).flatten();
    let names = names.filter_map(|name| name.as_str()).filter(|name| name.contains("registry+"));
    Some(names.collect::<BTreeSet<_>>().len())
}

/// What the database of advisories says.
#[derive(Debug, PartialEq)]
enum Advisories {
    None,
    Some(String),
    Unreachable,
}

/// Waits for a check of advisories, not for ever.
fn advisories(mut check: Child, patience: Duration) -> Result<Advisories> {
    let mut pipe = check.stderr.take().context("the check's error output was not asked for")?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        // What cannot be read is no advisory; the exit status tells all the same.
        let _ = pipe.read_to_end(&mut text);
        let _ = send.send(String::from_utf8_lossy(&text).into_owned());
    });
    let Ok(text) = receive.recv_timeout(patience) else {
        // It may have ended meanwhile.
        let _ = check.kill();
        check.wait()?;
        return Ok(Advisories::Unreachable);
    };
    Ok(match check.wait()?.success() {
        true => Advisories::None,
        false if text.contains("failed to fetch advisory database") => Advisories::Unreachable,
        false => Advisories::Some(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn after(script: &str, patience: u64) -> Advisories {
        let shell = Command::new("sh").args(["-c", script]).stderr(Stdio::piped()).spawn().unwrap();
        advisories(shell, Duration::from_secs(patience)).unwrap()
    }

    #[test]
    fn a_database_out_of_reach_is_no_advisory() {
        assert_eq!(after("true", 30), Advisories::None);
        let unreachable = "echo '[ERROR] failed to fetch advisory database x' >&2; exit 1";
        assert_eq!(after(unreachable, 30), Advisories::Unreachable);
        assert_eq!(after("echo unsound >&2; exit 1", 30), Advisories::Some("unsound\n".to_owned()));
    }

    #[test]
    fn a_network_that_does_not_answer_is_not_waited_for() {
        let begun = Instant::now();
        assert_eq!(after("exec sleep 20", 1), Advisories::Unreachable);
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn crates_are_counted_once() {
        let list = r#"{"licenses": [["MIT", ["a 1.0.0 registry+x", "b 1.0.0 registry+x"]],
            ["Zlib", ["b 1.0.0 registry+x", "ours 0.1.0 path+file"]]], "unlicensed": []}"#;
        assert_eq!(crates(list), Some(2));
        assert_eq!(crates("{}"), None);
    }
}

//! The options of `cargo xtask compare`.

use super::field::{PEERS, Peer, Task, WORKS, Work};
use anyhow::{Context, Result, bail};

/// Rounds below which a median says little.
const ENOUGH_ROUNDS: usize = 5;

/// What to time, and how.
pub struct Options {
    pub threads: usize,
    pub rounds: usize,
    pub works: Vec<(&'static Work, Task)>,
    pub peers: Vec<&'static Peer>,
}

impl Options {
    /// Whether every work is timed well enough to be written down; which peers were, the page says.
    pub fn is_whole(&self) -> bool {
        self.works.len() == 2 * WORKS.len() && self.rounds >= ENOUGH_ROUNDS
    }
}

/// # Errors
/// Names the option or the value that is not known, and what there is.
pub fn parse(arguments: &[String]) -> Result<Options> {
    let mut options =
        Options { threads: 2, rounds: ENOUGH_ROUNDS, works: all_works(), peers: PEERS.iter().collect() };
    for pair in arguments.chunks(2) {
        let name = &pair[0];
        let value = pair.get(1).with_context(|| format!("'{name}' needs a value"))?;
        let number = || -> Result<usize> {
            let number = value.parse().ok().filter(|&number| number > 0);
            number.with_context(|| format!("'{name} {value}': expected a whole number, at least 1"))
        };
        match name.as_str() {
            "--threads" => options.threads = number()?,
            "--rounds" => options.rounds = number()?,
            "--work" => options.works = chosen_works(value)?,
            "--peer" => options.peers = chosen_peers(value)?,
            _ => {
                bail!("there is no option '{name}': choose among --threads, --rounds, --work, --peer")
            }
        }
    }
    Ok(options)
}

fn all_works() -> Vec<(&'static Work, Task)> {
    WORKS.iter().flat_map(|work| [(work, Task::Train), (work, Task::Forward)]).collect()
}

/// Works by the names of their recipes, with `-train` or `-forward` to take one task alone.
fn chosen_works(names: &str) -> Result<Vec<(&'static Work, Task)>> {
    for name in names.split(',') {
        if !all_works().iter().any(|&entry| is_called(entry, name)) {
            let known: Vec<&str> = WORKS.iter().map(|work| work.recipe).collect();
            let known = known.join(", ");
            bail!("there is no work '{name}': choose among {known}, each alone or with -train or -forward");
        }
    }
    Ok(all_works().into_iter().filter(|&entry| names.split(',').any(|name| is_called(entry, name))).collect())
}

fn is_called((work, task): (&Work, Task), name: &str) -> bool {
    name.strip_prefix(work.recipe)
        .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-') == Some(task.name()))
}

fn chosen_peers(names: &str) -> Result<Vec<&'static Peer>> {
    let known: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
    if let Some(name) = names.split(',').find(|name| !known.contains(name)) {
        bail!("there is no peer '{name}': choose among {}", known.join(", "));
    }
    Ok(PEERS.iter().filter(|peer| names.split(',').any(|name| name == peer.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Options> {
        parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn everything_is_timed_unless_something_is_chosen() {
        let options = of("").unwrap();
        assert_eq!((options.threads, options.rounds), (2, 5));
        assert!(options.is_whole() && of("--threads 8 --rounds 9").unwrap().is_whole());
        assert!(of("--peer pytorch").unwrap().is_whole());
        for part in ["--rounds 3", "--work digits"] {
            assert!(!of(part).unwrap().is_whole(), "{part}");
        }
    }

    #[test]
    fn works_and_peers_are_chosen_by_name() {
        let options = of("--work digits,cifar10-train --peer openvino,pytorch").unwrap();
        let works: Vec<_> = options.works.iter().map(|(work, task)| (work.recipe, *task)).collect();
        assert_eq!(works, [("cifar10", Task::Train), ("digits", Task::Train), ("digits", Task::Forward)]);
        let peers: Vec<_> = options.peers.iter().map(|peer| peer.name).collect();
        assert_eq!(peers, ["pytorch", "openvino"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("--threads", "needs a value"),
            ("--threads 0", "'--threads 0'"),
            ("--rounds many", "'--rounds many'"),
            ("--steps 3", "'--steps'"),
            ("--work digit", "'digit'"),
            ("--work digits-sample", "'digits-sample'"),
            ("--peer jax", "'jax'"),
        ] {
            let message = of(text).err().expect(text).to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}

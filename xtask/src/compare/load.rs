//! Whether a round had the machine to itself.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The part of the machine's time that others may take of a round.
const TOLERATED: f64 = 0.03;

/// How long the machine has to be idle before a round.
const WINDOW: Duration = Duration::from_millis(300);

/// A wait that is worth a word.
const LONG: Duration = Duration::from_secs(10);

/// The machine's and one process's processor time at the beginning of a round.
pub struct Load {
    process: u32,
    begun: Option<Ticks>,
}

struct Ticks {
    /// Of all processors, idle or not.
    all: f64,
    busy: f64,
    /// Of the one process.
    own: f64,
}

impl Load {
    /// Begins to watch what is used beside `process`.
    pub fn begin(process: u32) -> Self {
        Self { process, begun: now(process) }
    }

    /// Whether others have taken more than a little; false where Linux's `/proc` is not there to tell.
    pub fn is_disturbed(&self) -> bool {
        match (&self.begun, now(self.process)) {
            (Some(begun), Some(ended)) => others(begun, &ended) > TOLERATED,
            _ => false,
        }
    }
}

/// Waits until nothing uses the machine, `limit` at most; gives how long it was. Whoever spins after its round has
/// come to rest by then. Does not wait where Linux's `/proc` is not there to tell.
pub fn wait_for_idle(limit: Duration) -> Duration {
    let begun = Instant::now();
    let mut said = false;
    while begun.elapsed() < limit {
        let Some(before) = machine() else { break };
        sleep(WINDOW);
        let Some(after) = machine() else { break };
        if (after.1 - before.1) / (after.0 - before.0).max(1.0) <= TOLERATED {
            break;
        }
        if !said && begun.elapsed() > LONG {
            eprintln!("waiting until nothing else uses the machine, {} s at most", limit.as_secs());
            said = true;
        }
    }
    begun.elapsed()
}

fn machine() -> Option<(f64, f64)> {
    machine_ticks(&fs::read_to_string("/proc/stat").ok()?)
}

fn others(begun: &Ticks, ended: &Ticks) -> f64 {
    let others = (ended.busy - begun.busy) - (ended.own - begun.own);
    others / (ended.all - begun.all).max(1.0)
}

fn now(process: u32) -> Option<Ticks> {
    let process = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (all, busy) = machine()?;
    Some(Ticks { all, busy, own: process_ticks(&process)? })
}

/// All ticks, and those that were not idle, of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn machine_ticks(stat: &str) -> Option<(f64, f64)> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let fields: Vec<f64> = fields.map_while(|field| field.parse().ok()).collect();
    let all: f64 = fields.iter().sum();
    Some((all, all - fields.get(3)? - fields.get(4)?))
}

/// Ticks in user and kernel mode of `/proc/PID/stat`, the 14th and 15th field; the second may hold blanks.
fn process_ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some(fields.next()?? + fields.next()??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_take_is_what_is_left() {
        assert_eq!(machine_ticks("cpu  10 1 5 80 4 0 0 2 0 0\ncpu0 5"), Some((102.0, 18.0)));
        let stat = "77 (a b) c) S 1 2 3 4 5 6 7 8 9 10 200 30 0 0";
        assert_eq!(process_ticks(stat), Some(230.0));
        let ticks = |all, busy, own| Ticks { all, busy, own };
        assert_eq!(others(&ticks(0.0, 0.0, 0.0), &ticks(400.0, 210.0, 200.0)), 0.025);
        assert_eq!((machine_ticks("cpu"), process_ticks("77")), (None, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_and_process_are_read() {
        let ticks = now(std::process::id()).unwrap();
        assert!(ticks.all >= ticks.busy && ticks.busy >= ticks.own);
    }
}

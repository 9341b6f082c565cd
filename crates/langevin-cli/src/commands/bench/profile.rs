//! Where the time of a piece of work goes.

use super::work::{Step, repeat};
use crate::args::Work;
use crate::exit::Failure;
use langevin::compute::{Spent, start_profile, stop_profile};
use serde_json::{Value, json};

/// How long the kinds of operations took, in one piece of work.
pub struct Profile {
    work: Work,
    /// Seconds of the whole work.
    seconds: f64,
    /// Seconds forward and backward of each kind that the kernels compute, the longest first.
    kinds: Vec<(&'static str, [f64; 2])>,
}

impl Profile {
    /// The means over about `seconds`.
    ///
    /// # Errors
    /// If the work fails.
    pub fn take(work: Work, step: &mut dyn Step, seconds: f64) -> Result<Self, Failure> {
        start_profile();
        let repeated = repeat(step, seconds);
        let spent = stop_profile();
        let (runs, taken) = repeated?;
        let of =
            |Spent { forward, backward }: Spent| [forward, backward].map(|time| time.as_secs_f64() / runs);
        let kinds = spent.into_iter().map(|(name, spent)| (name, of(spent))).collect();
        Ok(Self::new(work, taken / runs, kinds))
    }

    fn new(work: Work, seconds: f64, mut kinds: Vec<(&'static str, [f64; 2])>) -> Self {
        kinds.sort_by(|(_, a), (_, b)| f64::total_cmp(&(b[0] + b[1]), &(a[0] + a[1])));
        Self { work, seconds, kinds }
    }

    /// Seconds that are none of the kernels'.
    fn rest(&self) -> f64 {
        self.seconds - self.kinds.iter().flat_map(|(_, seconds)| seconds).sum::<f64>()
    }

    /// One object.
    pub fn to_json(&self) -> Value {
        let share = |seconds: f64| seconds / self.seconds;
        let kind = |(name, [forward, backward]): &(&str, [f64; 2])| {
            json!({
                "operation": name,
                "forward_ms": 1e3 * forward,
                "backward_ms": 1e3 * backward,
                "share": share(forward + backward),
            })
        };
        json!({
            "work": self.name(),
            "ms": 1e3 * self.seconds,
            "operations": self.kinds.iter().map(kind).collect::<Vec<_>>(),
            "rest_ms": 1e3 * self.rest(),
            "rest_share": share(self.rest()),
        })
    }

    /// A line a kind, for people.
    pub fn to_table(&self) -> String {
        let (title, rest) = match self.work {
            Work::Forward => ("a forward pass", "the rest: Burn's own operations"),
            Work::Train => ("a training step", "the rest: Burn's graph and operations, optimiser"),
        };
        let mut table = format!("where the {:.1} ms of {title} go\n", 1e3 * self.seconds);
        let mut line = |[name, forward, backward, both, share]: [&str; 5]| {
            table += &format!("{name:50}{forward:>10}{backward:>10}{both:>10}{share:>9}\n");
        };
        let ms = |seconds: f64| format!("{:.2}", 1e3 * seconds);
        let percent = |seconds: f64| format!("{:.1} %", 100.0 * seconds / self.seconds);
        line(["", "forward", "backward", "ms", "share"]);
        for (name, [forward, backward]) in &self.kinds {
            let both = forward + backward;
            line([name, &ms(*forward), &ms(*backward), &ms(both), &percent(both)]);
        }
        line([rest, "", "", &ms(self.rest()), &percent(self.rest())]);
        table
    }

    fn name(&self) -> &'static str {
        match self.work {
            Work::Forward => "forward",
            Work::Train => "train",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_add_up() {
        let kinds = vec![("silu", [0.125, 0.125]), ("attention", [0.25, 0.5])];
        let profile = Profile::new(Work::Train, 2.0, kinds);
        let json = profile.to_json();
        assert_eq!(json["operations"][0]["operation"], "attention");
        assert_eq!(json["operations"][0]["share"], 0.375);
        assert_eq!(json["operations"][1]["backward_ms"], 125.0);
        assert_eq!((json["rest_ms"].as_f64(), json["rest_share"].as_f64()), (Some(1000.0), Some(0.5)));
        let table = profile.to_table();
        assert!(table.starts_with("where the 2000.0 ms of a training step go\n"), "{table}");
        let lines: Vec<&str> = table.lines().skip(1).collect();
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{table}");
        assert!(lines[1].starts_with("attention ") && lines[1].ends_with("750.00   37.5 %"), "{table}");
        assert!(lines[3].starts_with("the rest") && lines[3].ends_with("1000.00   50.0 %"), "{table}");
    }
}

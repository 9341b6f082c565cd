//! Progress: a bar on a terminal, a line now and then elsewhere.

use crate::say::note;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Seconds between lines where there is no terminal.
const LINE_SECONDS: u64 = 20;

/// The progress of something that takes a known number of steps.
pub struct Progress {
    bar: ProgressBar,
    what: &'static str,
    total: u64,
    start: u64,
    begun: Instant,
    printed: Instant,
    lines: bool,
}

impl Progress {
    /// Begins at `start` of `total` steps.
    pub fn new(what: &'static str, total: u64, start: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if quiet || !terminal { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_position(start);
        let template = "{prefix} {wide_bar} {pos}/{len}  {msg}  {elapsed} passed, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(500));
        let now = Instant::now();
        Self { bar, what, total, start, begun: now, printed: now, lines: !quiet && !terminal }
    }

    /// Moves to `position`, with a few words about it.
    pub fn update(&mut self, position: u64, message: String) {
        if self.lines && (self.printed.elapsed().as_secs() >= LINE_SECONDS || position == self.total) {
            self.printed = Instant::now();
            let passed = self.begun.elapsed().as_secs_f64();
            let left = passed / (position - self.start).max(1) as f64 * (self.total - position) as f64;
            let left = duration(left);
            note!("{} {position}/{}  {message}  {left} left", self.what, self.total);
        }
        self.bar.set_position(position);
        self.bar.set_message(message);
    }

    /// Says something on a line of its own.
    pub fn say(&self, message: &str) {
        if self.lines {
            note!("{message}");
        } else {
            self.bar.println(message);
        }
    }

    /// Changes what the bar says, not where it is.
    pub fn remark(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Seconds as people say them.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600..172_800 => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} days", whole / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_readable() {
        let cases = [(0.4, "0 s"), (59.6, "1 min 00 s"), (3_725.0, "1 h 02 min"), (400_000.0, "4 days")];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }
}

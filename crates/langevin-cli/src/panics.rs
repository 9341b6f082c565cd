//! A panic is a bug of Langevin's: what is said of one.
//!
//! Wrong input is answered by an error. What the program does not expect of itself, or Burn of it, ends it by a panic, on the
//! main thread or on one that computes for it; either way it is told once, with what a report of it needs.

use crate::args::{Arguments, Command};
use crate::say::note;
use langevin::compute::Isa;
use std::backtrace::Backtrace;
use std::io::IsTerminal;
use std::panic::{self, AssertUnwindSafe, Location, PanicHookInfo};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code, which is also that of Rust's own programs.
pub const CODE: u8 = 101;

/// Has every panic of the process reported, the first of them alone: others follow from it.
pub fn report_as_bugs(arguments: &Arguments) {
    let (command, saved) = (command_line(), saved(&arguments.command));
    let told = AtomicBool::new(false);
    panic::set_hook(Box::new(move |info| {
        if told.swap(true, Ordering::Relaxed) {
            return;
        }
        // A progress bar may stand on the line.
        let start = if std::io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
        note!("{start}{}", report(&what(info), info.location(), &command, &saved).trim_end());
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            note!("{}", Backtrace::force_capture());
        }
    }));
}

/// What `body` gives; `None` if it panicked, here or on a thread that works for it.
pub fn caught<R>(body: impl FnOnce() -> R) -> Option<R> {
    // The process ends after a panic, so nobody sees what it left half done.
    panic::catch_unwind(AssertUnwindSafe(body)).ok()
}

fn what(info: &PanicHookInfo) -> String {
    info.payload_as_str().unwrap_or("a panic without words").to_owned()
}

fn report(what: &str, place: Option<&Location>, command: &str, saved: &str) -> String {
    let place = place.map_or_else(
        || "an unknown place".to_owned(),
        |place| format!("{}:{}", source(place.file()), place.line()),
    );
    let version = env!("CARGO_PKG_VERSION");
    let set = Isa::from_environment().map_or_else(|error| error.to_string(), |set| set.to_string());
    format!(
        "error: this is a bug of Langevin, not a mistake of yours: {what}\n  \
         at       {place}\n  \
         version  langevin {version}, {}-{}, {set}\n  \
         command  {command}\n\
         Please report it with these lines; with RUST_BACKTRACE=1 there are more of them.\n\
         {saved}",
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}

/// A source file without the folders of the machine that built the program.
fn source(file: &str) -> &str {
    let dependency = file.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    dependency.map_or(file, |(_, rest)| rest)
}

/// The command as it was typed.
fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let quoted = words.map(|word| if word.contains([' ', '"', '$']) { format!("'{word}'") } else { word });
    ["langevin".to_owned()].into_iter().chain(quoted).collect::<Vec<_>>().join(" ")
}

/// What is left of the work, and how to go on with it.
fn saved(command: &Command) -> String {
    let Command::Train(train) = command else { return String::new() };
    let out = train.out.as_deref().map(|out: &Path| format!(" --out {}", out.display())).unwrap_or_default();
    format!("What was saved in the run's folder is whole; go on with: langevin train --resume{out}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use rayon::prelude::*;
    use std::process::Output;

    /// Set where this program runs as its own child, to panic.
    const CHILD: &str = "LANGEVIN_TEST_OF_PANICS";

    /// This test alone, in a process of its own that panics as `kind` says.
    fn child(kind: &str, backtrace: &str) -> Output {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "panics::tests::a_child_panics", "--nocapture", "--test-threads=1"]);
        command.env(CHILD, kind).env("RUST_BACKTRACE", backtrace).output().unwrap()
    }

    #[test]
    fn a_child_panics() {
        let Ok(kind) = std::env::var(CHILD) else { return };
        report_as_bugs(&Arguments::parse_from(["langevin", "train", "digits", "--out", "my run"]));
        let ended = caught(|| match kind.as_str() {
            "here" => panic!("seven of {}", 9),
            "worker" => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
                let fail = |index: usize| assert!(index < 500, "index {index} is too large");
                pool.install(|| (0..1000).into_par_iter().for_each(fail));
            }
            "nothing" => {}
            _ => unreachable!(),
        });
        std::process::exit(if ended.is_some() { 0 } else { i32::from(CODE) });
    }

    #[test]
    fn a_panic_is_reported_as_a_bug_with_what_a_report_needs() {
        for (kind, words) in [("here", "seven of 9"), ("worker", "is too large")] {
            let output = child(kind, "0");
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(101), "{text}");
            assert!(text.starts_with("error: this is a bug of Langevin"), "{text}");
            for part in
                [words, "src/panics.rs:", "langevin 0.", "command  langevin --exact", "--resume --out my run"]
            {
                assert!(text.contains(part), "{part:?} is not in: {text}");
            }
            assert_eq!(text.matches("error:").count(), 1, "{text}");
            assert!(!text.contains("stack backtrace") && !text.contains("panicked"), "{text}");
            assert!(!text.contains("rust_begin_unwind"), "{text}");
        }
        let output = child("nothing", "0");
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty());
    }

    #[test]
    fn a_backtrace_is_for_those_who_ask() {
        let text = String::from_utf8(child("here", "1").stderr).unwrap();
        assert!(text.contains("a_child_panics"), "{text}");
    }

    #[test]
    fn places_are_told_without_the_folders_of_the_builder() {
        let theirs =
            "/home/a/.cargo/registry/src/mirror-1949cf8c6b5b557f/burn-tensor-0.22.1/src/tensor/api.rs";
        assert_eq!(source(theirs), "burn-tensor-0.22.1/src/tensor/api.rs");
        assert_eq!(source("crates/langevin-cli/src/panics.rs"), "crates/langevin-cli/src/panics.rs");
    }

    #[test]
    fn only_training_leaves_something_to_go_on_with() {
        let saved = |line: &str| saved(&Arguments::parse_from(line.split(' ')).command);
        assert!(saved("langevin train --out a").ends_with("langevin train --resume --out a"));
        assert!(saved("langevin train").ends_with("langevin train --resume"));
        assert_eq!(saved("langevin samplers"), "");
    }
}

//! Everything that has to pass, the quick checks first.
//!
//! Burn is compiled once for the tests and the program, and its metadata once for Clippy and the
//! documentation: every step uses the release profile and no step sets RUSTFLAGS. The dependencies of
//! `langevin-ops` see to it that Burn's features are the same in all of them.

use crate::commands::{cargo, line, run as run_command};
use anyhow::{Context, Result};
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs the steps until one fails.
///
/// # Errors
/// Names the first step that failed, and its command.
pub fn run() -> Result<()> {
    let steps = [
        ("fmt", cargo(&["fmt", "--all", "--check"])),
        ("tidy", cargo(&["xtask", "tidy"])),
        ("deny", cargo(&["xtask", "deny"])),
        ("clippy", cargo(&["clippy", "--workspace", "--all-targets", "--release", "--", "-D", "warnings"])),
        ("test", cargo(&["test", "--workspace", "--release"])),
        ("browser", cargo(&["xtask", "browser"])),
        ("doc", documentation()),
    ];
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, mut command) in steps {
        println!("==> {name}: {}", line(&command));
        let begun = Instant::now();
        run_step(name, &mut command).with_context(|| {
            format!("validate failed at step '{name}' after {}", readable(begun.elapsed()))
        })?;
        println!("==> {name}: passed in {}", readable(begun.elapsed()));
        times.push(format!("{name} {}", readable(begun.elapsed())));
    }
    println!("==> validate: passed in {} ({})", readable(start.elapsed()), times.join(", "));
    Ok(())
}

fn run_step(name: &str, command: &mut Command) -> Result<()> {
    match name {
        // The same as the command, without starting another process of this program.
        "tidy" => crate::tidy::run(crate::root()).with_context(|| format!("`{}` failed", line(command))),
        // No reason to go without all the others.
        "deny" if !crate::deny::is_there() => {
            println!("deny: left out: {}", crate::deny::ADVICE);
            Ok(())
        }
        "deny" => crate::deny::run().with_context(|| format!("`{}` failed", line(command))),
        "browser" if !crate::browser::is_there()? => {
            println!("browser: left out: {}", crate::browser::ADVICE);
            Ok(())
        }
        "browser" => {
            crate::browser::test(crate::root()).with_context(|| format!("`{}` failed", line(command)))
        }
        _ => run_command(command),
    }
}

fn documentation() -> Command {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--release"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// A time as people read it: `0.4 s`, `12 min 3 s`.
fn readable(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        assert_eq!(readable(Duration::from_millis(420)), "0.4 s");
        assert_eq!(readable(Duration::from_secs(60)), "1 min 0 s");
        assert_eq!(readable(Duration::from_secs(3723)), "62 min 3 s");
    }

    #[test]
    fn warnings_of_the_documentation_are_errors() {
        let text = line(&documentation());
        assert_eq!(text, "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace --no-deps --release");
    }
}

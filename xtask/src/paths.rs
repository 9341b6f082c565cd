//! The tests on the ways of computing that this processor does not take by itself.

use crate::commands::{cargo, line, run as run_command};
use anyhow::Result;
use std::process::Command;

/// Runs all tests once for each of them, until one fails.
///
/// # Errors
/// Names the command that failed, with the variable that chose the way.
pub fn run() -> Result<()> {
    for mut command in commands() {
        println!("==> {}", line(&command));
        run_command(&mut command)?;
    }
    Ok(())
}

fn commands() -> Vec<Command> {
    let mut ways = vec![("LANGEVIN_ISA", "portable"), ("LANGEVIN_OPS", "burn")];
    if has_avx512() {
        ways.insert(0, ("LANGEVIN_ISA", "avx2"));
    }
    let command = |(variable, value)| {
        let mut command = cargo(&["test", "--workspace", "--release"]);
        command.env(variable, value);
        command
    };
    ways.into_iter().map(command).collect()
}

fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512f")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_names_its_way() {
        let lines: Vec<String> = commands().iter().map(line).collect();
        assert!(lines.contains(&"LANGEVIN_ISA=portable cargo test --workspace --release".to_owned()));
        assert!(lines.contains(&"LANGEVIN_OPS=burn cargo test --workspace --release".to_owned()));
    }
}

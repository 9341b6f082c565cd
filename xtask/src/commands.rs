//! Running other programs: every failure names the command line that failed.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::process::{Command, ExitStatus, Stdio};

/// The cargo that runs this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(arguments).current_dir(crate::root());
    command
}

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
/// If it cannot be started or does not succeed.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    check(command, status)
}

/// What a command prints on its standard output; its error output goes where ours goes.
///
/// # Errors
/// If it cannot be started, does not succeed, or prints what is not UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    check(command, output.status)?;
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed text that is not UTF-8", line(command)))
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// A command as one would type it: the variables set for it, the program's name, its arguments.
pub fn line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        value.map(|value| format!("{}={}", name.to_string_lossy(), quoted(&value.to_string_lossy())))
    });
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let arguments = command.get_args().map(|argument| quoted(&argument.to_string_lossy()));
    variables.chain([name]).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    if word.contains(' ') { format!("\"{word}\"") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_line_that_failed() {
        let mut command = Command::new("/usr/bin/env");
        command.env("FLAGS", "-D warnings").args(["sh", "-c", "exit 3"]);
        assert_eq!(line(&command), "FLAGS=\"-D warnings\" env sh -c \"exit 3\"");
        let message = run(&mut command).unwrap_err().to_string();
        assert!(message.contains("sh -c \"exit 3\"") && message.contains('3'), "{message}");
        let message = run(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert_eq!(message, "cannot start `no-such-program-here`");
    }

    #[test]
    fn output_is_what_was_printed() {
        assert_eq!(output(Command::new("echo").arg("seven")).unwrap(), "seven\n");
        assert!(output(&mut Command::new("false")).is_err());
    }
}

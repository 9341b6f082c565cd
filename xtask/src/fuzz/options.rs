//! What `cargo xtask fuzz` is asked for.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// Seconds for each target, where neither they nor executions are given.
const SECONDS: u64 = 60;

/// The options of `cargo xtask fuzz`.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The targets; all if there is none.
    pub targets: Vec<String>,
    /// Seconds for each target.
    pub seconds: Option<u64>,
    /// Executions of each target.
    pub runs: Option<u64>,
    /// Where the instrumented build goes, and what is found.
    pub target_dir: Option<PathBuf>,
}

impl Options {
    /// # Errors
    /// If an option is not known, or has no value that fits.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), seconds: None, runs: None, target_dir: None };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{name} needs a value"));
            match name.as_str() {
                "--seconds" => options.seconds = Some(count(name, value()?)?),
                "--runs" => options.runs = Some(count(name, value()?)?),
                "--target" => options.targets.extend(value()?.split(',').map(str::to_owned)),
                "--target-dir" => options.target_dir = Some(std::path::absolute(value()?)?),
                other => bail!(
                    "'fuzz' takes --seconds N, --runs N, --target NAME,... and --target-dir FOLDER, got '{other}'"
                ),
            }
        }
        if options.runs.is_none() {
            options.seconds.get_or_insert(SECONDS);
        }
        Ok(options)
    }

    /// libFuzzer's options for it.
    pub fn limits(&self) -> Vec<String> {
        let seconds = self.seconds.map(|seconds| format!("-max_total_time={seconds}"));
        seconds.into_iter().chain(self.runs.map(|runs| format!("-runs={runs}"))).collect()
    }
}

fn count(name: &str, value: &str) -> Result<u64> {
    match value.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => bail!("{name} is '{value}': expected a whole number above 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn seconds_or_executions_limit_each_target() {
        assert_eq!(parse("").unwrap().limits(), ["-max_total_time=60"]);
        assert_eq!(parse("--runs 1000000").unwrap().limits(), ["-runs=1000000"]);
        let both = parse("--seconds 5 --runs 9 --target npy,idx").unwrap();
        assert_eq!(both.limits(), ["-max_total_time=5", "-runs=9"]);
        assert_eq!(both.targets, ["npy", "idx"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, named) in
            [("--runs", "--runs needs a value"), ("--runs 0", "'0'"), ("--minutes 3", "'--minutes'")]
        {
            assert!(parse(text).unwrap_err().to_string().contains(named), "{text}");
        }
    }
}

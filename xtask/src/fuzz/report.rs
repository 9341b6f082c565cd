//! What libFuzzer says of a run.

use std::fmt;

/// A run of one target.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The target.
    pub name: String,
    /// Inputs tried.
    pub executions: u64,
    /// Inputs a second.
    pub rate: u64,
    /// Inputs kept because each reaches something that no other does.
    pub corpus: u64,
    /// The most memory of the process, in MiB.
    pub memory: u64,
    /// Where the input lies that crashed it.
    pub crash: Option<String>,
}

impl Report {
    /// From the text that libFuzzer printed with `-print_final_stats=1`.
    pub fn parse(name: &str, text: &str) -> Self {
        let number = |label: &str| -> u64 {
            let value = text.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(label));
            value.and_then(|value| value.trim_start_matches(':').trim().parse().ok()).unwrap_or(0)
        };
        let words = || text.lines().rev().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let corpus = words().find_map(|words| {
            let at = words.iter().position(|word| *word == "corp:")?;
            words.get(at + 1)?.split('/').next()?.parse().ok()
        });
        let crash =
            text.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
        Self {
            name: name.to_owned(),
            executions: number("number_of_executed_units"),
            rate: number("average_exec_per_sec"),
            corpus: corpus.unwrap_or(0),
            memory: number("peak_rss_mb"),
            crash: crash.map(str::to_owned),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, executions, rate, .. } = self;
        let crash = self.crash.as_ref().map(|path| format!(", CRASHED on {path}")).unwrap_or_default();
        write!(f, "{name}: {executions} executions, {rate} a second{crash}")
    }
}

/// A table for a page.
pub fn table(reports: &[Report]) -> String {
    let mut lines = vec![
        "| target | executions | a second | corpus | memory, MiB | crashes |".to_owned(),
        "|---|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for Report { name, executions, rate, corpus, memory, crash } in reports {
        let crashes = u8::from(crash.is_some());
        lines.push(format!(
            "| {name} | {} | {rate} | {corpus} | {memory} | {crashes} |",
            grouped(*executions)
        ));
    }
    lines.join("\n")
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
#2\tINITED cov: 417 ft: 418 corp: 1/1b exec/s: 0 rss: 41Mb
#1048576\tpulse  cov: 1022 ft: 4075 corp: 523/47Kb lim: 4096 exec/s: 5041 rss: 92Mb
#1200000\tDONE   cov: 1023 ft: 4101 corp: 531/48Kb lim: 4096 exec/s: 5000 rss: 93Mb
stat::number_of_executed_units: 1200000
stat::average_exec_per_sec:     5000
stat::new_units_added:          812
stat::peak_rss_mb:              93
";

    #[test]
    fn a_run_is_read_from_what_libfuzzer_prints() {
        let report = Report::parse("npy", TEXT);
        let expected = Report {
            name: "npy".to_owned(),
            executions: 1_200_000,
            rate: 5000,
            corpus: 531,
            memory: 93,
            crash: None,
        };
        assert_eq!(report, expected);
        let row = "| npy | 1,200,000 | 5000 | 531 | 93 | 0 |";
        assert!(table(&[report]).ends_with(row), "{}", table(&[]));
    }

    #[test]
    fn a_crash_names_its_input() {
        let text = format!("{TEXT}artifact_prefix='a/'; Test unit written to a/crash-12\n");
        let report = Report::parse("npy", &text);
        assert_eq!(report.crash.as_deref(), Some("a/crash-12"));
        assert!(report.to_string().contains("CRASHED on a/crash-12"), "{report}");
    }
}

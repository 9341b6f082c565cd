//! Bad files: what is done about them, and how they are named.

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::DataError;

/// Most bad files that an error names; [`DataError::in_full`] names them all.
pub(super) const NAMED: usize = 20;

/// What is done about files that should be pictures of a set and cannot be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBadFile {
    /// The set is refused, and every bad file named.
    #[default]
    Fail,
    /// The set is that of the others, and [`Dataset::skipped`](super::Dataset::skipped) names the bad ones.
    Skip,
}

/// A file that cannot be used, or a row of an array of points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadFile {
    /// Its path below the source, with what is not text in it escaped; that of a folder ends in `/`.
    pub name: String,
    /// Why it cannot be used.
    pub reason: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}': {}", self.name, self.reason)
    }
}

impl fmt::Display for OnBadFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
        })
    }
}

impl FromStr for OnBadFile {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text {
            "fail" => Ok(Self::Fail),
            "skip" => Ok(Self::Skip),
            _ => Err(DataError::BadOption {
                option: "on-bad-file",
                value: text.to_owned(),
                reason: "expected fail or skip".to_owned(),
            }),
        }
    }
}

/// The report of a set's bad files: a sentence, and a line for each of the first `most`.
pub(super) fn report(path: &str, total: usize, what: &str, bad: &[BadFile], most: usize) -> String {
    let mut text = match bad.len() {
        all if all == total => {
            format!("none of the {total} {what}(s) of '{path}' can be used: repair them first")
        }
        some => format!(
            "{some} of the {total} {what}(s) of '{path}' cannot be used: repair or remove them, or leave them out by \
             `--on-bad-file skip`"
        ),
    };
    for file in bad.iter().take(most) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {file}");
    }
    if bad.len() > most {
        let _ = write!(text, "\n  and {} more: `langevin inspect` names them all", bad.len() - most);
    }
    text
}

/// A name as text that no other name of its folder has: what is not UTF-8, or would act on a terminal, is escaped.
pub(super) fn shown(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    text.extend(character.escape_default());
                }
                control if control.is_control() => text.extend(control.escape_default()),
                plain => text.push(plain),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let names: [&[u8]; 5] =
            [b"caf\xe9.png", b"caf\xe8.png", "café.png".as_bytes(), b"caf\\xe9.png", b"\x1b[2J\n"];
        let texts = names.map(|name| shown(OsStr::from_bytes(name)));
        assert_eq!(texts, ["caf\\xe9.png", "caf\\xe8.png", "café.png", "caf\\\\xe9.png", "\\u{1b}[2J\\n"]);
    }

    #[test]
    fn a_report_names_so_many_and_counts_the_rest() {
        let bad: Vec<_> =
            (0..3).map(|i| BadFile { name: format!("{i}.png"), reason: "bad".to_owned() }).collect();
        let text = report("set", 9, "picture", &bad, 2);
        assert!(text.starts_with("3 of the 9 picture(s) of 'set' cannot be used: "), "{text}");
        assert!(text.contains("\n  '0.png': bad\n  '1.png': bad\n  and 1 more"), "{text}");
        let text = report("set", 3, "picture", &bad, 20);
        assert!(
            text.starts_with("none of the 3") && !text.contains("skip") && text.ends_with("'2.png': bad")
        );
    }

    #[test]
    fn the_choice_is_named_in_lower_case() {
        for choice in [OnBadFile::Fail, OnBadFile::Skip] {
            assert_eq!(choice.to_string().parse::<OnBadFile>().unwrap(), choice);
        }
        let message = "warn".parse::<OnBadFile>().unwrap_err().to_string();
        assert_eq!(message, "`--on-bad-file warn` cannot be used: expected fail or skip");
    }
}

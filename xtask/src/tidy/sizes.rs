//! Files stay short enough to be read at once.

use super::Finding;
use super::source::Source;

/// Above this many lines a file is to be divided.
const MOST: usize = 400;
/// Above this many lines a file needs a reason.
const MANY: usize = 250;

/// Reports a file that is too long.
pub fn check(source: &Source) -> Option<Finding> {
    let lines = source.lines;
    let long = || format!("{lines} lines, at most {MOST}: one concept a file, divide it");
    (lines > MOST).then(|| Finding { path: source.path.clone(), line: lines, message: long() })
}

/// Mentions a file that is long.
pub fn warn(source: &Source) -> Option<String> {
    let lines = source.lines;
    (MANY < lines && lines <= MOST).then(|| format!("{}: {lines} lines, better at most {MANY}", source.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_found() {
        let of_lines = |lines| Source::parse("a.rs", &"x\n".repeat(lines));
        assert!(check(&of_lines(400)).is_none() && warn(&of_lines(400)).is_some());
        assert!(check(&of_lines(401)).is_some() && warn(&of_lines(401)).is_none());
        assert!(warn(&of_lines(250)).is_none());
    }
}

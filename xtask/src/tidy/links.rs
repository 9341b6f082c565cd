//! Relative links in Markdown lead somewhere.

use super::Finding;
use std::path::{Component, Path, PathBuf};

/// Reports the links of Markdown files that name no file of the repository.
pub fn check(root: &Path, files: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        for (line, target) in links(text) {
            let wrong = match inside(&folder.join(target)) {
                None => "leads out of the repository",
                Some(file) if !root.join(&file).exists() => "leads to no file",
                Some(_) => continue,
            };
            findings.push(Finding {
                path: path.clone(),
                line,
                message: format!("the link '{target}' {wrong}"),
            });
        }
    }
    findings
}

/// A path without `.` and `..`; none if it leads out of where it starts.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => inside.push(name),
            Component::ParentDir if inside.pop() => {}
            _ => return None,
        }
    }
    Some(inside)
}

/// Line and file of each relative link outside code, `[text](file#heading "title")` or `[name]: file`.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let files = targets(line).into_iter().filter_map(relative);
            found.extend(files.map(|file| (index + 1, file)));
        }
    }
    found
}

/// What the links of a line lead to.
fn targets(line: &str) -> Vec<&str> {
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    if let Some((name, target)) = definition.filter(|(name, _)| !name.contains(']')) {
        return if name.starts_with('^') { Vec::new() } else { vec![target] };
    }
    let mut found = Vec::new();
    // Between two backticks stands code.
    for outside in line.split('`').step_by(2) {
        found.extend(outside.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    }
    found
}

/// The file of a link that is neither an address nor a heading of the same file.
fn relative(target: &str) -> Option<&str> {
    let target = target.split_whitespace().next()?.trim_matches(['<', '>']);
    let file = target.split('#').next()?;
    let is_address = file.contains("://") || file.starts_with("mailto:");
    (!file.is_empty() && !is_address).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_code_and_addresses() {
        let text = "[a](b.md#c) ![d](e/f.png \"g\") [h](https://i.org/j) [k](#l)\n\
                    ```\n[m](n)\n```\n`[o](p)` and [`q`](r.rs)\n[s]: t.md\n[^u]: a note\n[v](<w.md>)";
        let found = [(1, "b.md"), (1, "e/f.png"), (5, "r.rs"), (6, "t.md"), (8, "w.md")];
        assert_eq!(links(text), found);
    }

    #[test]
    fn links_lead_to_files_of_the_repository() {
        let text = "[a](../recipes/digits.toml) [b](../recipes/none.toml) [c](../../elsewhere)".to_owned();
        let found = check(crate::root(), &[("xtask/NOTES.md".to_owned(), text)]);
        let found: Vec<_> = found.iter().map(Finding::to_string).collect();
        let expected = [
            "xtask/NOTES.md:1: the link '../recipes/none.toml' leads to no file",
            "xtask/NOTES.md:1: the link '../../elsewhere' leads out of the repository",
        ];
        assert_eq!(found, expected);
    }
}

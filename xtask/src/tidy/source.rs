//! A Rust file, divided into code, strings and test code.
//!
//! This is no parser: it relies on comments and literals being known, and on braces that match outside them.

use super::{Finding, mask};
use std::collections::HashSet;
use std::ops::Range;

/// A Rust file. `code` and `strings` are as long as its text, what they lack replaced by spaces.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// How many lines the file has.
    pub lines: usize,
    /// Without comments, and without what stands in literals.
    pub code: String,
    /// Without comments.
    pub strings: String,
    /// Where test code stands: the items below `#[cfg(test)]`, or everything.
    tests: Vec<Range<usize>>,
}

impl Source {
    /// Divides a text. Files in a crate's `tests`, `benches` and `examples` are test code altogether.
    pub fn parse(path: &str, text: &str) -> Self {
        let (code, strings) = mask::blank(text);
        let mut tests: Vec<_> = test_items(&code).collect();
        if path.split('/').any(|part| ["tests", "benches", "examples"].contains(&part)) {
            tests.push(0..text.len());
        }
        let lines = text.lines().count();
        Self { path: path.to_owned(), text: text.to_owned(), lines, code, strings, tests }
    }

    /// Whether the byte `at` belongs to test code.
    pub fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// A finding at the byte `at`.
    pub fn finding(&self, at: usize, message: String) -> Finding {
        let line = 1 + self.code.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        Finding { path: self.path.clone(), line, message }
    }

    /// Paths, without `.rs`, of the modules that `#[cfg(test)] mod name;` sends to files of their own.
    fn test_modules(&self) -> impl Iterator<Item = String> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let folder = match stem.rsplit_once('/') {
            Some((folder, "mod" | "lib" | "main")) => folder,
            _ => stem,
        };
        self.tests.iter().filter_map(move |range| {
            let item = self.code[range.clone()].trim_end().strip_suffix(';')?;
            let name = item.rsplit_once("mod ")?.1.trim();
            Some(format!("{folder}/{name}"))
        })
    }
}

/// Divides every file, with what one says of another: which modules are test code.
pub fn parse_all(files: Vec<(String, String)>) -> Vec<Source> {
    let mut sources: Vec<_> = files.iter().map(|(path, text)| Source::parse(path, text)).collect();
    let modules: HashSet<_> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let mut stem = source.path.strip_suffix(".rs");
        while let Some(path) = stem {
            if modules.contains(path) {
                source.tests.push(0..source.code.len());
            }
            stem = path.rsplit_once('/').map(|(folder, _)| folder);
        }
    }
    sources
}

/// The items below `#[cfg(test)]`, each up to its closing brace or its semicolon.
fn test_items(code: &str) -> impl Iterator<Item = Range<usize>> {
    code.match_indices("#[cfg(test)]")
        .map(|(start, mark)| start..start + mark.len() + item(&code[start + mark.len()..]))
}

/// The length of the item at the start of a text.
fn item(code: &str) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => braces += 1,
            // Below a `use` the closing brace is not the end; the semicolon is.
            b'}' if braces == 1 && others == 0 && !code[at + 1..].trim_start().starts_with(';') => {
                return at + 1;
            }
            b'}' => braces = braces.saturating_sub(1),
            b'(' | b'[' => others += 1,
            b')' | b']' => others = others.saturating_sub(1),
            b';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(text: &str) -> Vec<&str> {
        let source = Source::parse("crates/a/src/b.rs", text);
        source.tests.iter().map(|range| &text[range.clone()]).collect()
    }

    #[test]
    fn test_items_end_where_they_end() {
        let module = "#[cfg(test)]\nmod tests { fn f() { \"}\"; } }";
        assert_eq!(tested(&format!("fn a() {{}}\n{module}\nfn b() {{}}")), [module]);
        let import = "#[cfg(test)]\nuse a::{b, c};";
        assert_eq!(tested(&format!("{import} fn b() {{}}")), [import]);
        let function = "#[cfg(test)] #[allow(x)] fn f(a: [u8; 3]) -> u8 { { 1 } }";
        assert_eq!(tested(&format!("{function} fn b() {{}}")), [function]);
        assert!(tested("// #[cfg(test)]\nfn a() {}").is_empty());
    }

    #[test]
    fn a_finding_has_the_line() {
        let source = Source::parse("a.rs", "/* é\n */ x\ny");
        let at = source.code.find('y').unwrap();
        assert_eq!(source.finding(at, "no".to_owned()).to_string(), "a.rs:3: no");
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_known() {
        let declared = "#[cfg(test)]\nmod checks;\nmod plain; ";
        let files = [
            "src/lib.rs",
            "src/checks.rs",
            "src/plain.rs",
            "src/a.rs",
            "src/a/checks/deep.rs",
            "src/a/plain.rs",
        ];
        let text =
            |path: &str| if ["src/lib.rs", "src/a.rs"].contains(&path) { declared } else { "fn f() {}" };
        let sources = parse_all(files.map(|path| (path.to_owned(), text(path).to_owned())).into());
        let tests: Vec<_> = sources
            .iter()
            .filter(|source| source.is_test(source.code.len() - 1))
            .map(|source| &source.path)
            .collect();
        assert_eq!(tests, ["src/checks.rs", "src/a/checks/deep.rs"]);
        assert!(Source::parse("crates/a/tests/b/c.rs", "x").is_test(0));
    }
}

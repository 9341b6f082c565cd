//! Unsafe code stands in two crates alone, each `unsafe` of them with its reason; the compiler forbids it elsewhere.

use super::Finding;
use super::source::Source;

/// The crates that may have unsafe code.
const CRATES: [&str; 2] = ["crates/langevin-kernels/", "crates/langevin-ops/"];
/// The line of every other crate's root.
const FORBIDDEN: &str = "#![forbid(unsafe_code)]";
/// Begins a comment that holds for all intrinsics below it: those of an instruction set have the same reason.
const OF_ALL_BELOW: &str = "// SAFETY, of every intrinsic below:";

/// Reports a crate's root that does not forbid unsafe code, and every `unsafe` without a reason.
pub fn check(source: &Source) -> Vec<Finding> {
    if CRATES.iter().any(|start| source.path.starts_with(start)) {
        return unreasoned(source);
    }
    let missing = is_root(&source.path) && !source.code.contains(FORBIDDEN);
    let message = || format!("a crate's root without '{FORBIDDEN}'");
    missing.then(|| source.finding(0, message())).into_iter().collect()
}

/// How many lines of a file have the word `unsafe`; none outside of the two crates.
pub fn count(source: &Source) -> usize {
    lines(&source.code).filter(|(_, line)| has_unsafe(line)).count()
}

/// Whether a file is the root of a library or of a program.
fn is_root(path: &str) -> bool {
    let ours = path.starts_with("crates/") || path.starts_with("xtask/");
    ours && (path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") || path.contains("/src/bin/"))
}

fn unreasoned(source: &Source) -> Vec<Finding> {
    let text: Vec<&str> = source.text.lines().collect();
    let code: Vec<&str> = source.code.lines().collect();
    let of_all_below = text.iter().position(|line| line.trim_start().starts_with(OF_ALL_BELOW));
    let covered = |at: usize| of_all_below.is_some_and(|from| from < at);
    lines(&source.code)
        .filter(|(at, line)| has_unsafe(line) && !covered(*at))
        .filter_map(|(at, line)| {
            let why = if line.contains("unsafe fn") {
                let promised = comment_above(&text, &code, at).contains("# Safety");
                (!promised && !is_of_a_trait(&code, at))
                    .then_some("an unsafe function without '# Safety', which says what its caller promises")
            } else {
                (!comment_above(&text, &code, at).contains("SAFETY:")).then_some(
                    "an 'unsafe' without a comment '// SAFETY: …' above it, which says why it holds",
                )
            };
            let message = why?.to_owned();
            Some(Finding { path: source.path.clone(), line: at + 1, message })
        })
        .collect()
}

fn lines(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate()
}

fn has_unsafe(line: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == "unsafe")
}

/// The comment that ends above the statement or the item of a line.
fn comment_above(text: &[&str], code: &[&str], at: usize) -> String {
    let is_comment = |line: usize| text[line].trim_start().starts_with("//");
    let mut line = at;
    while line > 0 && !is_comment(line - 1) {
        let above = code[line - 1].trim();
        let attribute = above.starts_with("#[");
        // A statement of several lines, or an `unsafe impl` of the same reason.
        let same = !above.is_empty() && !above.ends_with([';', '{', '}']);
        if !attribute && !same && !above.starts_with("unsafe impl") {
            return String::new();
        }
        line -= 1;
    }
    let start = (0..line).rev().find(|line| !is_comment(*line)).map_or(0, |line| line + 1);
    text[start..line].join("\n")
}

/// Whether the function of a line belongs to an `impl … for …`: the trait says what its caller promises.
fn is_of_a_trait(code: &[&str], at: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let around = code[..at].iter().rev().filter(|line| !line.trim().is_empty());
    let header = around.into_iter().find(|line| indent(line) < indent(code[at]));
    header.is_some_and(|line| line.trim_start().starts_with("impl") && line.contains(" for "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&Source::parse(path, text)).into_iter().map(|finding| finding.line).collect()
    }

    fn kernels(text: &str) -> Vec<usize> {
        found("crates/langevin-kernels/src/conv/direct.rs", text)
    }

    #[test]
    fn roots_forbid_unsafe_code() {
        for path in
            ["crates/langevin/src/lib.rs", "xtask/src/main.rs", "crates/langevin-cli/src/bin/other.rs"]
        {
            assert_eq!(found(path, "//! Text.\nmod a;"), [1], "{path}");
            assert_eq!(found(path, "// #![forbid(unsafe_code)]\nmod a;"), [1], "{path}");
            assert!(found(path, "//! Text.\n\n#![forbid(unsafe_code)]\nmod a;").is_empty(), "{path}");
        }
        for path in ["crates/langevin/src/nn/conv.rs", "crates/langevin-ops/src/lib.rs", "fuzz/src/main.rs"] {
            assert!(found(path, "mod a;").is_empty(), "{path}");
        }
    }

    #[test]
    fn a_block_needs_its_reason() {
        assert_eq!(kernels("fn f() {\n    unsafe { g() }\n}"), [2]);
        assert_eq!(kernels("fn f() {\n    // Fast.\n    unsafe { g() }\n}"), [3]);
        assert!(kernels("fn f() {\n    // SAFETY: it is\n    // so.\n    unsafe { g() }\n}").is_empty());
        assert!(kernels("// SAFETY: so.\nlet x = h(|y|\n    unsafe { g(y) });").is_empty());
        // The reason of one statement is not the next one's.
        assert_eq!(kernels("// SAFETY: so.\nunsafe { g() }\nunsafe { h() }"), [3]);
        assert_eq!(kernels("// SAFETY: so.\nlet a = 1;\nlet x = unsafe { g() };"), [3]);
        assert!(kernels("// unsafe { g() }\nlet a = \"unsafe { }\"; #![allow(unsafe_code)]").is_empty());
    }

    #[test]
    fn implementations_share_a_reason() {
        let pair = "unsafe impl Send for S {}\nunsafe impl Sync for S {}";
        assert!(kernels(&format!("// SAFETY: so.\n{pair}")).is_empty());
        assert_eq!(kernels(pair), [1, 2]);
    }

    #[test]
    fn a_function_says_what_its_caller_promises() {
        assert!(kernels("/// # Safety\n/// So.\n#[inline(always)]\npub unsafe fn f() {}").is_empty());
        assert_eq!(kernels("/// Adds.\n#[inline(always)]\nunsafe fn f() {}"), [3]);
        assert_eq!(kernels("impl A {\n    fn g() {\n    }\n\n    unsafe fn f() {}\n}"), [5]);
        assert!(kernels("impl<T> B<2> for A<T> {\n    fn g() {\n    }\n    unsafe fn f() {}\n}").is_empty());
    }

    #[test]
    fn an_instruction_set_has_one_reason() {
        let body = "impl Simd for Set {\n    fn a() {\n        unsafe { b() }\n    }\n}";
        let path = "crates/langevin-kernels/src/simd/set.rs";
        assert!(found(path, &format!("// SAFETY, of every intrinsic below: so.\n{body}")).is_empty());
        assert_eq!(found(path, body), [3]);
        assert_eq!(
            found(path, "unsafe { a() }\n// SAFETY, of every intrinsic below: so.\nunsafe { b() }"),
            [1]
        );
    }
}

//! The kernels' tests where every access to memory is watched: AddressSanitizer, and valgrind.
//!
//! The tests are the usual ones, at small sizes: fewer cases of each property, and none of the layers of real networks.
//! Working memory is of the very length that was asked for (`exact_scratch`), so that nothing hides in what is left over.

use crate::commands::{cargo, line, output};
use anyhow::{Context, Result, bail};
use std::env::consts::ARCH;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Cases of each property under AddressSanitizer.
const CASES: &str = "24";
/// The same under valgrind, which interprets every instruction.
const CASES_OF_VALGRIND: &str = "32";
/// Tests of large layers: they meet the edges of no buffer that small ones do not meet.
const LARGE: &[&str] = &["the_layers_of_real_networks"];
/// Parts of the names of tests whose work has to be large enough for several threads: minutes each under valgrind.
const LARGE_FOR_VALGRIND: &[&str] = &["threads", "depend", "batch", "several"];

/// What watches.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Watcher {
    /// Compiled in: any instruction set that the processor has.
    AddressSanitizer,
    /// A processor of its own, which has AVX2 at most.
    Valgrind,
}

/// Runs the tests under each watcher, with each instruction set that the processor and the watcher have.
///
/// # Errors
/// If a tool is missing, a test fails, or memory is touched that should not be.
pub fn run(root: &Path) -> Result<()> {
    let begun = Instant::now();
    let sets = sets();
    let mut lines = Vec::new();
    for watcher in [Watcher::AddressSanitizer, Watcher::Valgrind] {
        if watcher == Watcher::Valgrind && !has_valgrind() {
            bail!("valgrind is not there: install it (on Debian: apt install valgrind)");
        }
        let program = build(root, watcher)?;
        for set in sets.iter().filter(|set| watcher != Watcher::Valgrind || **set != "avx512") {
            let mut command = watched(root, watcher, &program, set);
            println!("==> {}", line(&command));
            let begun = Instant::now();
            let passed = passed(&output(&mut command)?).context("the tests print no result")?;
            lines.push(format!(
                "{watcher:?} {set}: {passed} tests, 0 errors, {} s",
                begun.elapsed().as_secs()
            ));
            println!("==> {}", lines[lines.len() - 1]);
        }
    }
    println!("==> sanitize: passed in {} s", begun.elapsed().as_secs());
    lines.iter().for_each(|line| println!("    {line}"));
    if !sets.contains(&"avx512") {
        println!("    this processor lacks AVX-512: its kernels were not run");
    }
    Ok(())
}

/// The instruction sets of this processor, by the names of `LANGEVIN_ISA`, the fastest first.
fn sets() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let has = [("avx512", is_x86_feature_detected!("avx512f")), ("avx2", is_x86_feature_detected!("avx2"))];
    #[cfg(not(target_arch = "x86_64"))]
    let has: [(&str, bool); 0] = [];
    has.into_iter().filter(|(_, there)| *there).map(|(set, _)| set).chain(["portable"]).collect()
}

fn has_valgrind() -> bool {
    let asked = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Builds the kernels' tests for a watcher, apart from other builds, and gives the program.
fn build(root: &Path, watcher: Watcher) -> Result<PathBuf> {
    let target = format!("{ARCH}-unknown-linux-gnu");
    let mut command = cargo(&["test", "--release", "--package", "langevin-kernels", "--lib", "--no-run"]);
    // With a target named, the flags hold for no build script and no macro.
    command.args(["--target", &target, "--message-format", "json-render-diagnostics", "--target-dir"]);
    command.arg(folder(root).join(format!("{watcher:?}").to_lowercase()));
    command.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
    match watcher {
        Watcher::AddressSanitizer => {
            // Its runtime comes with every toolchain, and its flag only with permission.
            command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "--cfg exact_scratch -Zsanitizer=address");
        }
        Watcher::Valgrind => {
            command.env("RUSTFLAGS", "--cfg exact_scratch");
        }
    }
    println!("==> {}", line(&command));
    let messages = output(&mut command)?;
    program(&messages).context("cargo names no program of the kernels' tests")
}

/// Where builds go: beside the others.
fn folder(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("sanitize")
}

/// The program that cargo's messages name.
fn program(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = messages.filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    programs.next()
}

/// The tests under a watcher, with an instruction set.
fn watched(root: &Path, watcher: Watcher, program: &Path, set: &str) -> Command {
    let mut command = match watcher {
        Watcher::AddressSanitizer => Command::new(program),
        Watcher::Valgrind => {
            let mut command = Command::new("valgrind");
            command.args(["--quiet", "--error-exitcode=99", "--fair-sched=yes", "--leak-check=no"]);
            command.arg(program).arg("--test-threads=1");
            command
        }
    };
    let cases = if watcher == Watcher::Valgrind { CASES_OF_VALGRIND } else { CASES };
    command.env("LANGEVIN_ISA", set).env("PROPTEST_CASES", cases);
    // Failures are kept beside the sources.
    command.current_dir(root.join("crates/langevin-kernels"));
    let large = if watcher == Watcher::Valgrind { LARGE_FOR_VALGRIND } else { &[] };
    command.args(LARGE.iter().chain(large).flat_map(|test| ["--skip", test]));
    command
}

/// How many tests passed, by what they print.
fn passed(printed: &str) -> Option<usize> {
    let result = printed.lines().find_map(|line| line.strip_prefix("test result: ok. "))?;
    result.split_once(" passed")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_its_result_are_found() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\nno JSON\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"/a/b-1\"}\n{\"reason\":\"build-finished\"}";
        assert_eq!(program(messages), Some(PathBuf::from("/a/b-1")));
        assert_eq!(program("{}"), None);
        let printed = "running 2 tests\ntest result: ok. 49 passed; 0 failed; 0 ignored; 0 measured\n";
        assert_eq!(passed(printed), Some(49));
        assert_eq!(passed("test result: FAILED. 1 passed; 1 failed"), None);
    }

    #[test]
    fn valgrind_fails_where_it_finds_something() {
        let command = watched(Path::new("/r"), Watcher::Valgrind, Path::new("/p"), "avx2");
        let text = line(&command);
        assert!(text.starts_with("LANGEVIN_ISA=avx2 PROPTEST_CASES=32 valgrind"), "{text}");
        assert!(
            text.contains("--error-exitcode=99") && text.contains("/p --test-threads=1 --skip"),
            "{text}"
        );
    }
}

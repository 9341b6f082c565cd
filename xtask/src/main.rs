//! The repository's own tools: `cargo xtask <task>`.

#![forbid(unsafe_code)]

mod browser;
mod commands;
mod compare;
mod deny;
mod digits;
mod full_width;
mod fuzz;
mod load;
mod memory;
mod objectives;
mod paths;
mod python;
mod sanitize;
mod tidy;
mod torture;
mod validate;
mod vectors;

use anyhow::{Result, bail};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  validate   formatting, tidy, Clippy, tests and documentation: everything that has to pass
  paths      the tests on every slower instruction set, and with Burn's own operations
  tidy       the invariants of the design, looked up in the text of the sources
  deny       licences, bans, sources and advisories of all dependencies, by cargo-deny
  sanitize   the kernels' tests at small sizes under AddressSanitizer and valgrind: some ten minutes
  vectors    makes the reference vectors of tests/parity again, and says which changed
  parity-full
             compares the paper's network at full width, made by diffusers in a temporary folder, with PyTorch
  compare    times training and the forward pass in Langevin and its peers, and writes docs/performance.md
             [--threads N, 2] [--rounds N, 5] [--work NAME,...] [--peer NAME,...]
  fuzz       lets libFuzzer make up files for every reader, and fails where one panics, hangs or takes too much memory
             [--seconds N, 60] [--runs N] [--target NAME,...] [--target-dir FOLDER, fuzz/target]
  browser    drives the pages of `langevin serve` in Chromium, against real runs and models
  screenshots
             makes the pictures of these pages in docs/gallery again, in some six minutes on two cores
  load       lets 64 clients ask `langevin serve` for samples for a minute: errors, order, memory, times of docs/serve.md
             [--seconds N, 60] [--clients N, 64]
  memory     runs every recipe for a few steps, some half hour on two cores, and compares the peak memory with the plan's
             [--pictures FOLDER|ZIP] [--recipe NAME,...]
  torture --minutes N
             what validate does less of: a hundred kills and more, other random inputs, sanitize, fuzz
  digits     trains the digits with three seeds, half an hour on two cores, and checks the loss reached
  objectives FOLDER
             trains the digits under every objective with three seeds, an hour on two cores, and prints the table of
             docs/objectives.md; runs that are in FOLDER already are only measured";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((task, options)) = arguments.split_first() else { bail!("no task named\n{USAGE}") };
    if !["compare", "fuzz", "load", "memory", "objectives", "torture"].contains(&&task[..])
        && let Some(option) = options.first()
    {
        bail!("'{task}' takes no argument, got '{option}'");
    }
    match task.as_str() {
        "validate" => validate::run(),
        "paths" => paths::run(),
        "tidy" => tidy::run(root()),
        "deny" => deny::run(),
        "sanitize" => sanitize::run(root()),
        "vectors" => vectors::run(root()),
        "parity-full" => full_width::run(root()),
        "compare" => compare::run(root(), options),
        "fuzz" => fuzz::run(root(), options),
        "torture" => torture::run(options),
        "browser" => browser::test(root()),
        "screenshots" => browser::screenshots(root()),
        "load" => load::run(options),
        "memory" => memory::run(options),
        "digits" => digits::run(root()),
        "objectives" => match options {
            [folder] => objectives::run(Path::new(folder)),
            _ => bail!("'objectives' takes the folder of its runs"),
        },
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no task '{other}'\n{USAGE}"),
    }
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

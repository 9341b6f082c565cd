//! The program `langevin`: train a diffusion model on pictures or points, sample from it, look at it.

mod args;
mod commands;
mod exit;
mod folders;
mod output;
mod plan;
mod progress;
mod say;
mod signals;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !matches!(arguments.command, Command::Train(_)) {
        signals::end_when_unread();
    }
    let done = match arguments.command {
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Sample(arguments) => commands::sample::run(&arguments),
        Command::Diffuse(arguments) => commands::diffuse::run(&arguments),
        Command::Denoise(arguments) => commands::denoise::run(&arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
        Command::Recipes(arguments) => commands::recipes::run(&arguments),
    };
    exit::code_of(done)
}

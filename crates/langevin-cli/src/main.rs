//! The program `langevin`: train a diffusion model on pictures or points, sample from it, look at it.

#![forbid(unsafe_code)]

mod accuracy;
mod args;
mod commands;
mod download;
mod exit;
mod feature_files;
mod fit;
mod folders;
mod guidance;
mod memory;
mod moments;
mod noise_file;
mod output;
mod panics;
mod picture;
mod plan;
mod progress;
mod sampling;
mod say;
mod signals;
mod skipped;

use args::{Arguments, Command};
use clap::Parser;
use commands::train::Trained;
use langevin::compute;
use std::process::ExitCode;

fn main() -> ExitCode {
    compute::keep_freed_memory();
    let arguments = Arguments::parse();
    panics::report_as_bugs(&arguments);
    // Training saves first, and a server has other clients.
    if !matches!(arguments.command, Command::Train(_) | Command::TrainClassifier(_) | Command::Serve(_)) {
        signals::end_when_unread();
    }
    panics::caught(|| run(arguments.command)).map_or(panics::CODE.into(), exit::code_of)
}

fn run(command: Command) -> exit::Done {
    compute::check_environment().map_err(exit::usage)?;
    match command {
        Command::Train(arguments) => commands::train::run(&arguments, Trained::Model),
        Command::TrainClassifier(arguments) => {
            commands::train::run(&arguments.train, Trained::Classifier { clean: arguments.clean })
        }
        Command::Sample(arguments) => commands::sample::run(&arguments),
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Samplers => commands::samplers::run(),
        Command::CompareSamplers(arguments) => commands::compare_samplers::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate::run(&arguments),
        Command::Features(arguments) => commands::features::run(&arguments),
        Command::Diffuse(arguments) => commands::diffuse::run(&arguments),
        Command::Denoise(arguments) => commands::denoise::run(&arguments),
        Command::Inpaint(arguments) => commands::inpaint::run(&arguments),
        Command::Interpolate(arguments) => commands::interpolate::run(&arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Convert(arguments) => commands::convert::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments),
        Command::Recipes(arguments) => commands::recipes::run(&arguments),
    }
}

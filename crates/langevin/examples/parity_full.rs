//! Compares a folder of tools/parity/full_width.py: the network that diffusers saved, and what PyTorch made of it.
//!
//! `cargo xtask parity-full` makes the folder and runs this.

#[path = "../tests/common/mod.rs"]
mod common;

use burn::tensor::Device;
use common::Vectors;
use common::case::{Case, parameters};
use langevin::interop::diffusers::WEIGHTS_FILE;
use langevin::interop::safetensors;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = PathBuf::from(std::env::args().nth(1).expect("the folder is the first argument"));
    let vectors = Vectors::read(&folder);
    let mut agrees = true;
    for case in Case::all(&vectors) {
        let device = Device::flex().autodiff();
        let saved = safetensors::read(&folder.join(WEIGHTS_FILE)).expect("the weights can be read");
        assert!(saved == case.foreign_weights(), "the weights are not those that were drawn");
        let network = case.with_weights(saved, &device);
        println!("{}: {} parameters", case.name(), parameters(&network));
        let output = case.output_error(&network, &device);
        println!("  output: the largest difference is {output:.1e} of the largest element (at most 1e-5)");
        let (gradient, key) = case.gradient_error(&network, &device);
        println!(
            "  gradients: {key} has {gradient:.3} of the difference allowed, 1e-4 of its norm + 1e-6 of all"
        );
        let (loss, step) = case.losses_error(network, &device);
        println!("  ten training steps: the loss of step {step} differs most, by {loss:.1e} (at most 1e-4)");
        agrees &= output <= 1e-5 && gradient <= 1.0 && loss <= 1e-4;
    }
    if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

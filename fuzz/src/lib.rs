//! Hostile files: what libFuzzer makes up is read as users' files are, with an eye on panics and on memory.
//!
//! `cargo xtask fuzz` builds and runs the targets. [`targets`] says what each input stands for and how it is read; the tests of
//! the library read the same inputs, and changed ones, in `tests/hostile.rs`.

mod harness;
mod memory;
pub mod targets;

pub use harness::{run, start};

/// The entry point of the target of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(init: $crate::start(), |data: &[u8]| $crate::run($name, data));
    };
}

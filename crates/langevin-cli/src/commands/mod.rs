//! One command a file.

pub mod denoise;
pub mod diffuse;
pub mod inspect;
pub mod recipes;
mod resume;
pub mod sample;
pub mod train;

use crate::exit::Failure;
use anyhow::Context;

/// Sets the number of threads of everything that computes; gives the number in use.
pub fn use_threads(threads: Option<usize>) -> Result<usize, Failure> {
    if let Some(threads) = threads {
        if threads == 0 {
            return Err(crate::exit::usage("--threads is 0: give at least 1"));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot start the threads")?;
    }
    Ok(rayon::current_num_threads())
}

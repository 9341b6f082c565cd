//! One command a file.

pub mod bench;
pub mod compare_samplers;
pub mod convert;
pub mod denoise;
pub mod diffuse;
pub mod evaluate;
pub mod features;
pub mod inpaint;
pub mod inspect;
pub mod interpolate;
pub mod recipes;
pub mod report;
mod resume;
pub mod sample;
pub mod samplers;
pub mod serve;
pub mod train;

use crate::exit::Failure;
use anyhow::Context;

/// More threads than any machine has cores for.
const MAX_THREADS: usize = 1024;

/// Sets the number of threads of everything that computes; gives the number in use.
pub fn use_threads(threads: Option<usize>) -> Result<usize, Failure> {
    // The calling thread is one of them: handing each operation to a thread that sleeps would cost as much as a small one.
    // So no other may call rayon: with one thread in all, its work would wait for this one.
    builder(threads)?.use_current_thread().build_global().context("cannot start the threads")?;
    Ok(rayon::current_num_threads())
}

/// As [`use_threads`], for a program whose other threads compute: the calling one is none of them.
pub fn use_other_threads(threads: Option<usize>) -> Result<(), Failure> {
    Ok(builder(threads)?.build_global().context("cannot start the threads")?)
}

fn builder(threads: Option<usize>) -> Result<rayon::ThreadPoolBuilder, Failure> {
    if let Some(threads) = threads.filter(|threads| !(1..=MAX_THREADS).contains(threads)) {
        return Err(crate::exit::usage(format!("--threads is {threads}: give 1 to {MAX_THREADS}")));
    }
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)))
}

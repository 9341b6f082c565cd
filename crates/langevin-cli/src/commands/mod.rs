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
mod resume;
pub mod sample;
pub mod samplers;
pub mod train;

use crate::exit::Failure;
use anyhow::Context;

/// More threads than any machine has cores for.
const MAX_THREADS: usize = 1024;

/// Sets the number of threads of everything that computes; gives the number in use.
pub fn use_threads(threads: Option<usize>) -> Result<usize, Failure> {
    if let Some(threads) = threads.filter(|threads| !(1..=MAX_THREADS).contains(threads)) {
        return Err(crate::exit::usage(format!("--threads is {threads}: give 1 to {MAX_THREADS}")));
    }
    // The calling thread is one of them: handing each operation to a thread that sleeps would cost as much as a small one.
    // So no other may call rayon: with one thread in all, its work would wait for this one.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).use_current_thread();
    pool.build_global().context("cannot start the threads")?;
    Ok(rayon::current_num_threads())
}

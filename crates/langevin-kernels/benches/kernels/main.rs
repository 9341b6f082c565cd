//! How fast each kernel is, at the sizes of real networks: `cargo bench -p langevin-kernels`, or a part of a name after
//! `--`.
//!
//! "item/s" are floating-point operations a second by the direct algorithm, "B/s" bytes that a kernel has to read and
//! write at least. `LANGEVIN_ISA` chooses the instruction set, `RAYON_NUM_THREADS` the threads.

mod attention;
mod convolution;
mod depthwise;
mod elementwise;
mod norm;
mod optimizer;

use divan::counter::{BytesCount, ItemsCount};

fn main() {
    langevin_kernels::keep_freed_memory();
    divan::main();
}

/// Numbers in −1..1 that no processor has an easier time with than with others.
fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 % 2003) as f32 - 1001.0) / 1001.0).collect()
}

/// Two floating-point operations for each multiply-add.
fn operations(multiply_adds: usize) -> ItemsCount {
    ItemsCount::new(2 * multiply_adds)
}

/// Bytes of activations or parameters of `len` elements, each of which is read or written once.
fn passes(count: usize, len: usize) -> BytesCount {
    BytesCount::of_many::<f32>(count * len)
}

//! What the tests of several files need.

use langevin_math::rng::{Purpose, Stream};

/// `[n, d]` normal numbers times `scale`, the same for a seed.
pub(crate) fn rows(seed: u64, n: usize, d: usize, scale: f32) -> Vec<f32> {
    let mut drawn = vec![0.0; n * d];
    Stream::new(seed, Purpose::Data, 0).normal(0, &mut drawn);
    drawn.iter_mut().for_each(|value| *value *= scale);
    drawn
}

/// What `work` gives on pools of one, two and three threads.
pub(crate) fn on_threads<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    (1..=3).map(|threads| pool(threads).install(&work)).collect()
}

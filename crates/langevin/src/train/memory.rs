//! How much memory a run will need, before it starts.

use super::shards::shards;
use crate::config::Settings;

/// Copies of the parameters that training holds beside gradients: weights, two moments of the optimiser, the
/// average, and the two that checkpoints and grids are made from.
const PARAMETER_COPIES: usize = 6;

/// What the program takes by itself.
const BASE_BYTES: usize = 16 << 20;

/// An estimate of the peak memory of a run on `threads` threads, in bytes, of which `data` are the training data's
/// own.
///
/// As many shards of a forward pass are in memory as there are threads; the gradients of all of them stay until
/// they are summed.
pub fn estimate_bytes(settings: &Settings, parameters: u64, data: usize, threads: usize) -> usize {
    let shards = shards(0..settings.micro_batch(), settings.shape);
    let largest = shards.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    let at_once = threads.min(shards.len());
    let activations = settings.recipe.model.activation_floats(settings.shape);
    let samples = 6 * settings.shape.elements();
    let parameters = (PARAMETER_COPIES + shards.len() + at_once) * parameters as usize;
    BASE_BYTES + data + 4 * parameters + 4 * at_once * largest * (activations + samples)
}

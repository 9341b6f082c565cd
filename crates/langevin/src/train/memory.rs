//! How much memory a run will need, before it starts.

use crate::config::Settings;

/// Copies of the parameters that training holds: weights, gradients (in the graph and summed), two moments of
/// the optimiser, the average, and the copy that grids and checkpoints are made from.
const PARAMETER_COPIES: usize = 7;

/// What the program takes by itself.
const BASE_BYTES: usize = 100 << 20;

/// An estimate of the peak memory of a run, in bytes, of which `data` are the training data's own.
pub fn estimate_bytes(settings: &Settings, parameters: u64, data: usize) -> usize {
    let activations = settings.recipe.model.activation_floats(settings.shape);
    let samples = 6 * settings.shape.elements();
    BASE_BYTES
        + data
        + 4 * PARAMETER_COPIES * parameters as usize
        + 4 * settings.micro_batch() * (activations + samples)
}

//! How much memory a run will need, before it starts.

use crate::config::Settings;

/// Copies of the parameters that training holds: weights, gradients, two moments of the optimiser, the average, and
/// the one that checkpoints and grids are made from.
const PARAMETER_COPIES: usize = 6;

/// What the program takes by itself.
const BASE_BYTES: usize = 16 << 20;

/// An estimate of the peak memory of a run, in bytes, of which `data` are the training data's own.
pub fn estimate_bytes(settings: &Settings, parameters: u64, data: usize) -> usize {
    let activations = settings.recipe.model.activation_floats(settings.shape);
    let samples = 6 * settings.shape.elements();
    let parameters = PARAMETER_COPIES * parameters as usize;
    BASE_BYTES + data + 4 * parameters + 4 * settings.micro_batch() * (activations + samples)
}

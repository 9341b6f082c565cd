//! How much memory a run will need, before it starts.

use crate::config::Settings;

/// Copies of the parameters that training always holds: weights, two moments of the optimiser, the average.
const COPIES_KEPT: usize = 4;

/// Copies more that there are for a while: the gradients after a backward pass, and what a checkpoint is written from.
const COPIES_PASSING: usize = 1;

/// What the program takes by itself.
const BASE_BYTES: usize = 16 << 20;

/// An estimate of the peak memory of a run, in bytes, of which `data` are the training data's own.
///
/// As the activations of a backward pass go, the gradients come in their place.
pub fn estimate_bytes(settings: &Settings, parameters: u64, data: usize) -> usize {
    let (parameters, micro) = (parameters as usize, settings.micro_batch());
    let activations = settings.recipe.model.activation_floats(settings.shape);
    let samples = 6 * settings.shape.elements();
    // With several forward passes a step, the gradients of the first are there in the second.
    let gradients = if micro < settings.recipe.train.batch { parameters } else { 0 };
    let step = micro * (activations + samples) + gradients;
    BASE_BYTES + data + 4 * (COPIES_KEPT * parameters + step.max(COPIES_PASSING * parameters))
}

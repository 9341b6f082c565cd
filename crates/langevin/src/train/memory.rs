//! How much memory a run will need, before it starts.
//!
//! Every term follows from the settings, the kernels' own sizes and the data; two constants were measured: what the program takes
//! by itself, and what is lost between buffers. `cargo xtask memory` holds the sum against the real peak.

use crate::compute::exact;
use crate::config::{EvaluateConfig, FeatureChoice, Settings};
use crate::models::Tape;
use langevin_kernels::{ConvShape, WorkingMemory};
use langevin_math::Variance;

/// Copies of the parameters that training always holds: weights, two moments of the optimiser, the average.
const COPIES_KEPT: usize = 4;

/// What the program takes by itself: its code and tables, as far as a run touches them, and the threads' stacks.
const BASE_BYTES: usize = 15 << 20;

/// The heap grows by a part in so many more than its buffers: what is between them is too small for the next.
const BETWEEN_BUFFERS: usize = 32;

/// Elements a sample that its timestep, weight and losses come to, most of them in f64.
const NUMBERS: usize = 16;

/// Features of samples that are measured, at most, where they are compared by their pixels.
const PIXEL_COMPONENTS: usize = 64;

/// An estimate of the peak memory of a run, in bytes, of which `data` are the training data's own; `grids` tells whether grids
/// are drawn, if the settings ask for them.
///
/// It holds for the instruction set and the number of threads that compute here. A run is one of these at a time, each beside
/// what is always there:
///
/// - a training step: [`Tape::peak`], the samples, and where a step takes several forward passes, the
///   gradients of the first ones;
/// - a grid or a measurement: a network with the averaged weights, its weights [prepared](crate::compute::PreparedWeights), and
///   the activations of a forward pass;
/// - a checkpoint: a copy of the parameters.
pub fn estimate_bytes(settings: &Settings, data: usize, grids: bool) -> usize {
    let parts = Parts::of(settings);
    let sample = &settings.recipe.sample;
    let grid = if grids && sample.grid {
        // As the grid is drawn: no more at a time than training takes, and points all at once.
        let batch = if settings.clips() { parts.micro.min(sample.grid_samples) } else { sample.grid_samples };
        parts.sampling(batch).saturating_add(sample.grid_samples * parts.elements)
    } else {
        0
    };
    let measurement = parts.measurement(&settings.recipe.evaluate);
    let passing = parts.training().max(grid).max(measurement).max(parts.parameters);
    let elements = (COPIES_KEPT * parts.parameters + parts.working()).saturating_add(passing);
    let live = elements.saturating_mul(4).saturating_add(data);
    live.saturating_add(live / BETWEEN_BUFFERS + BASE_BYTES)
}

/// The most of 1 to `most` for which `fits` says yes, where what fits in a number fits in every smaller one; `None` if not even 1
/// does.
pub fn largest_that_fits(most: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    if most == 0 || !fits(1) {
        return None;
    }
    let (mut fitting, mut beyond) = (1, most + 1);
    while fitting + 1 < beyond {
        let middle = fitting + (beyond - fitting) / 2;
        if fits(middle) { fitting = middle } else { beyond = middle }
    }
    Some(fitting)
}

/// What the terms are made of, in elements of four bytes.
struct Parts<'a> {
    settings: &'a Settings,
    parameters: usize,
    /// Samples a forward pass.
    micro: usize,
    /// Elements of a sample, and of what the network puts out for it.
    elements: usize,
    outputs: usize,
    tape: Tape,
}

impl<'a> Parts<'a> {
    fn of(settings: &'a Settings) -> Self {
        let (model, shape) = (&settings.recipe.model, settings.shape);
        let learned = settings.recipe.diffusion.variance == Variance::Learned;
        let elements = shape.elements();
        Self {
            settings,
            parameters: model.parameter_count(shape) as usize,
            micro: settings.micro_batch(),
            elements,
            outputs: if learned { 2 * elements } else { elements },
            tape: model.tape(shape),
        }
    }

    /// A forward and a backward pass.
    fn training(&self) -> usize {
        // x_0 and the target; the output, and its gradient as it was computed: the tape has x and the gradient in the graph.
        let samples = self.micro.saturating_mul(2 * self.elements + 2 * self.outputs + NUMBERS);
        let carried = if self.micro < self.settings.recipe.train.batch { self.parameters } else { 0 };
        self.tape.peak(self.micro).saturating_add(samples).saturating_add(carried)
    }

    /// Drawing samples, so many at a time.
    fn sampling(&self, batch: usize) -> usize {
        let convolutions = self.settings.recipe.model.convolutions(self.settings.shape, batch, exact());
        let prepared: usize = convolutions.iter().map(ConvShape::prepared_len).sum();
        // x, x̂_0, ε̂, the next x, the step's noise, and an intermediate result.
        let activations = batch.saturating_mul(self.tape.forward() + 5 * self.elements + self.outputs);
        activations.saturating_add(self.parameters + prepared)
    }

    /// Describing the data, or drawing samples and describing them.
    fn measurement(&self, evaluate: &EvaluateConfig) -> usize {
        if evaluate.every.is_none() {
            return 0;
        }
        let sampling = self.sampling(self.micro);
        match evaluate.features {
            // Before the first step, the components of all elements are found: of six matrices in f64 one is the covariance, one
            // has its eigenvectors in their order, and in the others the decomposition works.
            FeatureChoice::Pixels if self.elements > PIXEL_COMPONENTS => {
                sampling.max(6 * 2 * self.elements * self.elements)
            }
            FeatureChoice::Pixels => sampling,
            // A network stays beside: its parameters, twice more for the prepared ones, and its largest two layers.
            FeatureChoice::Lite0 => sampling + 3 * 4_652_008 + self.micro * 112 * 112 * (32 + 96),
            FeatureChoice::Inception => sampling + 3 * 23_851_784 + self.micro * 147 * 147 * (32 + 64),
        }
    }

    /// What the kernels keep from call to call.
    fn working(&self) -> usize {
        let convolutions = self.settings.recipe.model.convolutions(self.settings.shape, self.micro, exact());
        let all = convolutions.iter().map(ConvShape::working_memory);
        all.fold(WorkingMemory::default(), WorkingMemory::or).total(rayon::current_num_threads())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;
    use crate::data;

    fn digits(assignments: &[&str]) -> Settings {
        let mut recipe = builtin_recipe("digits").unwrap();
        for assignment in assignments {
            recipe = recipe.with_assignment(assignment).unwrap();
        }
        let digits = data::load("digits", &recipe.data.options(0)).unwrap();
        Settings::resolve(recipe, &digits).unwrap()
    }

    #[test]
    fn a_search_finds_the_last_that_fits() {
        for (most, limit, found) in
            [(100, 37, Some(37)), (100, 1, Some(1)), (100, 0, None), (100, 500, Some(100)), (1, 1, Some(1))]
        {
            assert_eq!(largest_that_fits(most, |number| number <= limit), found, "{limit} of {most}");
        }
        assert_eq!(largest_that_fits(0, |_| true), None);
    }

    /// What a search relies on: more samples at a time never need less.
    #[test]
    fn it_grows_with_the_micro_batch() {
        let mut settings = digits(&["train.batch=512"]);
        let mut last = 0;
        for micro in 1..=512 {
            settings.recipe.train.micro_batch = Some(micro);
            let bytes = estimate_bytes(&settings, 0, true);
            // The last is the whole batch, which carries no gradients from pass to pass.
            let carried = if micro == 512 { 4 * 701_345 + (4 * 701_345) / BETWEEN_BUFFERS } else { 0 };
            assert!(bytes + carried + (1 << 20) >= last, "{micro} at a time: {bytes} after {last}");
            last = bytes;
        }
    }

    #[test]
    fn what_a_run_does_not_do_takes_nothing() {
        let small = digits(&["train.batch=8"]);
        assert!(estimate_bytes(&small, 0, false) < estimate_bytes(&small, 0, true));
        assert_eq!(
            estimate_bytes(&digits(&["train.batch=8", "sample.grid=false"]), 0, true),
            estimate_bytes(&small, 0, false)
        );
        assert_eq!(estimate_bytes(&small, 32 << 20, true) - estimate_bytes(&small, 0, true), 33 << 20);
    }
}

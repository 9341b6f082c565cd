//! What a multistep solver remembers.

use super::solver::Step;
use burn::tensor::Tensor;
use langevin_math::NoiseLevel;

/// From this number of steps on, the last are as safe as all others.
const MANY: usize = 15;

/// The network's answers at the latest noise levels, the newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    entries: Vec<(NoiseLevel, Tensor<4>)>,
}

impl History {
    /// Adds an answer, and forgets all but the newest `keep`.
    pub(super) fn push(&mut self, level: NoiseLevel, value: Tensor<4>, keep: usize) {
        self.entries.insert(0, (level, value));
        self.entries.truncate(keep);
    }

    /// Number of answers.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The order of a step: as many answers as there are, and fewer at the end of a short run, where steps are long and
    /// extrapolation does harm (Lu et al. 2022, DPM-Solver++, `lower_order_final` in its code).
    pub(super) fn order(&self, step: &Step, order: usize, lower_at_end: bool) -> usize {
        let most = if lower_at_end && step.of < MANY { step.left() } else { order };
        order.min(most).min(self.len())
    }

    /// The noise level of answer `index`, 0 the newest.
    pub(super) fn level(&self, index: usize) -> NoiseLevel {
        self.entries[index].0
    }

    /// Σ coefficients[i] · answer i, the newest first.
    ///
    /// # Panics
    /// If there is no coefficient, or are more than answers.
    pub(super) fn combine(&self, coefficients: &[f64]) -> Tensor<4> {
        let terms =
            coefficients.iter().zip(&self.entries).map(|(&of, (_, value))| value.clone().mul_scalar(of));
        assert!(coefficients.len() <= self.entries.len(), "more coefficients than answers");
        terms.reduce(|sum, term| sum + term).expect("at least one coefficient")
    }
}

//! Where a run stands, beside its arrays.

use super::line::LineBuilder;
use serde::{Deserialize, Serialize};

/// What a run goes on from beside weights and moments: kept in the state of each checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Optimiser steps so far, with those that were skipped.
    pub step: u64,
    /// Steps that were skipped, because their loss or gradient is not a finite number.
    #[serde(default)]
    pub skipped: u64,
    /// How many of them are the last steps.
    #[serde(default)]
    pub skipped_in_a_row: u64,
    /// The metrics line that is begun, and what is usual in those before.
    #[serde(default)]
    pub line: LineBuilder,
}

impl Progress {
    /// Updates of the weights.
    pub fn updates(&self) -> u64 {
        self.step.saturating_sub(self.skipped)
    }

    /// A step was made.
    pub(super) fn made(&mut self) {
        self.step += 1;
        self.skipped_in_a_row = 0;
    }

    /// A step was skipped.
    pub(super) fn skip(&mut self) {
        self.step += 1;
        self.skipped += 1;
        self.skipped_in_a_row += 1;
    }
}

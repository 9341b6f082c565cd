//! The steps that one line of metrics stands for.

use super::metrics::{MetricsLine, StepReport};
use std::time::Instant;

/// Gathers the steps of one metrics line.
pub(super) struct LineBuilder {
    /// Steps so far.
    pub(super) steps: u64,
    samples: usize,
    loss: f64,
    bound: Option<f64>,
    grad_norm: f64,
    lr: f64,
    seconds: f64,
    clock: Instant,
}

impl LineBuilder {
    /// No step yet.
    pub(super) fn new() -> Self {
        let clock = Instant::now();
        Self { steps: 0, samples: 0, loss: 0.0, bound: None, grad_norm: 0.0, lr: 0.0, seconds: 0.0, clock }
    }

    /// A step of so many samples.
    pub(super) fn add(&mut self, report: StepReport, samples: usize) {
        self.steps += 1;
        self.samples += samples;
        self.loss += report.loss;
        self.bound = report.bound.map(|bound| self.bound.unwrap_or(0.0) + bound);
        self.grad_norm += report.grad_norm;
        self.lr = report.lr;
        self.seconds += self.clock.elapsed().as_secs_f64();
    }

    /// Time spent on grids and checkpoints is not training time.
    pub(super) fn restart_clock(&mut self) {
        self.clock = Instant::now();
    }

    /// The line up to `step`; the next begins.
    pub(super) fn finish(&mut self, step: u64) -> MetricsLine {
        let steps = self.steps as f64;
        let line = MetricsLine {
            step,
            loss: self.loss / steps,
            vlb: self.bound.map(|bound| bound / steps),
            holdout_loss: None,
            frechet: None,
            nll: None,
            grad_norm: self.grad_norm / steps,
            lr: self.lr,
            images_per_second: self.samples as f64 / self.seconds.max(1e-9),
        };
        *self = Self::new();
        line
    }
}

//! The steps that one line of metrics stands for, and what is usual among all steps.

use super::exact;
use super::metrics::{MetricsLine, StepReport};
use super::quarters::Quarters;
use super::spikes::Usual;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Gathers the steps of one metrics line.
///
/// It is part of a checkpoint, so that lines do not depend on where a run was stopped; but for the clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineBuilder {
    /// Steps so far that changed the weights, and that were skipped.
    made: u64,
    skipped: u64,
    spikes: u64,
    #[serde(with = "exact")]
    loss: f64,
    #[serde(with = "exact")]
    greatest_loss: f64,
    #[serde(with = "exact")]
    bound: f64,
    has_bound: bool,
    #[serde(with = "exact")]
    norm: f64,
    #[serde(with = "exact")]
    greatest_norm: f64,
    #[serde(with = "exact")]
    lr: f64,
    /// Checkpoints of before this was gathered have none.
    #[serde(default)]
    quarters: Quarters,
    usual_loss: Usual,
    usual_norm: Usual,
    #[serde(skip)]
    clock: Clock,
}

/// The time that steps took.
#[derive(Clone, Debug)]
struct Clock {
    samples: usize,
    seconds: f64,
    begun: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self { samples: 0, seconds: 0.0, begun: Instant::now() }
    }
}

/// Two clocks never tell two lines apart.
impl PartialEq for Clock {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// How many times the usual a step's loss and gradient norm are, where that is a spike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spike {
    /// The loss.
    pub loss: Option<f64>,
    /// The gradient's norm.
    pub grad_norm: Option<f64>,
}

impl Spike {
    /// Whether either is one.
    pub fn is_one(&self) -> bool {
        self.loss.is_some() || self.grad_norm.is_some()
    }
}

impl LineBuilder {
    /// A step of so many samples; says whether it is a spike.
    pub(super) fn add(&mut self, report: StepReport, samples: usize) -> Spike {
        self.lr = report.lr;
        self.clock.samples += samples;
        self.clock.seconds += self.clock.begun.elapsed().as_secs_f64();
        if report.is_skipped() {
            self.skipped += 1;
            return Spike::default();
        }
        let spike = Spike {
            loss: self.usual_loss.judge(report.loss),
            grad_norm: self.usual_norm.judge(report.grad_norm),
        };
        self.greatest_loss = if self.made == 0 { report.loss } else { self.greatest_loss.max(report.loss) };
        self.greatest_norm = self.greatest_norm.max(report.grad_norm);
        self.made += 1;
        self.spikes += u64::from(spike.is_one());
        self.loss += report.loss;
        self.norm += report.grad_norm;
        self.quarters.add(&report.quarters);
        if let Some(bound) = report.bound {
            (self.bound, self.has_bound) = (self.bound + bound, true);
        }
        spike
    }

    /// Time spent on grids and checkpoints is not training time.
    pub(super) fn restart_clock(&mut self) {
        self.clock.begun = Instant::now();
    }

    /// The line up to `step`; the next begins.
    pub(super) fn finish(&mut self, step: u64) -> MetricsLine {
        let steps = self.made as f64;
        let some = |value: f64| (self.made > 0).then_some(value);
        let several = |value: f64| (self.made > 1).then_some(value);
        let counted = |count: u64| (count > 0).then_some(count);
        let line = MetricsLine {
            step,
            loss: some(self.loss / steps),
            loss_max: several(self.greatest_loss),
            loss_quarters: self.quarters.means(),
            vlb: some(self.bound / steps).filter(|_| self.has_bound),
            holdout_loss: None,
            holdout_accuracy: None,
            grad_norm: some(self.norm / steps),
            grad_norm_max: several(self.greatest_norm),
            lr: self.lr,
            skipped: counted(self.skipped),
            spikes: counted(self.spikes),
            images_per_second: self.clock.samples as f64 / self.clock.seconds.max(1e-9),
            frechet: None,
            nll: None,
        };
        let (usual_loss, usual_norm) = (self.usual_loss, self.usual_norm);
        *self = Self { usual_loss, usual_norm, ..Self::default() };
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(loss: f64, grad_norm: f64) -> StepReport {
        let quarters = Quarters::of(&[(0, loss), (2, 3.0 * loss)], 4);
        StepReport { loss, bound: Some(2.0 * loss), quarters, grad_norm, lr: 1e-3 }
    }

    #[test]
    fn a_line_means_over_the_steps_that_were_made_and_counts_the_others() {
        let mut line = LineBuilder::default();
        line.add(report(1.0, 3.0), 4);
        line.add(report(f64::NAN, f64::NAN), 4);
        line.add(report(3.0, 1.0), 4);
        let line = line.finish(3);
        assert_eq!((line.loss, line.loss_max, line.vlb), (Some(2.0), Some(3.0), Some(4.0)));
        assert_eq!((line.grad_norm, line.grad_norm_max), (Some(2.0), Some(3.0)));
        assert_eq!(line.loss_quarters, Some([Some(2.0), None, Some(6.0), None]));
        assert_eq!((line.skipped, line.spikes), (Some(1), None));
    }

    #[test]
    fn of_no_step_nothing_is_said() {
        let mut line = LineBuilder::default();
        line.add(report(f64::INFINITY, f64::NAN), 4);
        let line = line.finish(1);
        assert_eq!((line.loss, line.grad_norm, line.vlb, line.skipped), (None, None, None, Some(1)));
        assert_eq!(line.loss_quarters, None);
    }

    #[test]
    fn spikes_are_counted_over_the_line_and_known_beyond_it() {
        let mut line = LineBuilder::default();
        for step in 0..100 {
            line.add(report(0.1 + 0.001 * f64::from(step % 7), 1.0), 4);
        }
        assert_eq!(line.finish(100).spikes, None);
        let spike = line.add(report(0.1, 40.0), 4);
        assert_eq!(spike.loss, None);
        assert!((spike.grad_norm.unwrap() - 40.0).abs() < 0.1);
        assert_eq!(line.finish(101).spikes, Some(1));
    }

    #[test]
    fn a_line_goes_on_from_its_text() {
        let mut whole = LineBuilder::default();
        let values = |step: u32| report(0.1 + f64::from(step).sin().abs(), 1.0 + f64::from(step).cos());
        for step in 0..70 {
            whole.add(values(step), 4);
        }
        let text = serde_json::to_string(&whole).unwrap();
        let mut parts: LineBuilder = serde_json::from_str(&text).unwrap();
        assert_eq!(parts, whole);
        let mut older: serde_json::Value = serde_json::from_str(&text).unwrap();
        older.as_object_mut().unwrap().remove("quarters").unwrap();
        let older: LineBuilder = serde_json::from_value(older).unwrap();
        assert_eq!(older, LineBuilder { quarters: Quarters::default(), ..whole.clone() });
        (70..80).for_each(|step| assert_eq!(whole.add(values(step), 4), parts.add(values(step), 4)));
        let timeless = |line: MetricsLine| MetricsLine { images_per_second: 0.0, ..line };
        assert_eq!(timeless(whole.finish(80)), timeless(parts.finish(80)));
    }
}

//! A forward process with everything that follows from it.

use langevin_math::{DiffusionTable, MathError, Prediction, Schedule, Spacing, Variance};

/// Why a process cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ProcessError {
    #[error(transparent)]
    Math(#[from] MathError),
    #[error(
        "a learned variance needs a network that gives one: use variance = \"fixed-large\" or \"fixed-small\""
    )]
    LearnedVariance,
}

/// The coefficients of a process, the timesteps at which the network was trained, and what it predicts.
///
/// A respaced process has fewer steps: step i of it is timestep `timestep(i)` of the training process.
#[derive(Clone, Debug)]
pub struct Process {
    /// The coefficients, one row a step.
    pub table: DiffusionTable,
    /// What the network's output means.
    pub prediction: Prediction,
    variance: Variance,
    timesteps: Vec<usize>,
}

impl Process {
    /// The process of `schedule` over `timesteps` steps.
    ///
    /// # Errors
    /// If the schedule is not defined for so many steps, or the variance is a learned one, which a network
    /// would have to give.
    pub fn new(
        schedule: &Schedule,
        timesteps: usize,
        prediction: Prediction,
        variance: Variance,
    ) -> Result<Self, ProcessError> {
        if variance == Variance::Learned {
            return Err(ProcessError::LearnedVariance);
        }
        let table = DiffusionTable::new(schedule.betas(timesteps)?)?;
        Ok(Self { table, prediction, variance, timesteps: (0..timesteps).collect() })
    }

    /// The same process in `steps` steps: ᾱ kept where a timestep is kept, β recomputed.
    ///
    /// # Errors
    /// If there are fewer timesteps than `steps`, or `steps` is 0.
    pub fn respaced(&self, spacing: Spacing, steps: usize) -> Result<Self, MathError> {
        let kept = spacing.timesteps(self.len(), steps)?;
        let respaced = self.table.respace(&kept)?;
        let timesteps = kept.iter().map(|&step| self.timesteps[step]).collect();
        Ok(Self { table: respaced.table, timesteps, ..*self })
    }

    /// The same process with another fixed variance.
    ///
    /// # Errors
    /// If the variance is a learned one.
    pub fn with_variance(&self, variance: Variance) -> Result<Self, ProcessError> {
        if variance == Variance::Learned {
            return Err(ProcessError::LearnedVariance);
        }
        Ok(Self { variance, ..self.clone() })
    }

    /// σ of the reverse step `index`.
    pub fn sigma(&self, index: usize) -> f64 {
        let log_variance = self.variance.log_variance(&self.table, index);
        (0.5 * log_variance.expect("a process has a fixed variance")).exp()
    }

    /// Steps of the process.
    pub fn len(&self) -> usize {
        self.timesteps.len()
    }

    /// Whether the process has no steps; never true.
    pub fn is_empty(&self) -> bool {
        self.timesteps.is_empty()
    }

    /// The training timestep of step `index`, from 0.
    pub fn timestep(&self, index: usize) -> usize {
        self.timesteps[index]
    }

    /// x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε at step `index` (Ho et al. 2020, Eq. 4), into `x_t`.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn diffuse(&self, index: usize, x0: &[f32], eps: &[f32], x_t: &mut [f32]) {
        let signal = self.table.sqrt_alpha_bar(index) as f32;
        let noise = self.table.sqrt_one_minus_alpha_bar(index) as f32;
        combine((signal, noise), x0, eps, x_t);
    }

    /// What the network should have answered at step `index` for x_0 and ε, into `target`.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn target(&self, index: usize, x0: &[f32], eps: &[f32], target: &mut [f32]) {
        let (signal, noise) = self.prediction.target_coefficients(&self.table, index);
        combine((signal as f32, noise as f32), x0, eps, target);
    }
}

fn combine((a, b): (f32, f32), x: &[f32], y: &[f32], out: &mut [f32]) {
    assert!(x.len() == y.len() && x.len() == out.len(), "{} and {} into {}", x.len(), y.len(), out.len());
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = a * x + b * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn respacing_keeps_the_noise_levels_and_the_timesteps() {
        let schedule = Schedule::default();
        let process = Process::new(&schedule, 1000, Prediction::Epsilon, Variance::FixedLarge).unwrap();
        let short = process.respaced(Spacing::Trailing, 37).unwrap();
        assert_eq!(short.len(), 37);
        for index in 0..37 {
            let error = short.table.alpha_bar(index) - process.table.alpha_bar(short.timestep(index));
            assert!(error.abs() < 1e-15, "step {index} is off by {error}");
        }
    }

    #[test]
    fn an_epsilon_target_is_the_noise_itself() {
        let process =
            Process::new(&Schedule::default(), 10, Prediction::Epsilon, Variance::FixedLarge).unwrap();
        let mut target = [0.0; 3];
        process.target(4, &[0.3, -0.9, 1.0], &[1.5, -2.0, 0.25], &mut target);
        assert_eq!(target, [1.5, -2.0, 0.25]);
    }
}

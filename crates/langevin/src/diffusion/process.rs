//! A forward process with everything that follows from it.

use langevin_math::{DiffusionTable, MathError, Prediction, Schedule, Variance};

/// The coefficients of the process that a network is trained for, and what its output means.
#[derive(Clone, Debug)]
pub struct Process {
    /// The coefficients, one row a timestep.
    pub table: DiffusionTable,
    /// What the network's output means.
    pub prediction: Prediction,
    /// σ² of the reverse steps; a learned one doubles the network's output.
    pub variance: Variance,
}

#[expect(clippy::len_without_is_empty, reason = "a process has at least one timestep")]
impl Process {
    /// The process of `schedule` over `timesteps` steps.
    ///
    /// # Errors
    /// If the schedule is not defined for so many steps.
    pub fn new(
        schedule: &Schedule,
        timesteps: usize,
        prediction: Prediction,
        variance: Variance,
    ) -> Result<Self, MathError> {
        let table = DiffusionTable::new(schedule.betas(timesteps)?)?;
        Ok(Self { table, prediction, variance })
    }

    /// Timesteps of the process.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε at timestep `index` (Ho et al. 2020, Eq. 4), into `x_t`.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn diffuse(&self, index: usize, x0: &[f32], eps: &[f32], x_t: &mut [f32]) {
        let signal = self.table.sqrt_alpha_bar(index) as f32;
        let noise = self.table.sqrt_one_minus_alpha_bar(index) as f32;
        combine((signal, noise), x0, eps, x_t);
    }

    /// What the network should have answered at timestep `index` for x_0 and ε, into `target`.
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
    fn an_epsilon_target_is_the_noise_itself() {
        let process =
            Process::new(&Schedule::default(), 10, Prediction::Epsilon, Variance::FixedLarge).unwrap();
        let mut target = [0.0; 3];
        process.target(4, &[0.3, -0.9, 1.0], &[1.5, -2.0, 0.25], &mut target);
        assert_eq!(target, [1.5, -2.0, 0.25]);
    }
}

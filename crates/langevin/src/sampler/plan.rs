//! A sampler with the noise levels that it visits.

use super::{Knobs, Sampler, Solver};
use langevin_math::{DiffusionTable, Grid, GridOptions, MathError};

/// Everything about a run but the network and the noise.
pub struct Plan {
    /// The noise levels to visit.
    pub grid: Grid,
    /// Whether the steps draw noise.
    pub draws_noise: bool,
    make: Box<dyn Fn() -> Box<dyn Solver>>,
}

impl Plan {
    /// A plan of a grid and of what makes a solver for each batch.
    pub fn new(grid: Grid, draws_noise: bool, make: impl Fn() -> Box<dyn Solver> + 'static) -> Self {
        Self { grid, draws_noise, make: Box::new(make) }
    }

    /// `steps` steps of `sampler`.
    ///
    /// # Errors
    /// If the process cannot be visited in so many steps.
    pub fn of(
        sampler: &'static Sampler,
        knobs: Knobs,
        table: &DiffusionTable,
        options: GridOptions,
        steps: usize,
    ) -> Result<Self, MathError> {
        let grid = table.grid(options, steps)?;
        let grid = if sampler.inverts() { grid.reversed() } else { grid };
        Ok(Self::new(grid, sampler.draws_noise(&knobs), move || sampler.solver(&knobs)))
    }

    /// A solver for one batch.
    pub fn solver(&self) -> Box<dyn Solver> {
        (self.make)()
    }
}

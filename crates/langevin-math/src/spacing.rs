//! Sampling with fewer steps than the process has: which timesteps are kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::MathError;
use crate::schedule::{check_count, linspace};

/// How the kept timesteps lie among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// i·⌊T/S⌋: starts at timestep 0, and leaves out the noisiest timesteps.
    Leading,
    /// round(T − i·T/S) − 1: ends at the last timestep, the noisiest.
    Trailing,
    /// round(i·(T−1)/(S−1)): both ends are kept; timestep 0 alone for a single step.
    Linspace,
    /// ⌊(i·√(0.8 T)/(S−1))²⌋: dense near the data, up to 0.8 T    (Song et al. 2021, appendix D.2)
    Quadratic,
    /// As `leading` for S + 1 timesteps, without timestep 0: i·⌊T/(S+1)⌋ for i = 1 … S.
    LeadingOpen,
    /// As `linspace` for S + 1 timesteps, without timestep 0: round(i·(T−1)/S) for i = 1 … S.
    LinspaceOpen,
}

impl Spacing {
    /// Every spacing there is.
    pub const ALL: [Self; 6] = [
        Self::Leading,
        Self::Trailing,
        Self::Linspace,
        Self::Quadratic,
        Self::LeadingOpen,
        Self::LinspaceOpen,
    ];

    /// The name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leading => "leading",
            Self::Trailing => "trailing",
            Self::Linspace => "linspace",
            Self::Quadratic => "quadratic",
            Self::LeadingOpen => "leading-open",
            Self::LinspaceOpen => "linspace-open",
        }
    }

    /// The most steps that a process of `total` timesteps can be visited in.
    pub const fn max_steps(self, total: usize) -> usize {
        match self {
            Self::Quadratic => total * 4 / 5,
            Self::LeadingOpen | Self::LinspaceOpen => total.saturating_sub(1),
            _ => total,
        }
    }

    /// Exactly `steps` strictly rising timesteps of `0..total`.
    ///
    /// Roundings go to the even neighbour, and the intermediate values are those that the f64 operations of
    /// NumPy give, so that the timesteps agree with the widespread Python implementations also where the
    /// exact value is halfway between two. The values of the quadratic spacing meet near 0 when truncated:
    /// one that does not exceed its predecessor becomes its predecessor + 1.
    ///
    /// # Errors
    /// If `total` is 0 or above [`MAX_TIMESTEPS`](crate::MAX_TIMESTEPS), or `steps` is 0, above `total`, above
    /// 0.8 `total` for the quadratic spacing, or above `total` − 1 for the open ones.
    pub fn timesteps(self, total: usize, steps: usize) -> Result<Vec<usize>, MathError> {
        check_count(total)?;
        let max = self.max_steps(total);
        if steps == 0 || steps > max {
            return Err(MathError::StepCount { spacing: self.name(), steps, max, total });
        }
        Ok(match self {
            Self::Leading => (0..steps).map(|i| i * (total / steps)).collect(),
            Self::Trailing => trailing(total, steps),
            Self::Linspace => round_all(linspace(0.0, (total - 1) as f64, steps)),
            Self::Quadratic => quadratic(total, steps),
            Self::LeadingOpen => (1..=steps).map(|i| i * (total / (steps + 1))).collect(),
            Self::LinspaceOpen => round_all(linspace(0.0, (total - 1) as f64, steps + 1)).split_off(1),
        })
    }
}

/// Neighbours lie T/S ≥ 1 apart: if exactly 1, all values are whole; if more, then by at least 1/S, far more
/// than the error of the f64 operations up to the largest T accepted. So no two are rounded to one.
fn trailing(total: usize, steps: usize) -> Vec<usize> {
    let last = total as f64;
    // The stride as NumPy's `arange` takes it: the difference of its first two values.
    let stride = (last - last / steps as f64) - last;
    round_all((0..steps).rev().map(|i| last + i as f64 * stride)).into_iter().map(|count| count - 1).collect()
}

/// Raising keeps every timestep at or below 0.8 T, and so below T. A raised one is f_j + (i − j) for some
/// j ≤ i, at most f_j + (S−1−j) where f_j ≤ 0.8 T (j/(S−1))². That bound is convex in j, so it is largest at an
/// end: S − 1 or 0.8 T; and S ≤ 0.8 T.
fn quadratic(total: usize, steps: usize) -> Vec<usize> {
    let roots = linspace(0.0, (total as f64 * 0.8).sqrt(), steps);
    let mut next = 0;
    roots
        .into_iter()
        .map(|root| {
            let timestep = ((root * root) as usize).max(next);
            next = timestep + 1;
            timestep
        })
        .collect()
}

fn round_all(values: impl IntoIterator<Item = f64>) -> Vec<usize> {
    values.into_iter().map(|value| value.round_ties_even() as usize).collect()
}

impl fmt::Display for Spacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Spacing {
    type Err = MathError;

    fn from_str(name: &str) -> Result<Self, MathError> {
        Self::ALL.into_iter().find(|spacing| spacing.name() == name).ok_or_else(|| {
            let expected = Self::ALL.map(Self::name).join(", ");
            MathError::UnknownName { what: "spacing", got: name.to_owned(), expected }
        })
    }
}

#[cfg(test)]
mod tests;

//! The noise levels that a sampler visits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::MathError;
use crate::level::{NoiseLevel, Transition};
use crate::process::DiffusionTable;
use crate::spacing::Spacing;

/// ρ of Karras et al. 2022, Eq. 5: how much more densely small noise is visited.
const KARRAS_EXPONENT: f64 = 7.0;

/// How the noise levels between the noisiest and the cleanest are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sigmas {
    /// Those of timesteps of the training process, chosen by a [`Spacing`].
    #[default]
    Schedule,
    /// Evenly spaced in ρ^(1/7)    (Karras et al. 2022, Eq. 5)
    Karras,
    /// Evenly spaced in ln ρ, that is in the logarithm of the signal-to-noise ratio    (Lu et al. 2022, section 3.4);
    /// also called exponential.
    #[serde(alias = "exponential")]
    LogSnr,
}

/// Where the last step ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Last {
    /// At the data: the last step takes all noise away.
    #[default]
    Data,
    /// At the cleanest level of the training process: its noise is left in the sample.
    SigmaMin,
    /// As [`Last::SigmaMin`], and one evaluation more takes that noise away (Lu et al. 2022, "denoise to zero").
    Denoise,
}

macro_rules! names {
    ($kind:ident, $what:literal: $($variant:ident $name:literal $(| $alias:literal)?),+) => {
        impl $kind {
            /// The name on a command line and in a configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = MathError;

            fn from_str(name: &str) -> Result<Self, MathError> {
                match name {
                    $($name $(| $alias)? => Ok(Self::$variant),)+
                    _ => Err(MathError::UnknownName {
                        what: $what,
                        got: name.to_owned(),
                        expected: [$($name),+].join(", "),
                    }),
                }
            }
        }
    };
}

names!(Sigmas, "way to choose noise levels": Schedule "schedule", Karras "karras", LogSnr "log-snr" | "exponential");
names!(Last, "end of the noise levels": Data "data", SigmaMin "sigma-min", Denoise "denoise");

/// Which noise levels a sampler visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridOptions {
    /// How they are chosen.
    pub sigmas: Sigmas,
    /// Which timesteps, where they are those of the schedule.
    pub spacing: Spacing,
    /// Where the last step ends.
    pub last: Last,
}

impl Default for GridOptions {
    fn default() -> Self {
        Self { sigmas: Sigmas::Schedule, spacing: Spacing::Trailing, last: Last::Data }
    }
}

/// The steps of a sampler, in its order: usually each begins where the one before ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid(Vec<Transition>);

#[expect(clippy::len_without_is_empty, reason = "a grid has at least one step")]
impl Grid {
    /// The steps from each of `levels` to the next.
    ///
    /// # Panics
    /// If there are fewer than two levels.
    pub fn through(levels: &[NoiseLevel]) -> Self {
        assert!(levels.len() > 1, "a grid of {} levels has no step", levels.len());
        Self(levels.windows(2).map(|pair| Transition { from: pair[0], to: pair[1] }).collect())
    }

    /// Steps that need not begin where the one before ended.
    ///
    /// # Panics
    /// If there are none.
    pub fn of_steps(steps: Vec<Transition>) -> Self {
        assert!(!steps.is_empty(), "a grid has at least one step");
        Self(steps)
    }

    /// The number of steps, at least 1.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Step `index`, in the sampler's order, from 0 to `len() − 1`.
    pub fn step(&self, index: usize) -> Transition {
        self.0[index]
    }

    /// The steps the other way: from data to noise.
    pub fn reversed(&self) -> Self {
        Self(self.0.iter().rev().map(|step| Transition { from: step.to, to: step.from }).collect())
    }
}

impl DiffusionTable {
    /// The noise level of timestep `t`, from 0.
    pub fn level(&self, t: usize) -> NoiseLevel {
        NoiseLevel { t: t as f64, log_alpha_bar: self.log_alpha_bar(t) }
    }

    /// The noise level of a timestep between two of the process: ln ρ is interpolated linearly.
    ///
    /// `t` is bounded to the process.
    pub fn level_at(&self, t: f64) -> NoiseLevel {
        let t = t.clamp(0.0, (self.len() - 1) as f64);
        let below = t.floor();
        let (low, part) = (self.level(below as usize), t - below);
        if part == 0.0 {
            return low;
        }
        let high = self.level(below as usize + 1);
        NoiseLevel::of_rho(t, (low.rho().ln() * (1.0 - part) + high.rho().ln() * part).exp())
    }

    /// The noise level of a given ρ: its timestep is interpolated linearly in ln ρ, and bounded to the process.
    pub fn level_of_rho(&self, rho: f64) -> NoiseLevel {
        // The first timestep that is noisier.
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.level(middle).rho() > rho { high = middle } else { low = middle + 1 }
        }
        let t = match low {
            0 => 0.0,
            above if above == self.len() => (above - 1) as f64,
            above => {
                let (a, b) = (self.level(above - 1).rho().ln(), self.level(above).rho().ln());
                (above - 1) as f64 + (rho.ln() - a) / (b - a)
            }
        };
        NoiseLevel::of_rho(t, rho)
    }

    /// The most steps that [`DiffusionTable::grid`] gives with `options`.
    pub fn max_steps(&self, options: GridOptions) -> usize {
        let single = self.len() == 1;
        match options.sigmas {
            // Timestep 0 is visited too where the steps do not end at the data.
            Sigmas::Schedule if options.last == Last::Data => options.spacing.max_steps(self.len()),
            Sigmas::Schedule => match options.spacing {
                Spacing::LeadingOpen | Spacing::LinspaceOpen => options.spacing.max_steps(self.len()),
                spacing => spacing.max_steps(self.len()).saturating_sub(1),
            },
            // Between a level and itself there is no other.
            _ if single => usize::from(options.last == Last::Data),
            _ => crate::MAX_TIMESTEPS,
        }
    }

    /// The levels that a sampler of `steps` steps visits; with [`Last::Denoise`] there is one step more.
    ///
    /// # Errors
    /// If `steps` is 0, or more than [`DiffusionTable::max_steps`].
    pub fn grid(&self, options: GridOptions, steps: usize) -> Result<Grid, MathError> {
        let (max, total) = (self.max_steps(options), self.len());
        if steps == 0 || steps > max {
            let spacing = match options.sigmas {
                Sigmas::Schedule => options.spacing.name(),
                sigmas => sigmas.name(),
            };
            return Err(MathError::StepCount { spacing, steps, max, total });
        }
        let ends_at_data = options.last == Last::Data;
        let mut levels = match options.sigmas {
            Sigmas::Schedule => self.kept_levels(options.spacing, steps, ends_at_data)?,
            sigmas => {
                let range = (self.level(total - 1).rho(), self.level(0).rho());
                self.levels_between(sigmas, range, if ends_at_data { steps } else { steps + 1 })
            }
        };
        if options.last != Last::SigmaMin {
            levels.push(NoiseLevel::DATA);
        }
        Ok(Grid::through(&levels))
    }

    /// `steps` timesteps, the noisiest first; where the last step does not end at the data, timestep 0 after them.
    fn kept_levels(
        &self,
        spacing: Spacing,
        steps: usize,
        ends_at_data: bool,
    ) -> Result<Vec<NoiseLevel>, MathError> {
        let mut kept = spacing.timesteps(self.len(), steps)?;
        if !ends_at_data {
            if kept[0] == 0 {
                kept = spacing.timesteps(self.len(), steps + 1)?;
            } else {
                kept.insert(0, 0);
            }
        }
        Ok(kept.into_iter().rev().map(|t| self.level(t)).collect())
    }

    /// `count` levels from one ρ to another, both among them, evenly spaced as [`Sigmas::Karras`] or [`Sigmas::LogSnr`] say; a
    /// single one is the first.
    pub fn levels_between(&self, sigmas: Sigmas, (first, last): (f64, f64), count: usize) -> Vec<NoiseLevel> {
        let karras = sigmas == Sigmas::Karras;
        let warp = |rho: f64| if karras { rho.powf(1.0 / KARRAS_EXPONENT) } else { rho.ln() };
        let unwarp = |value: f64| if karras { value.powf(KARRAS_EXPONENT) } else { value.exp() };
        let (from, to) = (warp(first), warp(last));
        let rho = |i: usize| match i {
            0 => first,
            i if i == count - 1 => last,
            i => unwarp(from + (to - from) * i as f64 / (count - 1) as f64),
        };
        (0..count).map(|i| self.level_of_rho(rho(i))).collect()
    }
}

#[cfg(test)]
mod tests;

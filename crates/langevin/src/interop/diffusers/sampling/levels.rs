//! The noise levels that each class visits.

use super::class::{Class, Family};
use super::config::{Config, Final, Spaced};
use langevin_math::{DiffusionTable, Grid, MathError, NoiseLevel, Sigmas, Spacing, Transition};

/// The steps of a run.
pub(super) fn grid(
    class: &Class,
    config: &Config,
    table: &DiffusionTable,
    steps: usize,
) -> Result<Grid, MathError> {
    match class.family {
        Family::Sigmas | Family::Lambdas => by_sigma(class, config, table, steps),
        _ => by_timestep(class, config, table, steps),
    }
}

/// The timesteps, rising, each with what `steps_offset` adds.
fn timesteps(
    config: &Config,
    table: &DiffusionTable,
    spacing: Spacing,
    steps: usize,
) -> Result<Vec<usize>, MathError> {
    let leading = matches!(spacing, Spacing::Leading | Spacing::LeadingOpen);
    let offset = if leading { config.steps_offset } else { 0 };
    let kept = spacing.timesteps(table.len(), steps)?;
    let last = kept[kept.len() - 1].saturating_add(offset);
    if last >= table.len() {
        return Err(MathError::TimestepBeyond { timestep: last, total: table.len() });
    }
    Ok(kept.into_iter().map(|t| t + offset).collect())
}

fn by_timestep(
    class: &Class,
    config: &Config,
    table: &DiffusionTable,
    steps: usize,
) -> Result<Grid, MathError> {
    let spacing = match config.timestep_spacing {
        Spaced::Leading => Spacing::Leading,
        Spaced::Trailing => Spacing::Trailing,
        Spaced::Linspace => Spacing::Linspace,
    };
    let kept = timesteps(config, table, spacing, steps)?;
    let stride = table.len() / steps;
    let end = if config.set_alpha_to_one { NoiseLevel::DATA } else { table.level(0) };
    let below = |t: usize| if t >= stride { table.level(t - stride) } else { end };
    // By how many of the last timesteps each step goes to the next rather than by the stride.
    let towards_next = match (class.family, config.skip_prk_steps) {
        (Family::Timesteps, _) => steps,
        (Family::Pndm, false) => 3,
        (Family::Pndm, true) => 1,
        _ => 0,
    };
    if class.family == Family::Upwards {
        let step = |&t: &usize| Transition { from: below(t), to: table.level(t) };
        return Ok(Grid::of_steps(kept.iter().map(step).collect()));
    }
    let step = |index: usize| {
        let t = kept[index];
        let next = if index > 0 { table.level(kept[index - 1]) } else { NoiseLevel::DATA };
        let to = if steps - index <= towards_next { next } else { below(t) };
        Transition { from: table.level(t), to }
    };
    Ok(Grid::of_steps((0..steps).rev().map(step).collect()))
}

fn by_sigma(class: &Class, config: &Config, table: &DiffusionTable, steps: usize) -> Result<Grid, MathError> {
    let mut levels = if class.family == Family::Sigmas {
        sigma_levels(config, table, steps)?
    } else {
        lambda_levels(config, table, steps)?
    };
    // The classes in λ take the whole process's range, those in σ that of the timesteps.
    let range = match class.family {
        Family::Lambdas => (table.level(table.len() - 1).rho(), table.level(0).rho()),
        _ => (levels[0].rho(), levels[steps - 1].rho()),
    };
    if config.use_karras_sigmas {
        levels = table.levels_between(Sigmas::Karras, range, steps);
        if class.rounds() {
            levels.iter_mut().for_each(|level| level.t = level.t.round_ties_even());
        }
    } else if config.use_exponential_sigmas || config.use_lu_lambdas {
        levels = table.levels_between(Sigmas::LogSnr, range, steps);
        if config.use_lu_lambdas {
            levels.iter_mut().for_each(|level| level.t = level.t.round_ties_even());
        } else if class.family == Family::Lambdas {
            // Its timesteps are stored as whole numbers, without rounding.
            levels.iter_mut().for_each(|level| level.t = level.t.floor());
        }
    }
    levels.push(match config.final_sigmas_type {
        Final::Zero => NoiseLevel::DATA,
        Final::SigmaMin => table.level(0),
    });
    Ok(Grid::through(&levels))
}

/// Timesteps that need not be whole, ρ linear between whole ones.
fn sigma_levels(config: &Config, table: &DiffusionTable, steps: usize) -> Result<Vec<NoiseLevel>, MathError> {
    let spacing = match config.timestep_spacing {
        Spaced::Leading => Spacing::Leading,
        Spaced::Trailing => Spacing::Trailing,
        Spaced::Linspace => {
            // For the check of the number.
            Spacing::Linspace.timesteps(table.len(), steps)?;
            let last = (table.len() - 1) as f64;
            let t = |i: usize| if steps > 1 { last * i as f64 / (steps - 1) as f64 } else { 0.0 };
            return Ok((0..steps).rev().map(|i| linear(table, t(i))).collect());
        }
    };
    Ok(timesteps(config, table, spacing, steps)?.into_iter().rev().map(|t| table.level(t)).collect())
}

/// S of S + 1 whole timesteps.
fn lambda_levels(
    config: &Config,
    table: &DiffusionTable,
    steps: usize,
) -> Result<Vec<NoiseLevel>, MathError> {
    let spacing = match config.timestep_spacing {
        Spaced::Leading => Spacing::LeadingOpen,
        Spaced::Trailing => Spacing::Trailing,
        Spaced::Linspace => Spacing::LinspaceOpen,
    };
    Ok(timesteps(config, table, spacing, steps)?.into_iter().rev().map(|t| table.level(t)).collect())
}

/// The level at `t`, ρ linear between whole timesteps.
fn linear(table: &DiffusionTable, t: f64) -> NoiseLevel {
    let (below, part) = (t.floor() as usize, t.fract());
    let low = table.level(below);
    if part == 0.0 {
        return low;
    }
    NoiseLevel::of_rho(t, low.rho() * (1.0 - part) + table.level(below + 1).rho() * part)
}

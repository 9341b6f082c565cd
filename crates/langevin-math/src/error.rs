//! What can be wrong with the numbers a caller gives.

use thiserror::Error;

/// Why a schedule, a table or a spacing was refused.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum MathError {
    /// A diffusion process was asked to have no timesteps, or more than the crate supports.
    #[error("a diffusion process has between 1 and {max} timesteps, but {got} were asked for")]
    TimestepCount {
        /// The number of timesteps asked for.
        got: usize,
        /// The largest number accepted.
        max: usize,
    },

    /// A list of betas has another length than the process.
    #[error(
        "the schedule lists {got} betas, but the process has {expected} timesteps: \
         give one beta for each timestep"
    )]
    ScheduleLength {
        /// The number of timesteps of the process.
        expected: usize,
        /// The number of betas listed.
        got: usize,
    },

    /// A beta is not a number in (0, 1).
    #[error(
        "beta at timestep {timestep} is {beta}, but every beta must be a number above 0 and below 1: \
         change the schedule's parameters"
    )]
    BetaOutOfRange {
        /// The 0-based timestep.
        timestep: usize,
        /// The value found there.
        beta: f64,
    },

    /// So little signal is left that 1/ᾱ is no longer a finite number.
    #[error(
        "log alpha_bar falls to {log_alpha_bar} at timestep {timestep}, but it must stay above {min}: \
         use fewer timesteps or smaller betas"
    )]
    NoSignalLeft {
        /// The first 0-based timestep at which the limit is passed.
        timestep: usize,
        /// ln ᾱ there.
        log_alpha_bar: f64,
        /// The lowest ln ᾱ accepted.
        min: f64,
    },

    /// A number of sampling steps is 0 or above what the process and the spacing allow.
    #[error(
        "{spacing} spacing gives between 1 and {max} steps of a process of {total} timesteps, \
         but {steps} were asked for"
    )]
    StepCount {
        /// The name of the spacing.
        spacing: &'static str,
        /// The number of steps asked for.
        steps: usize,
        /// The largest number accepted.
        max: usize,
        /// The number of timesteps of the process.
        total: usize,
    },

    /// A timestep beyond the end of the process would be visited.
    #[error(
        "timestep {timestep} would be visited, but the process has {total}, numbered from 0: use fewer steps or a \
         smaller offset"
    )]
    TimestepBeyond {
        /// The timestep.
        timestep: usize,
        /// The number of timesteps of the process.
        total: usize,
    },

    /// A name stands for nothing.
    #[error("\"{got}\" is not a {what}: expected one of {expected}")]
    UnknownName {
        /// What was asked for by name.
        what: &'static str,
        /// The name given.
        got: String,
        /// The names that exist, separated by commas.
        expected: String,
    },
}

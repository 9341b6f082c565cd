//! How the program ends: 0 done, 1 failed, 2 wrong usage, 101 a bug of its own ([`crate::panics`]), 130 and 143
//! interrupted.

use crate::say::note;
use langevin::SampleError;
use langevin::config::{RecipeError, SettingsError};
use langevin::data::DataError;
use langevin::interop::diffusers::PipelineError;
use langevin::interop::foreign::ForeignError;
use langevin::train::{CheckpointError, FreezeError, InitError, TrainerError, TransferError};
use std::fmt::Display;
use std::process::ExitCode;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// What was asked cannot be right: exit code 2.
    Usage(String),
    /// It was right, and did not work: exit code 1.
    Failed(anyhow::Error),
    /// A signal ended it, after everything was saved: 128 + the signal's number.
    Interrupted(i32),
}

/// What every command gives.
pub type Done = Result<(), Failure>;

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let asked_wrongly = error.is::<RecipeError>()
            || error.is::<SettingsError>()
            || error.is::<SampleError>()
            || error.is::<FreezeError>()
            || error.is::<TransferError>()
            || matches!(error.downcast_ref(), Some(TrainerError::Freeze(_)))
            || matches!(error.downcast_ref(), Some(InitError::Transfer(_)))
            || matches!(
                error.downcast_ref(),
                Some(
                    CheckpointError::NotAModel { .. }
                        | CheckpointError::NoRaw { .. }
                        | CheckpointError::DrawsNothing { .. }
                        | CheckpointError::NoClassifier { .. }
                )
            )
            || matches!(error.downcast_ref(), Some(CheckpointError::Pipeline(PipelineError::NoSize { .. })))
            || error.downcast_ref::<ForeignError>().is_some_and(|error| {
                matches!(
                    error,
                    ForeignError::OtherOrigin { .. }
                        | ForeignError::Several { .. }
                        | ForeignError::NoKey { .. }
                        | ForeignError::NoSize { .. }
                        | ForeignError::Settings { .. }
                        | ForeignError::Set(_)
                )
            })
            || error.downcast_ref::<DataError>().is_some_and(|error| {
                matches!(
                    error,
                    DataError::NotFound { .. }
                        | DataError::UnknownSplit { .. }
                        | DataError::NoSplits { .. }
                        | DataError::BadOption { .. }
                )
            });
        if asked_wrongly { Self::Usage(format!("{error:#}")) } else { Self::Failed(error) }
    }
}

/// Wrong usage, in a sentence.
pub fn usage(message: impl Display) -> Failure {
    Failure::Usage(message.to_string())
}

/// Says what went wrong, and gives the exit code.
pub fn code_of(done: Done) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Interrupted(signal)) => ExitCode::from(128 + signal as u8),
        Err(Failure::Usage(message)) => {
            note!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            note!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

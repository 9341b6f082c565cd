//! What computes: the instruction set, kernels or Burn's operations, how exactly, and where the time goes.
//!
//! All of it holds for the whole process. The environment chooses by [`ISA_VARIABLE`] and [`OPS_VARIABLE`];
//! [`check_environment`] says kindly what would be a panic at the first operation.

pub use langevin_kernels::{ISA_VARIABLE, Isa, IsaError, isa, keep_freed_memory, with_isa};
pub use langevin_ops::{
    OPS_VARIABLE, OpsError, PreparedWeights, Spent, exact, kernels_from_environment, set_exact,
    start_profile, stop_profile,
};

/// Why what the environment asks for cannot compute.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ComputeError {
    /// The instruction set is unknown, or the processor lacks it.
    #[error(transparent)]
    Isa(#[from] IsaError),
    /// There is no such choice of operations.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// Whether what the environment asks for can compute here.
///
/// # Errors
/// If [`ISA_VARIABLE`] or [`OPS_VARIABLE`] holds a word that is none of theirs, or an instruction set that this
/// processor lacks.
pub fn check_environment() -> Result<(), ComputeError> {
    Isa::from_environment()?;
    kernels_from_environment()?;
    Ok(())
}

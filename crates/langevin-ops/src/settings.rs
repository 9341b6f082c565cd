//! What computes, and how exactly.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable that chooses what computes: `kernels` (the default) or `burn`.
pub const OPS_VARIABLE: &str = "LANGEVIN_OPS";

/// Why the environment's choice cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{OPS_VARIABLE} is '{0}': expected 'kernels' (the CPU kernels where there are any) or 'burn' (Burn's own operations)"
)]
pub struct OpsError(String);

static EXACT: AtomicBool = AtomicBool::new(false);

/// Whether convolutions multiply each pair of numbers once, instead of by Winograd's method, which is several times
/// faster and rounds more: max |error| / max |value| up to 2e-5 instead of 2e-6.
///
/// For the whole process, from the next operation on.
pub fn set_exact(exact: bool) {
    EXACT.store(exact, Ordering::Relaxed);
}

/// What [`set_exact`] was told last; `false` at first.
pub fn exact() -> bool {
    EXACT.load(Ordering::Relaxed)
}

/// Whether the environment leaves the CPU kernels on.
///
/// # Errors
/// If the variable holds another word.
pub fn kernels_from_environment() -> Result<bool, OpsError> {
    match std::env::var_os(OPS_VARIABLE) {
        None => Ok(true),
        Some(word) if word == "kernels" => Ok(true),
        Some(word) if word == "burn" => Ok(false),
        Some(word) => Err(OpsError(word.to_string_lossy().into_owned())),
    }
}

pub(crate) fn kernels() -> bool {
    static KERNELS: OnceLock<bool> = OnceLock::new();
    *KERNELS.get_or_init(|| kernels_from_environment().unwrap_or_else(|error| panic!("{error}")))
}

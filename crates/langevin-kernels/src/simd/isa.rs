//! Which instruction set to compute with.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// The environment variable that forces an instruction set.
pub const ISA_VARIABLE: &str = "LANGEVIN_ISA";

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 F: 16 elements a vector, 32 registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 and FMA: 8 elements a vector, 16 registers.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the compiler makes of plain loops for any processor of the target.
    Portable,
}

/// Why a named instruction set cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IsaError {
    /// No such name.
    #[error("{ISA_VARIABLE} is '{name}': expected one of {}", names(Isa::all()))]
    Unknown {
        /// As given.
        name: String,
    },
    /// This processor lacks it.
    #[error("{ISA_VARIABLE} is '{isa}', which this processor lacks: it has {}", names(&Isa::available()))]
    Lacking {
        /// As asked for.
        isa: Isa,
    },
}

fn names(sets: &[Isa]) -> String {
    sets.iter().map(Isa::to_string).collect::<Vec<_>>().join(", ")
}

impl Isa {
    /// Every set of this target, the fastest first.
    pub const fn all() -> &'static [Self] {
        &[
            #[cfg(target_arch = "x86_64")]
            Self::Avx512,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2,
            Self::Portable,
        ]
    }

    /// Those that this processor has, the fastest first. The last is always [`Isa::Portable`].
    pub fn available() -> Vec<Self> {
        Self::all().iter().copied().filter(|isa| isa.is_available()).collect()
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Self::Portable => true,
        }
    }

    /// The set that the environment asks for, else the fastest that the processor has.
    ///
    /// # Errors
    /// If the variable names no set, or one that the processor lacks.
    pub fn from_environment() -> Result<Self, IsaError> {
        match std::env::var_os(ISA_VARIABLE) {
            None => Ok(Self::available()[0]),
            Some(name) => {
                let isa: Self = name.to_string_lossy().parse()?;
                if isa.is_available() { Ok(isa) } else { Err(IsaError::Lacking { isa }) }
            }
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        })
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(name: &str) -> Result<Self, IsaError> {
        let found = Self::all().iter().find(|isa| isa.to_string() == name);
        found.copied().ok_or_else(|| IsaError::Unknown { name: name.to_owned() })
    }
}

thread_local! {
    static CHOSEN: Cell<Option<Isa>> = const { Cell::new(None) };
}

/// The set that kernels called on this thread use.
///
/// # Panics
/// If the environment asks for what there is not; call [`Isa::from_environment`] first to say so kindly.
pub fn isa() -> Isa {
    static PROCESS: OnceLock<Isa> = OnceLock::new();
    let of_process = || *PROCESS.get_or_init(|| Isa::from_environment().unwrap_or_else(|e| panic!("{e}")));
    CHOSEN.get().unwrap_or_else(of_process)
}

/// Runs `body` with the kernels that this thread calls using `isa`.
///
/// # Panics
/// If the processor lacks it.
pub fn with_isa<R>(isa: Isa, body: impl FnOnce() -> R) -> R {
    struct Restore(Option<Isa>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CHOSEN.set(self.0);
        }
    }
    assert!(isa.is_available(), "this processor lacks {isa}");
    let _restore = Restore(CHOSEN.replace(Some(isa)));
    body()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for isa in Isa::all() {
            assert_eq!(isa.to_string().parse(), Ok(*isa));
        }
        let message = "sse".parse::<Isa>().unwrap_err().to_string();
        assert!(message.contains("'sse'") && message.contains("portable"), "{message}");
    }

    #[test]
    fn a_choice_ends_with_its_body() {
        let before = isa();
        with_isa(Isa::Portable, || assert_eq!(isa(), Isa::Portable));
        assert_eq!(isa(), before);
    }
}

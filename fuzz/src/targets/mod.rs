//! The targets: which files an input stands for, how they are read, and how much memory that may take.

mod frame;
mod networks;
mod pictures;
mod recipes;

use std::path::Path;

/// The files of an input, by their paths in a folder of their own.
pub type Files = Vec<(&'static str, Vec<u8>)>;

/// A kind of input.
pub struct Target {
    /// Its name; the corpus lies in a folder of that name.
    pub name: &'static str,
    /// The files that an input stands for.
    pub files: fn(&[u8]) -> Files,
    /// Reads the files in a folder as the program would. Errors are what is expected of most.
    pub read: fn(&Path),
    /// Bytes of memory that reading may take for each byte of the files.
    pub factor: usize,
    /// Bytes of memory that reading may take beside.
    pub constant: usize,
}

impl Target {
    /// The most memory that files of `length` bytes may take.
    pub fn most(&self, length: usize) -> usize {
        self.factor.saturating_mul(length).saturating_add(self.constant)
    }
}

const MIB: usize = 1 << 20;

/// Every target, with the memory that it may take.
pub const TARGETS: &[Target] = &[
    Target {
        name: "safetensors",
        files: networks::safetensors_files,
        read: networks::safetensors,
        factor: 32,
        constant: MIB,
    },
    Target {
        name: "state_dict",
        files: networks::state_dict_files,
        read: networks::state_dict,
        factor: 64,
        constant: 64 * MIB,
    },
    Target {
        name: "classifier",
        files: networks::classifier_files,
        read: networks::classifier,
        factor: 64,
        constant: 8 * MIB,
    },
    Target {
        name: "torch",
        files: networks::torch_files,
        read: networks::torch,
        factor: 8192,
        constant: 256 * MIB,
    },
    Target {
        name: "pickle",
        files: networks::pickle_files,
        read: networks::torch,
        factor: 512,
        constant: 256 * MIB,
    },
    Target {
        name: "pipeline",
        files: networks::pipeline_files,
        read: networks::model,
        factor: 256,
        constant: 64 * MIB,
    },
    Target {
        name: "checkpoint",
        files: networks::checkpoint_files,
        read: networks::model,
        factor: 256,
        constant: 64 * MIB,
    },
    Target { name: "recipe", files: recipes::files, read: recipes::read, factor: 256, constant: 64 * MIB },
    Target { name: "npy", files: pictures::npy_files, read: pictures::npy, factor: 512, constant: 32 * MIB },
    Target {
        name: "npz",
        files: pictures::npz_files,
        read: pictures::npz,
        factor: 8 * 1032,
        constant: 32 * MIB,
    },
    Target {
        name: "idx",
        files: pictures::idx_files,
        read: pictures::idx,
        factor: 8 * 1032,
        constant: 32 * MIB,
    },
    Target {
        name: "archive",
        files: pictures::archive_files,
        read: pictures::archive,
        factor: 64 * 1024,
        constant: 256 * MIB,
    },
    Target {
        name: "picture",
        files: pictures::picture_files,
        read: pictures::picture,
        factor: 64 * 1024,
        constant: 256 * MIB,
    },
];

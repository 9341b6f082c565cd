//! What can be wrong with data: one clear sentence each, and a list where there is more than one thing.

use std::fmt;
use std::io;
use std::path::Path;

use thiserror::Error;

use super::bad::{self, BadFile};

/// How a picture stores a pixel: its channels and their depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    pub channels: usize,
    /// Values a sample can take: 256 for 8 bits, 65,536 for 16.
    pub levels: u32,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let depth = match self.levels {
            256 => "8-bit".to_owned(),
            65_536 => "16-bit".to_owned(),
            levels => format!("{levels}-level"),
        };
        let colour = match self.channels {
            1 => "grey",
            2 => "grey+alpha",
            3 => "RGB",
            4 => "RGBA",
            channels => return write!(out, "{depth} with {channels} channels"),
        };
        write!(out, "{depth} {colour}")
    }
}

/// Why data could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The source is neither a path nor a built-in name.
    #[error(
        "'{path}' does not exist: expected a folder or .zip of pictures, an IDX, .npy or .npz file, or one of the \
         built-in sets {builtins}"
    )]
    NotFound {
        /// The source as given.
        path: String,
        /// The built-in names.
        builtins: String,
    },
    /// A file or folder could not be opened or read.
    #[error("cannot read '{path}': {cause}")]
    Io {
        /// Where.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A file of no known format.
    #[error("'{path}' is no data set: expected a folder or .zip of pictures, or an IDX, .npy or .npz file")]
    UnknownFormat {
        /// The source as given.
        path: String,
    },
    /// A folder or archive without files.
    #[error("'{path}' is empty: expected pictures (PNG, JPEG, WebP, BMP, GIF or TIFF)")]
    Empty {
        /// The source.
        path: String,
    },
    /// A folder or archive with files, but without pictures.
    #[error(
        "none of the {files} file(s) of '{path}' is a picture: expected PNG, JPEG, WebP, BMP, GIF or TIFF"
    )]
    NoPictures {
        /// The source, with its split.
        path: String,
        /// How many files were looked at.
        files: usize,
    },
    /// A split that the source lacks.
    #[error("'{path}' has no split '{asked}': choose one of {existing}, or all")]
    UnknownSplit {
        /// The source.
        path: String,
        /// The split asked for.
        asked: String,
        /// The splits that exist.
        existing: String,
    },
    /// A split of a source that is not divided.
    #[error(
        "'{path}' is not divided into splits, so it has no split '{asked}': leave the option `--split` out"
    )]
    NoSplits {
        /// The source.
        path: String,
        /// The split asked for.
        asked: String,
    },
    /// Files that should be pictures and cannot be used; the message has a line for each of the first of them.
    #[error("{}", bad::report(path, *total, what, bad, bad::NAMED))]
    Unreadable {
        /// The source, with its split.
        path: String,
        /// Of how many.
        total: usize,
        /// What they should be: `picture` or `point`.
        what: &'static str,
        /// All of them, in the order of the source.
        bad: Vec<BadFile>,
    },
    /// One picture that cannot be decoded.
    #[error("'{path}' cannot be read as a picture: {reason}")]
    Picture {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A picture in memory that cannot be decoded.
    #[error("the picture cannot be read: {reason}")]
    Decode {
        /// Why.
        reason: String,
    },
    /// A picture whose channels no conversion makes those of a model.
    #[error("the picture has {got} channels, but the model's pictures have {expected}")]
    Channels {
        /// Channels of the picture.
        got: usize,
        /// Channels of the model's.
        expected: usize,
    },
    /// A mask of another size than the picture that it is for.
    #[error(
        "the mask is {}x{} (height x width), but the picture is {}x{} and the model's pictures are {}x{}: give a mask of \
         either size",
        .got.0, .got.1, .picture.0, .picture.1, .model.0, .model.1
    )]
    MaskSize {
        /// (height, width) of the mask.
        got: (usize, usize),
        /// (height, width) of the picture.
        picture: (usize, usize),
        /// (height, width) of the model's pictures.
        model: (usize, usize),
    },
    /// Pictures of different channels or depths in one set.
    #[error(
        "'{path}' mixes kinds of pictures: '{first}' is {first_kind}, '{other}' is {other_kind}; give `--channels grey`, \
         `rgb` or `rgba` to convert them all"
    )]
    MixedKinds {
        /// The source.
        path: String,
        /// The first picture.
        first: String,
        /// Its kind.
        first_kind: Kind,
        /// The first picture that differs.
        other: String,
        /// Its kind.
        other_kind: Kind,
    },
    /// Pictures of different sizes in one set; sizes are (height, width).
    #[error(
        "'{path}' mixes sizes (height x width): '{first}' is {}x{}, '{other}' is {}x{}; give `--size HxW` to scale and \
         crop them all",
        .first_size.0, .first_size.1, .other_size.0, .other_size.1
    )]
    MixedSizes {
        /// The source.
        path: String,
        /// The first picture.
        first: String,
        /// Its size.
        first_size: (usize, usize),
        /// The first picture that differs.
        other: String,
        /// Its size.
        other_size: (usize, usize),
    },
    /// A set that does not fit into memory.
    #[error(
        "'{path}' needs {gib:.1} GiB of memory, which cannot be had: take a smaller `--size` or fewer pictures"
    )]
    TooLarge {
        /// The source.
        path: String,
        /// How much.
        gib: f64,
    },
    /// An array or IDX file that is not what it should be.
    #[error("'{path}' cannot be used: {reason}")]
    Malformed {
        /// The file, with the array's name inside it where there is one.
        path: String,
        /// What is wrong, expected and got.
        reason: String,
    },
    /// A built-in set whose files are not on this machine.
    #[error(
        "{name} is not installed in '{looked}': run `{install}`, or name the folder that holds its files by `--data-dir DIR`"
    )]
    NotInstalled {
        /// The set's name.
        name: String,
        /// Where it was looked for.
        looked: String,
        /// The command that installs it.
        install: &'static str,
    },
    /// An option that cannot be used.
    #[error("`--{option} {value}` cannot be used: {reason}")]
    BadOption {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// Why.
        reason: String,
    },
    /// A file that could not be written.
    #[error("cannot write '{path}': {reason}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

impl DataError {
    pub(super) fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io { path: path.display().to_string(), cause }
    }

    pub(super) fn malformed(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.into(), reason: reason.into() }
    }

    pub(super) fn too_large(path: impl Into<String>, bytes: u64) -> Self {
        Self::TooLarge { path: path.into(), gib: bytes as f64 / (1u64 << 30) as f64 }
    }

    /// The message, with every bad file where it has only the first of them.
    pub fn in_full(&self) -> String {
        match self {
            Self::Unreadable { path, total, what, bad } => bad::report(path, *total, what, bad, bad.len()),
            other => other.to_string(),
        }
    }
}

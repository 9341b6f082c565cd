//! Data: where the training samples come from, and in which order they are seen.
//!
//! [`load`] turns a source (a built-in name or a path) into a [`Dataset`] held in memory at the depth and the
//! channel count of its files. Adding a source is one file and one line in `BUILTINS` or `FORMATS`.

mod archive;
mod arrays;
mod bad;
mod budget;
mod catalogue;
mod dataset;
mod decode;
mod digits;
mod error;
mod fashion_mnist;
mod folder;
mod gather;
mod idx;
mod jpeg;
mod loader;
mod mask;
mod npy;
mod numpy;
mod picture;
mod picture_set;
mod points;
mod samples;
mod shaped;
mod statistics;
mod survey;
#[cfg(test)]
mod tests;
mod transforms;
mod webp;
mod whole;
mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use bad::{BadFile, OnBadFile};
pub use dataset::{Dataset, PointSet};
pub use error::{DataError, Kind};
pub use loader::{Order, holdout_split, spread};
pub use numpy::read_npy;
pub use picture::{Channels, Picture, read_picture};
pub use picture_set::PictureSet;
pub use shaped::picture_from_bytes;
pub use statistics::{read_statistics, write_statistics};
pub use transforms::flip_horizontal;
pub use write::{encode_npz, encode_npz_f32, encode_png, to_bytes, write_npy, write_npz, write_png};

/// How a source is to be read; the default takes it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataOptions {
    /// The part of a divided source: a split's name or `all`; without it, `train`.
    pub split: Option<String>,
    /// (height, width) to which every picture is scaled (covering, keeping its shape) and centre-cropped.
    pub size: Option<(usize, usize)>,
    /// The channels to which every picture is converted.
    pub channels: Option<Channels>,
    /// Where the files of a built-in set lie that is not part of the program.
    pub data_dir: Option<PathBuf>,
    /// The seed of generated points.
    pub seed: u64,
    /// How many points to generate; without it, 10,000.
    pub count: Option<usize>,
    /// What is done about files that cannot be used.
    pub on_bad_file: OnBadFile,
}

/// A data set known by name.
struct Builtin {
    name: &'static str,
    load: fn(&str, &DataOptions) -> Result<Dataset, DataError>,
}

const BUILTINS: &[Builtin] = &[
    Builtin { name: "digits", load: digits::load },
    Builtin { name: "fashion-mnist", load: fashion_mnist::load },
    Builtin { name: "swiss-roll", load: points::load },
    Builtin { name: "eight-gaussians", load: points::load },
    Builtin { name: "two-moons", load: points::load },
    Builtin { name: "checkerboard", load: points::load },
];

/// A format of files, recognised by the path and its first bytes (uncompressed, if the file is gzipped).
struct Format {
    accepts: fn(&Path, &[u8]) -> bool,
    load: fn(&Path, &DataOptions) -> Result<Dataset, DataError>,
}

/// The first format that accepts a path reads it: `.npz` files are archives too, so they stand before `.zip`.
const FORMATS: &[Format] = &[
    Format { accepts: idx::accepts, load: idx::load },
    Format { accepts: numpy::accepts, load: numpy::load },
    Format { accepts: archive::accepts, load: archive::load },
    Format { accepts: folder::accepts, load: folder::load },
];

/// The names of the built-in data sets.
pub fn builtin_names() -> Vec<&'static str> {
    BUILTINS.iter().map(|builtin| builtin.name).collect()
}

/// Whether `name` is a built-in data set; it then wins over a folder of that name.
pub fn is_builtin(name: &str) -> bool {
    BUILTINS.iter().any(|builtin| builtin.name == name)
}

/// Loads a data set into memory: a built-in name, a folder or `.zip` of pictures, an IDX file or a folder of them,
/// a `.npy` or a `.npz` file. `./digits` is the folder, `digits` the built-in set.
///
/// # Errors
/// If the source does not exist, is of no known format, holds nothing, holds files that cannot be used and `options` do
/// not skip, or mixes sizes or kinds of pictures that `options` do not unite; and if `options` ask for what the source lacks.
pub fn load(source: &str, options: &DataOptions) -> Result<Dataset, DataError> {
    if let Some((height, width)) = options.size {
        decode::check_sides(height as u64, width as u64).map_err(|reason| DataError::BadOption {
            option: "size",
            value: format!("{height}x{width}"),
            reason,
        })?;
    }
    if let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == source) {
        return (builtin.load)(source, options);
    }
    let path = Path::new(source);
    let first = first_bytes(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => {
            DataError::NotFound { path: source.to_owned(), builtins: builtin_names().join(", ") }
        }
        _ => DataError::io(path, cause),
    })?;
    match FORMATS.iter().find(|format| (format.accepts)(path, &first)) {
        Some(format) => (format.load)(path, options),
        None => Err(DataError::UnknownFormat { path: source.to_owned() }),
    }
}

/// The first bytes of a file, uncompressed if it is gzipped; nothing of a folder.
fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if !std::fs::metadata(path)?.is_dir() {
        // A damaged gzip stream ends what is read here; the format that accepts the rest reports it.
        let _ = idx::uncompressed(open(path)?)?.take(64).read_to_end(&mut bytes);
    }
    Ok(bytes)
}

/// Opens what is a file: a pipe would be waited for, and a device has no end.
fn open(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::other("it is no file, but a folder, a pipe, a socket or a device"))
}

/// The last component of a path, as people name a data set.
fn file_name(path: &Path) -> String {
    let absolute = path.canonicalize().ok();
    let name = path.file_name().or_else(|| absolute.as_deref().and_then(Path::file_name));
    name.map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Refuses a named split of a source that has none.
fn refuse_split(source: &str, options: &DataOptions) -> Result<(), DataError> {
    match options.split.as_deref() {
        None | Some("all") => Ok(()),
        Some(asked) => Err(DataError::NoSplits { path: source.to_owned(), asked: asked.to_owned() }),
    }
}

/// Refuses options of pictures for a set of points.
fn refuse_picture_options(source: &str, options: &DataOptions) -> Result<(), DataError> {
    let reason = format!("'{source}' holds points, not pictures: leave the option out");
    if let Some((height, width)) = options.size {
        return Err(DataError::BadOption { option: "size", value: format!("{height}x{width}"), reason });
    }
    match options.channels {
        Some(channels) => {
            Err(DataError::BadOption { option: "channels", value: channels.to_string(), reason })
        }
        None => Ok(()),
    }
}

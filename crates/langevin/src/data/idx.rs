//! IDX, the format of MNIST and its kin, gzipped or not: one file, or a folder of images and labels.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::arrays::{Arrays, Layout, layout};
use super::samples::Samples;
use super::{DataError, DataOptions, Dataset, catalogue, file_name};

/// Array of bytes: the dimensions and the values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Idx {
    pub shape: Vec<usize>,
    pub values: Vec<u8>,
}

pub(super) fn accepts(path: &Path, first: &[u8]) -> bool {
    match path.is_dir() {
        true => !image_files(path).is_empty(),
        // Two zeros, the type of the values, and the number of dimensions.
        false => matches!(first, [0, 0, 0x08 | 0x09 | 0x0B..=0x0E, 1..=8, ..]),
    }
}

pub(super) fn load(path: &Path, options: &DataOptions) -> Result<Dataset, DataError> {
    if path.is_dir() {
        return load_folder(file_name(path), path, options, &[]);
    }
    let source = path.display().to_string();
    super::refuse_split(&source, options)?;
    merge(file_name(path), source, None, &[path.to_path_buf()], &[])?.into_dataset(options)
}

/// Loads a folder that holds `train-images-idx3-ubyte` and `t10k-images-idx3-ubyte`, or files named like these.
pub(super) fn load_folder(
    name: String,
    folder: &Path,
    options: &DataOptions,
    class_names: &[&str],
) -> Result<Dataset, DataError> {
    let source = folder.display().to_string();
    let files = image_files(folder);
    let asked = options.split.as_deref().unwrap_or("train");
    let taken: Vec<_> =
        files.iter().filter(|path| asked == "all" || split_of(path) == asked).cloned().collect();
    let mut existing: Vec<_> = files.iter().map(|path| split_of(path)).collect();
    existing.sort_unstable();
    existing.dedup();
    if taken.is_empty() {
        let existing = existing.join(", ");
        return Err(DataError::UnknownSplit { path: source, asked: asked.to_owned(), existing });
    }
    if taken.len() > existing.len() || (asked != "all" && taken.len() > 1) {
        let (one, other) = (file_name(&taken[0]), file_name(&taken[1]));
        let reason =
            format!("it holds several sets, such as '{one}' and '{other}': give the file of images instead");
        return Err(DataError::malformed(source, reason));
    }
    merge(name, source, Some(asked.to_owned()), &taken, class_names)?.into_dataset(options)
}

/// The files of images in a folder, in order.
fn image_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries
        .filter(|path| {
            let name = file_name(path);
            let stem = name.strip_suffix(".gz").unwrap_or(&name);
            stem.ends_with("idx3-ubyte") && !catalogue::is_hidden(&name)
        })
        .collect();
    files.sort();
    // The same file beside its compressed form counts once.
    files.dedup_by(|compressed, plain| compressed.with_extension("") == *plain);
    files
}

fn split_of(path: &Path) -> &'static str {
    let name = file_name(path).to_ascii_lowercase();
    if name.contains("t10k") || name.contains("test") { "test" } else { "train" }
}

/// Reads files of images and the labels beside each as one set.
fn merge(
    name: String,
    source: String,
    split: Option<String>,
    images: &[PathBuf],
    class_names: &[&str],
) -> Result<Arrays, DataError> {
    let mut total: Option<Layout> = None;
    let (mut values, mut labels) = (Vec::new(), Some(Vec::new()));
    for path in images {
        let malformed = |reason| DataError::malformed(path.display().to_string(), reason);
        let idx = read(path)?;
        let one = layout(&idx.shape).map_err(malformed)?;
        total = match total {
            None => Some(one),
            Some(sum) if Layout { count: sum.count, ..one } == sum => {
                Some(Layout { count: sum.count + one.count, ..sum })
            }
            Some(sum) => {
                let (h, w) = (sum.height, sum.width);
                return Err(malformed(format!(
                    "its pictures are not {h}x{w} as those of '{}'",
                    images[0].display()
                )));
            }
        };
        values.append(&mut one.channels_last(idx.values));
        let beside = labels_beside(path).map(|path| read_labels(&path, one.count)).transpose()?;
        labels = labels.zip(beside).map(|(mut all, beside)| {
            all.extend(beside);
            all
        });
    }
    let layout = total.ok_or_else(|| DataError::Empty { path: source.clone() })?;
    let class_names = class_names.iter().map(|&name| name.to_owned()).collect();
    Ok(Arrays { name, source, split, layout, levels: 256, samples: Samples::U8(values), labels, class_names })
}

/// The file of labels that belongs to a file of images, if it exists.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = file_name(images);
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    if labels == name {
        return None;
    }
    let stem = labels.strip_suffix(".gz").unwrap_or(&labels);
    [labels.clone(), stem.to_owned(), format!("{stem}.gz")]
        .iter()
        .map(|name| images.with_file_name(name))
        .find(|path| path.is_file())
}

fn read_labels(path: &Path, pictures: usize) -> Result<Vec<u64>, DataError> {
    let idx = read(path)?;
    if idx.shape != [pictures] {
        let reason =
            format!("its shape is {:?}, and [{pictures}], one label a picture, is expected", idx.shape);
        return Err(DataError::malformed(path.display().to_string(), reason));
    }
    Ok(idx.values.into_iter().map(u64::from).collect())
}

fn read(path: &Path) -> Result<Idx, DataError> {
    let file = super::open(path).map_err(|cause| DataError::io(path, cause))?;
    let reader = uncompressed(file).map_err(|cause| DataError::io(path, cause))?;
    parse(reader).map_err(|reason| DataError::malformed(path.display().to_string(), reason))
}

/// The bytes of a file, through gzip if it is compressed.
pub(super) fn uncompressed(file: File) -> io::Result<Box<dyn Read>> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let zipped = reader.fill_buf()?.starts_with(&[0x1F, 0x8B]);
    Ok(if zipped { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) })
}

/// Parses an IDX array of unsigned bytes.
///
/// The values are read as they come, so that a header that promises too much allocates nothing.
pub(super) fn parse(mut reader: impl Read) -> Result<Idx, String> {
    let mut word = || -> Result<[u8; 4], String> {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|cause| format!("its IDX header cannot be read: {cause}"))?;
        Ok(bytes)
    };
    let dimensions = match word()? {
        [0, 0, 0x08, dimensions @ 1..=8] => dimensions,
        [0, 0, kind, 1..=8] => {
            return Err(format!("its IDX values are of type {kind:#04x}, and only bytes (0x08) are read"));
        }
        other => return Err(format!("it begins with {other:02x?}, which is not IDX")),
    };
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(u32::from_be_bytes(word()?) as usize);
    }
    let expected = shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
    let expected = expected.ok_or_else(|| format!("its IDX shape {shape:?} is impossible"))?;
    let mut values = Vec::new();
    let read = reader.take(expected.saturating_add(1)).read_to_end(&mut values);
    read.map_err(|cause| format!("its values cannot be read: {cause}"))?;
    if values.len() as u64 != expected {
        let found = if values.len() as u64 > expected { "more".to_owned() } else { values.len().to_string() };
        return Err(format!("its IDX shape {shape:?} needs {expected} bytes, and it holds {found}"));
    }
    Ok(Idx { shape, values })
}

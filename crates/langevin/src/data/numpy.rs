//! Arrays of NumPy: pictures (`uint8`, `uint16`) or points (`float32`, `float64`) in a `.npy` or `.npz` file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::archive::{self, SharedFile};
use super::arrays::{Arrays, layout};
use super::bad::{BadFile, OnBadFile};
use super::npy::Npy;
use super::samples::Samples;
use super::{DataError, DataOptions, Dataset, PointSet, file_name};

/// The names under which `.npz` files keep their pictures, the first that exists.
const ARRAY_NAMES: &[&str] = &["arr_0", "images", "data"];

pub(super) fn accepts(path: &Path, first: &[u8]) -> bool {
    let npz = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"));
    first.starts_with(b"\x93NUMPY") || (npz && archive::accepts(path, first))
}

pub(super) fn load(path: &Path, options: &DataOptions) -> Result<Dataset, DataError> {
    let source = path.display().to_string();
    super::refuse_split(&source, options)?;
    let mut file = File::open(path).map_err(|cause| DataError::io(path, cause))?;
    let mut start = [0; 2];
    let zipped = std::io::Read::read_exact(&mut file, &mut start).is_ok() && start == *b"PK";
    let (array, labels) = if zipped { from_npz(path)? } else { (from_npy(path)?, None) };
    match array.to_f32() {
        Some(values) => to_points(file_name(path), &source, &array.shape, &values, options),
        None => to_pictures(file_name(path), source, array, labels, options),
    }
}

fn from_npy(path: &Path) -> Result<Npy, DataError> {
    let file = File::open(path).map_err(|cause| DataError::io(path, cause))?;
    Npy::parse(BufReader::new(file))
        .map_err(|reason| DataError::malformed(path.display().to_string(), reason))
}

/// The shape and the values of a `.npy` file of floating-point numbers.
///
/// # Errors
/// If it cannot be read, is malformed, or holds another type.
pub fn read_npy(path: impl AsRef<Path>) -> Result<(Vec<usize>, Vec<f32>), DataError> {
    let path = path.as_ref();
    let array = from_npy(path)?;
    let values = array.to_f32().ok_or_else(|| {
        let reason = format!("its values are of type '{}', and float32 or float64 is expected", array.kind);
        DataError::malformed(path.display().to_string(), reason)
    })?;
    Ok((array.shape, values))
}

/// The array of an `.npz` file, and its labels if it has `labels` or a fitting `arr_1`.
fn from_npz(path: &Path) -> Result<(Npy, Option<Vec<u64>>), DataError> {
    let source = path.display().to_string();
    let mut zip = archive::open(path)?;
    let names: Vec<_> =
        zip.file_names().filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect();
    let chosen = match ARRAY_NAMES.iter().find(|&&known| names.iter().any(|name| name == known)) {
        Some(&known) => known,
        None if names.len() == 1 => &names[0],
        None if names.is_empty() => return Err(DataError::malformed(source, "it holds no array")),
        None => {
            let reason = format!("it holds the arrays {}: name the pictures arr_0", names.join(", "));
            return Err(DataError::malformed(source, reason));
        }
    };
    let array = read_entry(&mut zip, &source, chosen)?;
    let count = array.shape.first().copied().unwrap_or(0);
    let fitting = |labels: &Npy| if labels.shape == [count] { labels.to_u64() } else { None };
    let labels = if names.iter().any(|name| name == "labels") {
        let labels = read_entry(&mut zip, &source, "labels")?;
        Some(fitting(&labels).ok_or_else(|| {
            let got = format!("'{}' of shape {:?}", labels.kind, labels.shape);
            DataError::malformed(
                &source,
                format!("its labels are {got}, and {count} integers from 0 are expected"),
            )
        })?)
    } else if chosen == "arr_0" && names.iter().any(|name| name == "arr_1") {
        read_entry(&mut zip, &source, "arr_1").ok().as_ref().and_then(fitting)
    } else {
        None
    };
    Ok((array, labels))
}

/// An array of an `.npz` file.
pub(super) fn read_entry(
    zip: &mut zip::ZipArchive<SharedFile>,
    source: &str,
    name: &str,
) -> Result<Npy, DataError> {
    let entry = zip.by_name(&format!("{name}.npy")).map_err(|error| error.to_string());
    entry.and_then(Npy::parse).map_err(|reason| DataError::malformed(format!("{source}[{name}]"), reason))
}

fn to_pictures(
    name: String,
    source: String,
    array: Npy,
    labels: Option<Vec<u64>>,
    options: &DataOptions,
) -> Result<Dataset, DataError> {
    let malformed = |reason: String| DataError::malformed(&source, reason);
    if !matches!(array.kind.as_str(), "u1" | "u2") {
        let reason = format!(
            "its values are of type '{}': pictures are uint8 or uint16, points float32 or float64, so convert it first",
            array.kind
        );
        return Err(malformed(reason));
    }
    let layout = layout(&array.shape).map_err(malformed)?;
    let (levels, samples) = match array.kind.as_str() {
        "u1" => (256, Samples::U8(layout.channels_last(array.into_bytes()))),
        _ => (65_536, Samples::U16(layout.channels_last(array.to_u16()))),
    };
    Arrays { name, source, split: None, layout, levels, samples, labels, class_names: Vec::new() }
        .into_dataset(options)
}

fn to_points(
    name: String,
    source: &str,
    shape: &[usize],
    values: &[f32],
    options: &DataOptions,
) -> Result<Dataset, DataError> {
    super::refuse_picture_options(source, options)?;
    if !matches!(shape, [n, 2] if *n > 0) {
        let reason = format!("floating-point arrays are points of shape [n, 2], and its shape is {shape:?}");
        return Err(DataError::malformed(source, reason));
    }
    let all = values.as_chunks::<2>().0;
    let (points, bad): (Vec<_>, Vec<_>) =
        all.iter().enumerate().partition(|(_, point)| point.iter().all(|value| value.is_finite()));
    let skipped: Vec<_> = bad
        .into_iter()
        .map(|(row, [x, y])| BadFile {
            name: format!("row {row}"),
            reason: format!("it is ({x}, {y}), and only finite numbers can be learned"),
        })
        .collect();
    if !skipped.is_empty() && (points.is_empty() || options.on_bad_file == OnBadFile::Fail) {
        let path = source.to_owned();
        return Err(DataError::Unreadable { path, total: all.len(), what: "point", bad: skipped });
    }
    let points = points.into_iter().map(|(_, point)| *point).collect();
    Ok(Dataset::Points(PointSet { name, points, skipped }))
}
